"""The same steps as `sbrtcheck.check`, one at a time, looking at each value on the way.

Run from anywhere: ``python examples/step_by_step.py``
"""

from pathlib import Path

import sbrtcheck

PLAN = Path(__file__).parent / "plans" / "lung-50gy-5fx"
ASKED = [
    ("PTV", "V100%Rx[%]"),
    ("SpinalCord", "D0.035cc[Gy]"),
    ("Heart", "Mean[Gy]"),
    ("Lungs-ITV", "V20Gy[%]"),
    ("BrachialPlex_R", "D10cc[Gy]"),  # the contour is smaller than 10 cc: an answer of its own type
]


def main() -> None:
    """Read, compute, measure, judge."""
    plan = sbrtcheck.load_plan(PLAN)
    print(f"Read {len(plan.structures)} structures, {plan.prescription}")

    dvhs = sbrtcheck.compute_dvhs(plan)
    for dvh in dvhs:
        print(
            f"  {dvh.name:15s} {dvh.volume:8.1f} cc   mean {dvh.mean_gy.value:5.1f} Gy   max {dvh.max_gy.value:5.1f} Gy"
        )

    print("\nMeasured:")
    for name, metric in ASKED:
        match sbrtcheck.measure(metric, dvhs[name]):
            case sbrtcheck.Measurement(value=value, low=low, high=high, unit=unit):
                print(f"  {name} {metric} = {value:.2f} {unit}, within [{low:.2f}, {high:.2f}]")
            case sbrtcheck.NotMeasured(reason=reason, detail=detail):
                print(f"  {name} {metric}: not measured, {reason} {detail}")

    table = sbrtcheck.load_table("rtog-0813")
    report = sbrtcheck.evaluate(table, dvhs)
    print(f"\n{table.title}: {report.verdict}")


if __name__ == "__main__":
    main()
