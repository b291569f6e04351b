"""A dose on a model's own scale -> the probability of an effect; parameters are in ``reference_data``."""

from __future__ import annotations

import math

import numpy as np

from sbrtcheck.radiobiology.course import FloatOrArray, float_or_array, not_negative, positive


def lyman_ntcp(
    dose_gy: FloatOrArray | float, *, td50_gy: FloatOrArray | float, m: FloatOrArray | float
) -> FloatOrArray:
    """Probability of a complication by Lyman's model: ``Φ((D - TD50) / (m TD50))``.

    Parameters
    ----------
    dose_gy
        Uniform dose to the whole organ, or the gEUD with ``a = 1/n`` that stands for it (Kutcher and Burman), Gy, 0 or
        more, on the dose scale that the parameters were fitted on: a set for 1.5 Gy fractions needs the dose in 1.5 Gy
        fractions.
    td50_gy
        Dose to the whole organ at which half have the complication, Gy, above 0, on the same scale.
    m
        Relative width of the curve, above 0.

    Returns
    -------
    FloatArray or float
        Probability, 0 to 1; 0.5 at ``td50_gy``.

    Raises
    ------
    ValueError
        An argument that is no such number.

    Notes
    -----
    As read in a textbook chapter on Lyman's model [1]_; the curve's slope is ``γ50 = 1 / (m sqrt(2π))``.

    References
    ----------
    .. [1] Lyman JT. Complication probability as assessed from dose-volume histograms. Radiat Res Suppl 1985;8:S13-S19.

    Examples
    --------
    >>> round(lyman_ntcp(20.0, td50_gy=30.8, m=0.37), 4)
    0.1716
    """
    from scipy.special import ndtr

    dose = not_negative("dose_gy", dose_gy)
    td50 = positive("td50_gy", td50_gy, "a dose in Gy, above 0")
    width = positive("m", m, "a relative width, above 0")
    return float_or_array(np.asarray(ndtr((dose - td50) / (width * td50))), dose_gy)


def m_of_gamma50(gamma50: float) -> float:
    """Lyman's m of a curve whose slope at 50 % is γ50 (per relative dose): ``1 / (γ50 sqrt(2π))``."""
    return 1.0 / (float(positive("gamma50", gamma50, "a slope, above 0")) * math.sqrt(2.0 * math.pi))


def logistic_tcp(
    bed_gy: FloatOrArray | float, *, bed50_gy: FloatOrArray | float, scale_gy: FloatOrArray | float
) -> FloatOrArray:
    """Probability of tumour control by a logistic curve: ``1 / (1 + exp((BED50 - BED) / k))``.

    Parameters
    ----------
    bed_gy
        Biologically effective dose, Gy, 0 or more.
    bed50_gy
        BED at which half are controlled, Gy, 0 or more.
    scale_gy
        Width k of the curve, Gy, above 0.

    Returns
    -------
    FloatArray or float
        Probability, 0 to 1.

    Raises
    ------
    ValueError
        An argument that is no such number.

    Examples
    --------
    >>> round(logistic_tcp(100.0, bed50_gy=16.0, scale_gy=74.0), 3)
    0.757
    """
    from scipy.special import expit

    effect, half = not_negative("bed_gy", bed_gy), not_negative("bed50_gy", bed50_gy)
    return float_or_array(
        np.asarray(expit((effect - half) / positive("scale_gy", scale_gy, "a width in Gy, above 0"))), bed_gy
    )
