"""See which structure is which organ, then settle one by hand: ``python examples/scripts/settle_names.py``."""

from pathlib import Path

import sbrtcheck
from sbrtcheck.structure_names import Match, NoMatch

plan = Path(__file__).parents[1] / "plans" / "lung-50gy-5fx"
for organ in sbrtcheck.names(plan, "rtog-0813").organs:
    if isinstance(organ.match, Match):
        print(f"{organ.organ} is {organ.match.roi.name}, by {organ.match.rule}")
    elif isinstance(organ.match, NoMatch):
        print(f"{organ.organ} is none of the structures; alike: {', '.join(organ.match.suggested)}")
    else:  # made of several structures, or several fit
        print(f"{organ.organ}: {type(organ.match).__name__}")
report = sbrtcheck.check(plan, "rtog-0813", names={"ProxBronchTree": "Bronchus_Main"})  # whoever looked says so
for outcome in report["ProxBronchTree + Trachea"]:
    print(f"Settled: {outcome.organ} {outcome.constraint.metric} on {outcome.contour}: {outcome.verdict}")
