"""How much laws and random phantoms try: a commit has minutes, a night has hours.

A law that needs a number of its own states what a commit can afford. Each profile of hypothesis scales it as it scales
the hundred examples of the others: a tenfold number by night, a fifth of it in the fast lane.
"""

from __future__ import annotations

from hypothesis import settings

_OF_A_COMMIT = 100
"""Examples of a law that states no number, where a commit is tested."""


def examples(number: int) -> int:
    """So many where a commit is tested, and as many more or less as the profile in use has; one at least."""
    return max(1, round(number * settings.default.max_examples / _OF_A_COMMIT))
