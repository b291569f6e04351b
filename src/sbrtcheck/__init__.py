"""Check SBRT plans against published dose constraints."""

__version__ = "0.1.0"
