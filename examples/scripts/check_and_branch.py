"""Check a plan, and do something else for each verdict: ``python examples/scripts/check_and_branch.py``."""

from pathlib import Path

import sbrtcheck

report = sbrtcheck.check(Path(__file__).parents[1] / "plans" / "liver-45gy-3fx", table="tg101-3fx")
if report.verdict is sbrtcheck.Verdict.PASS:
    print("Pass: nothing stands against it")
elif report.verdict is sbrtcheck.Verdict.FAIL:
    print("Beyond a limit:", ", ".join(f"{row.organ} {row.constraint.metric}" for row in report.failing))
else:  # REVIEW or VARIATION: never a pass
    print(f"{report.verdict}: somebody has to look")
for reason in report.reasons:
    print(f"  {reason.code}: {reason.text}")
