"""Check a plan against limits that are written in the script: ``python examples/scripts/table_of_rows.py``.

The limits show the form and are no advice. One reader stands behind them: without ``include_unconfirmed`` they do not
count.
"""

from pathlib import Path

import sbrtcheck

table = sbrtcheck.ConstraintTable.from_rows(
    [("SpinalCord", "D0.035cc[Gy]", "<", 30), {"structure": "Heart", "metric": "Max[Gy]", "at_most": 38}],
    fractions=5,
    title="Limits of this script",
)
plan = Path(__file__).parents[1] / "plans" / "lung-50gy-5fx"
for outcome in sbrtcheck.check(plan, table, include_unconfirmed=True):
    found = outcome.measurement
    value = f"{found.value:.1f} {found.unit}" if isinstance(found, sbrtcheck.Measurement) else f"none, {found.reason}"
    print(f"{outcome.verdict}: {outcome.constraint.text}, measured {value}")
