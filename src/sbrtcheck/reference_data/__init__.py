"""Known regimens, risk models, scores and rules of re-irradiation: values with their sources."""

from sbrtcheck.reference_data.profiles import Profile, Profiles, load_profile, load_profiles
from sbrtcheck.reference_data.regimens import Regimen, Regimens, Statement, Threshold, load_regimens
from sbrtcheck.reference_data.reirradiation import ReirradiationRule, load_reirradiation_rules
from sbrtcheck.reference_data.risk_models import (
    Bed50,
    Bed50PerCm,
    FractionScale,
    NtcpModel,
    PhysicalScale,
    RiskModels,
    Slope,
    TcpModel,
    Width,
    load_risk_models,
)

__all__ = [
    "Bed50",
    "Bed50PerCm",
    "FractionScale",
    "NtcpModel",
    "PhysicalScale",
    "Profile",
    "Profiles",
    "Regimen",
    "Regimens",
    "ReirradiationRule",
    "RiskModels",
    "Slope",
    "Statement",
    "TcpModel",
    "Threshold",
    "Width",
    "load_profile",
    "load_profiles",
    "load_regimens",
    "load_reirradiation_rules",
    "load_risk_models",
]
