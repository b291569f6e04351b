"""Sum two courses of one patient in EQD2: ``python examples/scripts/two_courses.py``.

The two phantoms share no frame of reference; ``frames_agree`` states that they lie alike, which the user has to
know.
"""

from pathlib import Path

import sbrtcheck

plans = Path(__file__).parents[1] / "plans"
both = sbrtcheck.accumulate([plans / "lung-50gy-5fx", plans / "liver-45gy-3fx"], {"SpinalCord": 2.0}, frames_agree=True)
for title, dvhs in {"This course": both.course, "Both courses": both.cumulative}.items():
    found = sbrtcheck.measure("D0.035cc[Gy]", dvhs["SpinalCord"])
    value = f"{found.value:.2f} Gy" if isinstance(found, sbrtcheck.Measurement) else f"none, {found.reason}"
    print(f"{title}: SpinalCord D0.035cc in EQD2 {value}")
