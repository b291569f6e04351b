"""Check Datasets in memory, as a listener has them: ``python examples/scripts/datasets_of_a_listener.py``."""

from pathlib import Path

import pydicom

import sbrtcheck

folder = Path(__file__).parents[1] / "plans" / "lung-50gy-5fx"
# a listener gets them from its association; here they come from files. pydicom leaves a type of dcmread open
received = [pydicom.dcmread(file) for file in folder.glob("*.dcm")]  # pyright: ignore[reportUnknownMemberType]
report = sbrtcheck.check(received, table="rtog-0813")
print(f"{len(received)} Datasets: {report.verdict}")
for organ, outcomes in report.by_organ.items():
    print(f"  {organ}:", ", ".join(outcome.verdict for outcome in outcomes))
