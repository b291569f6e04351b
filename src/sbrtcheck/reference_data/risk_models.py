"""``risk-models.yaml`` -> parameter sets of complication and control models, each with its dose scale and source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import filterfalse

from sbrtcheck.errors import InputError, UnknownTableError
from sbrtcheck.formatting import one_screen
from sbrtcheck.radiobiology import m_of_gamma50
from sbrtcheck.reference_data.sourced import Sourced
from sbrtcheck.tables.shipped import Entry, read_shipped

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
class Tumour(Entry):
    """A tumour that parameter sets are about, as their source names it; ``site`` is where plans treat it."""

    id: str
    title: str
    site: str
    citation: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NtcpModel(Sourced):
    """Parameters of Lyman's model, with the volume effect n of Kutcher and Burman (``a = 1/n``).

    ``structures`` are TG-263 names, the first that a plan has is used. ``tumour`` is the id of the one tumour that it
    is about; where that is ``""``, it is about an organ of plans of its ``sites``: of every plan where there are none.
    """

    organ: str
    structures: tuple[str, ...]
    n: float
    width: Width | Slope
    td50_gy: float
    scale: FractionScale | PhysicalScale
    tumour: str = ""
    sites: tuple[str, ...] = ()

    @property
    def m(self) -> float:
        """Width of the curve, in shares of TD50."""
        return self.width.m


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpModel(Sourced):
    """Parameters of a logistic control curve over BED, whose ``middle`` may grow with the tumour's diameter.

    ``least_fractions`` and ``least_dose_per_fraction_gy`` are where its range begins. ``tumour`` and ``sites`` as of an
    `NtcpModel`.
    """

    tumour: str
    sites: tuple[str, ...] = ()
    middle: Bed50 | Bed50PerCm
    scale_gy: float
    alpha_beta_gy: float
    least_fractions: int = 1
    least_dose_per_fraction_gy: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenModels:
    """The models that were asked for, and those that were left out because they were not."""

    ntcp: tuple[NtcpModel, ...]
    tcp: tuple[TcpModel, ...]
    left_out: tuple[NtcpModel | TcpModel, ...]

    @property
    def organs(self) -> tuple[str, ...]:
        """The organs that the complication models are for, in their order."""
        return tuple(dict.fromkeys(organ for model in self.ntcp for organ in model.structures))


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskModels(Entry):
    """All of the file."""

    id: str
    version: str
    note: str
    tumours: tuple[Tumour, ...]
    ntcp: tuple[NtcpModel, ...]
    tcp: tuple[TcpModel, ...]

    def __repr__(self) -> str:
        """The models, one a line: one screen."""
        lines = [f"{model.id}: {model.endpoint}, {model.citation}" for model in (*self.ntcp, *self.tcp)]
        return one_screen(f"RiskModels {self.id} {self.version}: {len(lines)} models", lines)

    def chosen(self, sites: Sequence[str] = (), tumour: str = "") -> ChosenModels:
        """The models for a plan: of its sites, and of its tumour where it is named; never of all tumours at once.

        Parameters
        ----------
        sites
            Treatment sites of the plan; where there are none, that of the tumour.
        tumour
            Id of the tumour treated; ``""``: not named.

        Raises
        ------
        UnknownTableError
            No tumour has that id.
        InputError
            The tumour is of another site.
        """
        plan_sites = set(sites)
        if tumour:
            own_site = self.tumour(tumour).site
            if sites and own_site not in plan_sites:
                problem = f"tumour {tumour!r} is of site {own_site!r}, and the plan of {' and '.join(map(repr, sites))}"
                raise InputError(problem, hint="give one of the two, or those that fit")
            plan_sites.add(own_site)

        def applies(model: NtcpModel | TcpModel) -> bool:
            if model.tumour:
                return model.tumour == tumour
            return not model.sites or not plan_sites.isdisjoint(model.sites)

        return ChosenModels(
            ntcp=tuple(filter(applies, self.ntcp)),
            tcp=tuple(filter(applies, self.tcp)),
            left_out=(*filterfalse(applies, self.ntcp), *filterfalse(applies, self.tcp)),
        )

    def tumour(self, id_: str) -> Tumour:
        """The tumour of that id; `UnknownTableError` when there is none."""
        for tumour in self.tumours:
            if tumour.id == id_:
                return tumour
        listed = "; ".join(f"{tumour.id}: {tumour.title}" for tumour in self.tumours)
        raise UnknownTableError(f"no risk model is for a tumour {id_!r}", hint=f"the tumours are {listed}")

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
