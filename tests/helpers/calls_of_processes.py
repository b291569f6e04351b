"""Calls that end badly in a process of their own, which has to find them where it may import from."""

from __future__ import annotations

import os


def exit_at_once(code: int) -> None:
    os._exit(code)


def raise_strange() -> None:
    """Raise an error that cannot travel."""

    class Strange(Exception):  # noqa: N818 - of a test
        pass

    raise Strange
