"""Known regimens, risk models, scores and rules of re-irradiation: values with their sources."""

from sbrtcheck.reference_data.profiles import Profile, Profiles, load_profile, load_profiles
from sbrtcheck.reference_data.regimens import (
    Regimen,
    Regimens,
    Statement,
    Threshold,
    TreatmentWithoutDose,
    load_regimens,
)
from sbrtcheck.reference_data.reirradiation import (
    ReirradiationRule,
    ReirradiationStatements,
    load_reirradiation_rules,
    load_reirradiation_statements,
)
from sbrtcheck.reference_data.risk_models import (
    Bed50,
    Bed50PerCm,
    ChosenModels,
    FractionScale,
    NtcpModel,
    PhysicalScale,
    RiskModels,
    Slope,
    TcpModel,
    Tumour,
    Width,
    load_risk_models,
)

__all__ = [
    "Bed50",
    "Bed50PerCm",
    "ChosenModels",
    "FractionScale",
    "NtcpModel",
    "PhysicalScale",
    "Profile",
    "Profiles",
    "Regimen",
    "Regimens",
    "ReirradiationRule",
    "ReirradiationStatements",
    "RiskModels",
    "Slope",
    "Statement",
    "TcpModel",
    "Threshold",
    "TreatmentWithoutDose",
    "Tumour",
    "Width",
    "load_profile",
    "load_profiles",
    "load_regimens",
    "load_reirradiation_rules",
    "load_reirradiation_statements",
    "load_risk_models",
]
