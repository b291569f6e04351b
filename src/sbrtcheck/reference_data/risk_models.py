"""Shipped YAML -> parameter sets of complication and control models, each with its dose scale and source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sbrtcheck.errors import UnknownTableError
from sbrtcheck.radiobiology import m_of_gamma50
from sbrtcheck.tables.shipped import read_shipped
from sbrtcheck.tables.values import READINGS_NEEDED, Source

if TYPE_CHECKING:
    from sbrtcheck.reference_data.risk_shape import NtcpFile, TcpFile

FILE = "risk-models.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class FractionScale:
    """Dose in fractions of one size: ``D (d + α/β) / (fraction_gy + α/β)``, element by element."""

    fraction_gy: float
    alpha_beta_gy: float

    def __str__(self) -> str:
        return f"dose in {self.fraction_gy:g} Gy fractions, a/b {self.alpha_beta_gy:g} Gy"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhysicalScale:
    """Physical dose, for these numbers of fractions only."""

    fractions: tuple[int, ...]

    def __str__(self) -> str:
        return f"physical dose in {', '.join(map(str, self.fractions))} fractions"


@dataclass(frozen=True, slots=True, kw_only=True)
class NtcpModel:
    """Parameters of Lyman's model, with the volume effect n of Kutcher and Burman (``a = 1/n``).

    ``structures`` are TG-263 names, the first that a plan has is taken. ``site`` is the one treatment site whose plans
    it is about; ``""``: every site.
    """

    id: str
    organ: str
    structures: tuple[str, ...]
    endpoint: str
    n: float
    m: float
    td50_gy: float
    scale: FractionScale | PhysicalScale
    source: Source
    confirmed_by: tuple[str, ...]
    note: str
    site: str = ""

    @property
    def confirmed(self) -> bool:
        """Whether two independent readings agree."""
        return len(self.confirmed_by) >= READINGS_NEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpModel:
    """Parameters of a logistic control curve over BED; ``bed50_per_cm_gy`` grows with the tumour's diameter.

    One of the two middles is 0. ``least_fractions`` and ``least_dose_per_fraction_gy`` are where its range begins.
    ``site`` is the one treatment site whose plans it is about; ``""``: every site.
    """

    id: str
    tumour: str
    endpoint: str
    bed50_gy: float
    bed50_per_cm_gy: float
    scale_gy: float
    alpha_beta_gy: float
    least_fractions: int
    least_dose_per_fraction_gy: float
    source: Source
    confirmed_by: tuple[str, ...]
    note: str
    site: str = ""

    @property
    def confirmed(self) -> bool:
        """Whether two independent readings agree."""
        return len(self.confirmed_by) >= READINGS_NEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskModels:
    """All of the file."""

    version: str
    note: str
    ntcp: tuple[NtcpModel, ...]
    tcp: tuple[TcpModel, ...]

    def ntcp_model(self, id_: str) -> NtcpModel:
        """The complication model of that id; `UnknownTableError` when there is none."""
        for one in self.ntcp:
            if one.id == id_:
                return one
        raise _unknown(id_, [one.id for one in self.ntcp])

    def tcp_model(self, id_: str) -> TcpModel:
        """The control model of that id; `UnknownTableError` when there is none."""
        for one in self.tcp:
            if one.id == id_:
                return one
        raise _unknown(id_, [one.id for one in self.tcp])


def _unknown(id_: str, known: list[str]) -> UnknownTableError:
    return UnknownTableError(f"no model has the id {id_!r}", hint=f"the models are {', '.join(known)}")


@cache
def load_risk_models() -> RiskModels:
    """Load the shipped parameter sets."""
    from sbrtcheck.reference_data.risk_shape import RiskModelsFile

    file = read_shipped(FILE, RiskModelsFile)
    ntcp, tcp = tuple(map(_ntcp, file.ntcp)), tuple(map(_tcp, file.tcp))
    return RiskModels(version=file.version, note=file.note, ntcp=ntcp, tcp=tcp)


def _ntcp(one: NtcpFile) -> NtcpModel:
    return NtcpModel(
        id=one.id,
        organ=one.organ,
        structures=tuple(one.structures),
        endpoint=one.endpoint,
        n=one.n,
        m=m_of_gamma50(one.gamma50) if one.gamma50 is not None else one.m or 0.0,
        td50_gy=one.td50,
        scale=_scale(one),
        source=Source(citation=one.citation, where=one.where),
        confirmed_by=tuple(one.confirmed_by),
        note=one.note,
        site=one.site or "",
    )


def _scale(one: NtcpFile) -> FractionScale | PhysicalScale:
    if one.scale.fraction_gy is None or one.scale.alpha_beta is None:
        return PhysicalScale(fractions=tuple(one.scale.physical))
    return FractionScale(fraction_gy=one.scale.fraction_gy, alpha_beta_gy=one.scale.alpha_beta)


def _tcp(one: TcpFile) -> TcpModel:
    return TcpModel(
        id=one.id,
        tumour=one.tumour,
        endpoint=one.endpoint,
        bed50_gy=one.bed50 or 0.0,
        bed50_per_cm_gy=one.bed50_per_cm or 0.0,
        scale_gy=one.scale,
        alpha_beta_gy=one.alpha_beta,
        least_fractions=one.least_fractions,
        least_dose_per_fraction_gy=one.least_dose_per_fraction,
        source=Source(citation=one.citation, where=one.where),
        confirmed_by=tuple(one.confirmed_by),
        note=one.note,
        site=one.site or "",
    )
