"""The version of the package, for itself: `sbrtcheck.__version__` is the same, and pyproject.toml states it too."""

__version__ = "0.1.0"
