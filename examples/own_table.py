"""Check a plan against a table of one's own, `my-clinic.yaml`.

Run from anywhere: ``python examples/own_table.py``
"""

from pathlib import Path

import sbrtcheck

HERE = Path(__file__).parent


def main() -> None:
    """Load the table, list its rows, check the liver plan."""
    table = sbrtcheck.load_table(HERE / "my-clinic.yaml")
    print(f"{table.title}, version {table.version}, {len(table.rows)} rows")

    # names={"SpinalCord": "Myelon"} would say what this plan calls an organ of the table
    report = sbrtcheck.check(HERE / "plans" / "liver-45gy-3fx", table=table)
    for outcome in report.outcomes:
        row = outcome.constraint
        limit = "by volume" if outcome.limit_used is None else f"{outcome.limit_used:g}"
        margin = "" if outcome.margin is None else f"margin {outcome.margin:+.1f}"
        print(f"  {outcome.verdict:13s} {row.organ:23s} {row.metric!s:13s} {row.sense} {limit}  {margin}")
    print(f"Overall: {report.verdict}")


if __name__ == "__main__":
    main()
