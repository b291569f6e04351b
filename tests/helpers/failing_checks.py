"""Checks that end badly: a worker process imports them from here."""

from __future__ import annotations

import os
import time
from typing import Any

from sbrtcheck.pacs import jobs


def dies(*_arguments: Any) -> jobs.Written:
    """As a process that the system kills."""
    os._exit(9)


def hangs(*_arguments: Any) -> jobs.Written:
    """As one that never ends."""
    time.sleep(3600)
    raise AssertionError


def fails(*_arguments: Any) -> jobs.Written:
    """With a text that names somebody."""
    raise RuntimeError("Nobody^Really")
