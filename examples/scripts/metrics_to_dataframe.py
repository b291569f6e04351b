"""Metrics of ten structures as a data frame of pandas: ``python examples/scripts/metrics_to_dataframe.py``."""

from pathlib import Path

import sbrtcheck

plan = sbrtcheck.load_plan(Path(__file__).parents[1] / "plans" / "lung-50gy-5fx")
ten = [structure.name for structure in plan.structures if structure.is_contoured][:10]
metrics = ["Mean[Gy]", "D0.035cc[Gy]", "V20Gy[%]"]
frame = sbrtcheck.dvhs(plan, structures=ten).to_dataframe(metrics)
print(frame.loc[:, ["structure", "volume_cc", *metrics]])
