"""Check one plan against two published tables, and print what a reader must see first.

Run from anywhere: ``python examples/check_a_plan.py``
"""

from pathlib import Path

import sbrtcheck

PLAN = Path(__file__).parent / "plans" / "liver-45gy-3fx"


def main() -> None:
    """Check the liver plan; two rows of its duodenum fail on purpose."""
    report = sbrtcheck.check(PLAN, table=["liver-critical-volume-3fx", "tg101-3fx"])
    print(f"Overall: {report.verdict}")

    for verdict, number in report.tally().items():
        print(f"  {number:3d} rows {verdict}")

    print("\nBeyond the limit:")
    for outcome in report.outcomes:
        if outcome.verdict != "FAIL":
            continue
        row, found, limit = outcome.constraint, outcome.measurement, outcome.limit_used
        if isinstance(found, sbrtcheck.Measurement):
            asked = f"{row.metric} {row.sense.replace('_', ' ')} {limit:g}"
            print(f"  {outcome.contour}: {asked}, measured {found.value:.1f} [{found.low:.1f}, {found.high:.1f}]")
        print(f"    {row.source.citation}, {row.source.where}")

    print("\nFor a spreadsheet: report.to_dataframe(). For a file: report.to_dict().")


if __name__ == "__main__":
    main()
