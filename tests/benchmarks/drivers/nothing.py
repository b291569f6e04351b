"""Start Python, and with ``numpy`` import it, or import a package given by name: ``nothing.py OUT_JSON [MODULE]``."""

from __future__ import annotations

import sys
from importlib import import_module

if __name__ == "__main__":
    for module in sys.argv[2:]:
        import_module(module)
    with open(sys.argv[1], "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be timed too
        file.write("{}")
