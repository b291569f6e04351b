"""Compare fractionations by biologically effective dose and by dose in 2 Gy fractions.

Run from anywhere: ``python examples/compare_fractionations.py``
"""

import numpy as np

import sbrtcheck

REGIMENS = [(50.0, 5), (45.0, 3), (54.0, 3), (48.0, 4)]  # total Gy, fractions
TUMOUR_GY, LATE_GY = 10.0, 3.0  # α/β, by convention


def main() -> None:
    """Print both quantities for tumour and late effects, then what a single dose of a DVH means in each."""
    print("Regimen         BED10   EQD2/10     BED3    EQD2/3   (Gy)")
    for total_gy, fractions in REGIMENS:
        values = [
            function(total_gy, fractions=fractions, alpha_beta_gy=alpha_beta_gy)
            for alpha_beta_gy in (TUMOUR_GY, LATE_GY)
            for function in (sbrtcheck.bed, sbrtcheck.eqd2)
        ]
        print(f"{total_gy:g} Gy in {fractions}     " + "  ".join(f"{value:8.1f}" for value in values))

    doses_gy = np.array([5.0, 10.0, 20.0, 30.0])
    print(f"\nEQD2 (α/β {LATE_GY:g}) of physical doses {doses_gy.tolist()} Gy")
    for fractions in (3, 5):
        equivalent = sbrtcheck.eqd2(doses_gy, fractions=fractions, alpha_beta_gy=LATE_GY)
        print(f"  in {fractions} fractions: {equivalent.round(1).tolist()}")
    print("The same physical dose weighs more in fewer fractions: a limit holds for its own fraction number.")


if __name__ == "__main__":
    main()
