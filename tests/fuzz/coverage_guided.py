"""The same readers under atheris, which steers by the lines of code that a case comes to; where it is installed.

``python tests/fuzz/coverage_guided.py READER [options of libFuzzer, such as -max_total_time=600]``

It is slower by far (each line that is run is counted), and finds what lies behind conditions that no message tells of.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory


def main() -> None:
    """Read cases until something is found, or the time is over."""
    import atheris

    sys.path.insert(0, str(Path(__file__).resolve().parent))
    with atheris.instrument_imports(include=["sbrtcheck"]):
        import loop
        from readers import NAMES, reader
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f"name a reader: {', '.join(NAMES)}")
    chosen = reader(sys.argv.pop(1))

    def change(content: bytes, largest: int, seed: int) -> bytes:
        case = loop.unpacked(content)
        seeds = chosen.seeds
        known = case if len(case) in {len(seed) for seed in seeds} else Random(seed).choice(seeds)
        return loop.packed(chosen.change(Random(seed), known, seeds))[:largest]

    with TemporaryDirectory() as name:
        folder = Path(name)

        def one(content: bytes) -> None:
            case = loop.unpacked(content)
            if len(case) not in {len(seed) for seed in chosen.seeds}:
                return
            _, found, _ = loop.executed(chosen, case, folder)
            if found is not None:
                kept = loop.write_case(Path("found"), case)
                raise AssertionError(f"{found.kind}, kept as {kept}\n{found.detail}")

        atheris.Setup([*sys.argv, "-max_len=65536"], one, custom_mutator=change)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
