"""``risk-models.yaml`` -> parameter sets of complication and control models, each with its dose scale and source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sbrtcheck.errors import UnknownTableError
from sbrtcheck.radiobiology import m_of_gamma50
from sbrtcheck.reference_data.sourced import Sourced
from sbrtcheck.tables.shipped import Entry, read_shipped
from sbrtcheck.tables.values import ForSite

FILE = "risk-models.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class FractionScale(Entry):
    """Dose in fractions of one size: ``D (d + α/β) / (fraction_gy + α/β)``, element by element."""

    fraction_gy: float
    alpha_beta_gy: float

    def __str__(self) -> str:
        return f"dose in {self.fraction_gy:g} Gy fractions, a/b {self.alpha_beta_gy:g} Gy"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhysicalScale(Entry):
    """Physical dose, for these numbers of fractions only."""

    fractions: tuple[int, ...]

    def __str__(self) -> str:
        return f"physical dose in {', '.join(map(str, self.fractions))} fractions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Width(Entry):
    """Width of Lyman's curve: the standard deviation in shares of TD50."""

    m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope(Entry):
    """Width of Lyman's curve, printed as its normalised slope at TD50."""

    gamma50: float

    @property
    def m(self) -> float:
        """The width with that slope."""
        return m_of_gamma50(self.gamma50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed50(Entry):
    """The BED at which half of the tumours are controlled."""

    bed50_gy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed50PerCm(Entry):
    """The same for each centimetre of the tumour's diameter."""

    bed50_per_cm_gy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NtcpModel(Sourced, ForSite):
    """Parameters of Lyman's model, with the volume effect n of Kutcher and Burman (``a = 1/n``).

    ``structures`` are TG-263 names, the first that a plan has is used. ``site`` is the one treatment site whose plans
    it is about; ``""``: every site.
    """

    organ: str
    structures: tuple[str, ...]
    n: float
    width: Width | Slope
    td50_gy: float
    scale: FractionScale | PhysicalScale
    site: str = ""

    @property
    def m(self) -> float:
        """Width of the curve, in shares of TD50."""
        return self.width.m


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpModel(Sourced, ForSite):
    """Parameters of a logistic control curve over BED, whose ``middle`` may grow with the tumour's diameter.

    ``least_fractions`` and ``least_dose_per_fraction_gy`` are where its range begins. ``site`` is the one treatment
    site whose plans it is about; ``""``: every site.
    """

    tumour: str
    middle: Bed50 | Bed50PerCm
    scale_gy: float
    alpha_beta_gy: float
    least_fractions: int = 1
    least_dose_per_fraction_gy: float = 0.0
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskModels(Entry):
    """All of the file."""

    id: str
    version: str
    note: str
    ntcp: tuple[NtcpModel, ...]
    tcp: tuple[TcpModel, ...]

    def ntcp_model(self, id_: str) -> NtcpModel:
        """The complication model of that id; `UnknownTableError` when there is none."""
        for model in self.ntcp:
            if model.id == id_:
                return model
        raise _unknown(id_, [model.id for model in self.ntcp])

    def tcp_model(self, id_: str) -> TcpModel:
        """The control model of that id; `UnknownTableError` when there is none."""
        for model in self.tcp:
            if model.id == id_:
                return model
        raise _unknown(id_, [model.id for model in self.tcp])


def _unknown(id_: str, known: list[str]) -> UnknownTableError:
    return UnknownTableError(f"no model has the id {id_!r}", hint=f"the models are {', '.join(known)}")


@cache
def load_risk_models() -> RiskModels:
    """Load the shipped parameter sets."""
    return read_shipped(FILE, RiskModels)
