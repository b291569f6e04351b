"""Commands and public calls on the bundled examples give, byte for byte, what is stored in ``stored_outputs/expected``.

Where a difference is meant, `stored_outputs/store.py` says how to store anew.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from stored_outputs import store
from stored_outputs.cases import CALLS, COMMANDS

pytestmark = pytest.mark.usefixtures("computed_once")

SHOWN = 80
"""Lines of a difference."""


def test_every_stored_output_has_its_case() -> None:
    assert {path.stem for path in store.EXPECTED.glob("*.txt")} == {*COMMANDS, *CALLS}


@pytest.mark.slow
@pytest.mark.parametrize("case", [*COMMANDS, *CALLS])
def test_the_output_is_the_one_stored(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored, here = store.stored_digests(), store.versions()
    for library in COMMANDS[case].needs if case in COMMANDS else ():
        if here.get(library) != stored["libraries"][library]:
            pytest.skip(f"stored with {library} {stored['libraries'][library]}, here is {here.get(library, 'none')}")
    for name, value in store.SURROUNDINGS.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    output = store.output_of(case)
    expected = (store.EXPECTED / f"{case}.txt").read_bytes()
    digests = {name: one for name, one in stored["outputs"].items() if name.startswith(f"{case}/")}
    if output.text != expected or output.digests() != digests:
        changed = {name for name, one in stored["libraries"].items() if here.get(name) != one}
        pytest.fail(
            "\n".join(
                [
                    *difference(expected, output.text),
                    *elsewhere(output, digests, tmp_path),
                    *sorted(
                        f"stored with {name} {stored['libraries'][name]}, here is {here.get(name, 'none')}"
                        for name in changed
                    ),
                ]
            ),
            pytrace=False,
        )


def difference(expected: bytes, output: bytes) -> list[str]:
    """Lines that differ, with their line ends where only those do."""
    texts = [data.decode("utf-8", "backslashreplace").split("\n") for data in (expected, output)]
    found = [
        ascii(line)[1:-1] if line.endswith("\r") else line
        for line in difflib.unified_diff(*texts, "stored", "now", lineterm="", n=1)
    ]
    return found[:SHOWN] + ([f"... {len(found) - SHOWN} lines more"] if len(found) > SHOWN else [])


def elsewhere(output: store.Output, digests: dict[str, dict[str, str | int]], folder: Path) -> list[str]:
    """What is stored as a digest only: where the new one is, to hold it against one of the commit before."""
    made, said = output.digests(), []
    for name in sorted(made.keys() | digests.keys()):
        if made.get(name) != digests.get(name):
            said.append(f"{name}: stored {digests.get(name)}, now {made.get(name)}")
        if name in made and made[name] != digests.get(name):
            path = folder / name.replace("/", "--")
            path.write_bytes(output.long[name])
            said.append(f"  now whole in {path}; for the one before: store.py --full FOLDER on the commit before")
    return said
