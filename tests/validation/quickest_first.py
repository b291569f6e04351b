"""A plugin of pytest for mutation testing: the quickest tests first, and laws that stop where an example fails.

mutmut keeps how long each test took in the folder where it runs them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

EXAMPLES = 25
"""Of a law that asks for no number of its own."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """A profile of hypothesis: the same examples each time, none kept, and none made smaller once it has failed."""
    from hypothesis import Phase, settings

    phases = (Phase.explicit, Phase.generate)
    settings.register_profile(
        "mutation", deadline=None, derandomize=True, database=None, max_examples=EXAMPLES, phases=phases
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the order of their time, where it is known."""
    kept = Path("mutmut-stats.json")
    seconds = json.loads(kept.read_text(encoding="utf-8"))["duration_by_test"] if kept.exists() else {}
    items.sort(key=lambda item: seconds.get(item.nodeid, 0.0))
