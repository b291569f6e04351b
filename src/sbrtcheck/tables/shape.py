"""Content of a table or a list of sites -> its values; pydantic models of a file's keys, and their JSON Schema.

Each model checks one kind of entry and gives the frozen value of it (`value`). What file and value call the same is
copied by `value_of`; a model has only what differs, such as the four keys that become a sense and a limit.

Imported where a file is read, not before: importing pydantic is slower than checking a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from sbrtcheck.metric import parse
from sbrtcheck.plan import Sex
from sbrtcheck.radiobiology import Quantity
from sbrtcheck.tables.limits import LimitByEffectiveVolume, LimitByTargetVolume, Sense, Step, VeffStep
from sbrtcheck.tables.table import ConstraintTable
from sbrtcheck.tables.values import (
    Choice,
    ClinicianItem,
    Constraint,
    ExpectedOrgan,
    Kind,
    Priority,
    RowSide,
    Select,
    Site,
    Sites,
    Source,
    Status,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Value = TypeVar("Value", bound=DataclassInstance)

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Number = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Names = Annotated[list[Text], Field(min_length=1)]

GROUNDS = ("source", "choice")
ANY = "any"


Version = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]

Sources = Mapping[str, Source]
"""The sources of a file by the key that entries cite them by."""


def value_of(kind: type[Value], entry: BaseModel, **others: Any) -> Value:
    """Make the value of an entry of a file.

    Parameters
    ----------
    kind
        Type of the value, a dataclass.
    entry
        The entry as read. Fields of the same names are copied, lists as tuples; what it leaves out has the
        default of ``kind``.
    others
        Fields that the entry has under another name, or in another form.
    """
    shared_names = ({field.name for field in fields(kind)} & entry.model_fields_set) - others.keys()
    shared_values = {name: getattr(entry, name) for name in shared_names}
    return kind(
        **{name: tuple(field) if isinstance(field, list) else field for name, field in shared_values.items()}, **others
    )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EachFile(_Strict):
    """Every structure named is judged on its own."""

    each: Names


class UnionFile(_Strict):
    """The structures together are one organ."""

    union: Names


class ChoiceFile(UnionFile):
    """The structures together are one organ to choose; those under ``optional`` where the plan has them."""

    optional: Names | None = Field(default=None, description="Parts without which the organ is whole all the same.")

    def value(self) -> Choice:
        """The choice."""
        return Choice(structures=tuple(self.union), optional=tuple(self.optional or ()))


class FirstFile(_Strict):
    """The first structure that the plan has, in this order; several under ``union`` are one organ."""

    first: Annotated[list[Text | ChoiceFile], Field(min_length=1)]

    def choices(self) -> tuple[Choice, ...]:
        """What to choose from."""
        return tuple(one.value() if isinstance(one, ChoiceFile) else Choice(structures=(one,)) for one in self.first)


class ByTargetVolumeFile(_Strict):
    """A limit that depends on the volume of the target."""

    by_target_volume: Annotated[list[Annotated[list[Number], Field(min_length=2, max_length=3)]], Field(min_length=2)]

    def value(self) -> LimitByTargetVolume:
        """The limit by the volume of the target."""
        steps = (
            Step(volume_cc=cc, limit=limit, acceptable=next(iter(more), None))
            for cc, limit, *more in self.by_target_volume
        )
        return LimitByTargetVolume(steps=tuple(steps))


class ByVeffFile(_Strict):
    """A limit that depends on the effective volume of the organ."""

    by_veff: Annotated[list[Annotated[list[Number], Field(min_length=2, max_length=2)]], Field(min_length=1)]

    def value(self) -> LimitByEffectiveVolume:
        """The limit by the effective volume."""
        steps = (VeffStep(veff_percent=percent, limit=limit) for percent, limit in self.by_veff)
        return LimitByEffectiveVolume(steps=tuple(steps))


def _limit_form(given: object) -> str:
    if not isinstance(given, dict):
        return "<number>"
    return "<by-veff>" if "by_veff" in given else "<by-target-volume>"


LimitForm = Annotated[
    Annotated[Number, Tag("<number>")]
    | Annotated[ByTargetVolumeFile, Tag("<by-target-volume>")]
    | Annotated[ByVeffFile, Tag("<by-veff>")],
    Discriminator(_limit_form),
]


def _labels_in_schema(kind: type[StrEnum]) -> WithJsonSchema:
    """The values of an enumeration in the JSON Schema, for editors."""
    return WithJsonSchema({"enum": [*map(str, kind)], "title": kind.__name__, "type": "string"})


_FractionList = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
Fractions = Annotated[
    Annotated[_FractionList, Tag("<list>")] | Annotated[Literal["any"], Tag("<word>")],
    Discriminator(lambda given: "<word>" if given == ANY else "<list>"),
]
_Quantity = Annotated[Quantity, Field(strict=False), _labels_in_schema(Quantity)]
_Kind = Annotated[Kind, Field(strict=False), _labels_in_schema(Kind)]
_Priority = Annotated[Priority, Field(strict=False), _labels_in_schema(Priority)]
_RowSide = Annotated[RowSide, Field(strict=False), _labels_in_schema(RowSide)]
_Sex = Annotated[Sex, Field(strict=False), _labels_in_schema(Sex)]
_Status = Annotated[Status, Field(strict=False), _labels_in_schema(Status)]
FORMS = ("<number>", "<by-target-volume>", "<by-veff>", "<list>", "<word>")  # pydantic puts them into a place


class SourceFile(_Strict):
    """A publication that rows cite."""

    key: Id = Field(description="Short name that rows cite it by.")
    citation: Text = Field(description="Authors, title, journal, year, pages.")
    doi: Annotated[str, Field(pattern=r"^10\.[0-9]+/\S+$")] | None = Field(
        default=None, description="DOI without https."
    )
    where: Text = Field(description="Table, section or page the rows come from.")

    def value(self) -> Source:
        """The source."""
        return value_of(Source, self)


class CiteFile(_Strict):
    """Where one row is printed."""

    cite: Id = Field(description="Key of an entry of sources.")
    where: Text = Field(description="Table, section or page.")

    def value(self, sources: Sources) -> Source:
        """The source cited, with the place of this entry in it."""
        cited = sources[self.cite]
        return Source(citation=cited.citation, doi=cited.doi, where=self.where)


class RowFile(_Strict):
    """One constraint, with exactly one of below, at_most, above and at_least."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [str(sense)]} for sense in Sense]})

    id: Id = Field(description="Unique in the table; stays the same over versions.")
    organ: Text = Field(description="As the source prints it.")
    structure: Text | EachFile | UnionFile | FirstFile = Field(
        description="TG-263 name, or names and how to take them."
    )
    metric: Text = Field(description="TG-263 metric text with its units, such as D0.035cc[Gy].")
    below: LimitForm | None = Field(
        default=None,
        description="Limit in the metric's unit, printed as <; or {by_target_volume: [[cc, limit, acceptable], ...]}.",
    )
    at_most: LimitForm | None = Field(
        default=None, description="Limit in the metric's unit, printed as <=; or {by_veff: [[percent, limit], ...]}."
    )
    above: LimitForm | None = Field(default=None, description="Limit in the metric's unit, printed as >.")
    at_least: LimitForm | None = Field(default=None, description="Limit in the metric's unit, printed as >=.")
    quantity: _Quantity = Field(
        default=Quantity.PHYSICAL,
        description="What the doses of metric and limit are; the plan's dose is converted to it.",
    )
    alpha_beta: Number | None = Field(default=None, description="Of the tissue, in Gy; for EQD2 and BED.")
    acceptable: Number | None = Field(default=None, description="Looser limit of the protocol's acceptable variation.")
    kind: _Kind = Field(default=Kind.LIMIT, description="Only limits give verdicts.")
    status: _Status = Field(default=Status.OK, description="A disputed row never counts; say why in note.")
    mandatory: bool = Field(default=False, description="A plan without a value here has not been checked.")
    volume_threshold: bool = Field(
        default=False, description='Printed as "no more than v cc above d Gy": a smaller structure satisfies it.'
    )
    optional: Names | None = Field(
        default=None, description="Parts of a union without which the organ is whole all the same; say why in a note."
    )
    site: Id | None = Field(default=None, description="The one site that the row holds for; absent: every site.")
    side: _RowSide | None = Field(
        default=None, description="Of {each: [X_L, X_R]}: the one on the side of the target, or the other."
    )
    sex: _Sex | None = Field(default=None, description="The patients whom the row holds for; absent: all.")
    priority: _Priority | None = Field(
        default=None, description="Optimal: a plan that does not keep it is a variation, not a fail."
    )
    endpoint: Text = Field(default="", description="What the limit protects from.")
    source: CiteFile
    confirmed_by: list[Text] = Field(default=[], description="Independent readings of the source; two confirm the row.")
    note: Text = Field(default="", description="What a reader of the report should know.")

    def value(self, sources: Sources, line: int) -> Constraint:
        """The row, which is on that line of its file."""
        select, structures = self._select()
        sense = next(sense for sense in Sense if sense in self.model_fields_set)
        limit = getattr(self, sense)
        return value_of(
            Constraint,
            self,
            select=select,
            structures=structures,
            choices=self.structure.choices() if isinstance(self.structure, FirstFile) else (),
            metric=parse(self.metric),
            sense=sense,
            limit=limit.value() if isinstance(limit, ByTargetVolumeFile | ByVeffFile) else float(limit),
            alpha_beta_gy=self.alpha_beta,
            source=self.source.value(sources),
            line=line,
        )

    def _select(self) -> tuple[Select, tuple[str, ...]]:
        """How the structures are combined, and all of them, each once."""
        match self.structure:
            case EachFile(each=names):
                return Select.EACH, tuple(names)
            case UnionFile(union=names):
                return Select.UNION, tuple(names)
            case FirstFile() as first:
                return Select.FIRST, tuple(dict.fromkeys(name for one in first.choices() for name in one.structures))
            case name:
                return Select.EACH, (name,)


class ClinicianFile(_Strict):
    """A statement of a source that no plan can answer."""

    text: Text
    source: CiteFile
    site: Id | None = Field(default=None, description="The one site that it holds for; absent: every site.")

    def value(self, sources: Sources) -> ClinicianItem:
        """The statement."""
        return value_of(ClinicianItem, self, source=self.source.value(sources))


class ExpectedFile(_Strict):
    """An organ without which a plan of the site has not been checked, with exactly one of source and choice."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [ground]} for ground in GROUNDS]})

    organ: Text = Field(description="The organ, for people.")
    structures: Names = Field(description="TG-263 names; with any of them contoured, the organ is.")
    together: Names | None = Field(
        default=None, description="Those of structures that are the organ only together, such as both lungs."
    )
    source: CiteFile | None = Field(default=None, description="What asks for the organ at this site.")
    choice: Text | None = Field(default=None, description="Why it is expected, where no source asks for it; one line.")

    def value(self, sources: Sources) -> ExpectedOrgan:
        """The organ."""
        return value_of(ExpectedOrgan, self, source=self.source.value(sources) if self.source else None)


class TableFile(_Strict):
    """A published table of dose constraints."""

    id: Id = Field(description="Name of the table; the file's name without .yaml.")
    version: Version = Field(description='Quoted, such as "1.0.0".')
    title: Text
    site: Id = Field(description="Treatment site, such as lung; multi: the rows span the body.")
    fractions: Fractions = Field(description="Fraction numbers the table holds for, or any.")
    note: Text = Field(default="", description="What holds for the whole table.")
    sources: Annotated[list[SourceFile], Field(min_length=1)]
    rows: Annotated[list[RowFile], Field(min_length=1)]
    for_clinician: list[ClinicianFile] = Field(
        default=[], description="Statements that no plan can answer; shown at the end of a report."
    )
    expects: Annotated[list[ExpectedFile], Field(min_length=1)] | None = Field(
        default=None, description="Organs that a plan must have contoured; absent: those of the site in sites.yaml."
    )

    def value(self, *, line_of: Callable[[int], int], path: str, sha256: str) -> ConstraintTable:
        """The table, read from that path, with the hash of its bytes; ``line_of`` a row's position is its line."""
        sources = _by_key(self.sources)
        return value_of(
            ConstraintTable,
            self,
            fractions=() if isinstance(self.fractions, str) else tuple(self.fractions),
            sources=tuple(sources.values()),
            rows=tuple(row.value(sources, line_of(n)) for n, row in enumerate(self.rows)),
            for_clinician=tuple(item.value(sources) for item in self.for_clinician),
            expects=tuple(organ.value(sources) for organ in self.expects or ()),
            path=path,
            sha256=sha256,
        )


class SiteFile(_Strict):
    """A treatment site."""

    id: Id = Field(description="The word that --site and a table's site use, such as lung.")
    title: Text = Field(description="The site, for people.")
    note: Text = Field(default="", description="What is left out on purpose, and why.")
    expects: Annotated[list[ExpectedFile], Field(min_length=1)] = Field(
        description="Organs without which a plan of the site has not been checked."
    )

    def value(self, sources: Sources) -> Site:
        """The site."""
        return value_of(Site, self, expects=tuple(organ.value(sources) for organ in self.expects))


class SitesFile(_Strict):
    """The treatment sites, and which organs a plan of each is expected to have contoured."""

    id: Id = Field(description="Name of the list, such as the clinic's.")
    version: Version = Field(description='Quoted, such as "1.0.0".')
    title: Text
    note: Text = Field(default="", description="What holds for all sites.")
    sources: list[SourceFile] = Field(default=[], description="Publications that entries cite.")
    sites: Annotated[list[SiteFile], Field(min_length=1)]

    def value(self, *, path: str, sha256: str) -> Sites:
        """The list of sites, read from that path, with the hash of its bytes."""
        sources = _by_key(self.sources)
        sites = tuple(site.value(sources) for site in self.sites)
        return value_of(Sites, self, sites=sites, path=path, sha256=sha256)


def _by_key(sources: list[SourceFile]) -> Sources:
    return {source.key: source.value() for source in sources}


def schema_of(file: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema (2020-12) of files of that shape."""
    schema = _without_empty_values(file.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _without_empty_values(part: Any) -> Any:
    """Without null and empty text: in a file an absent key is absent, and an editor shall not offer otherwise."""
    if isinstance(part, list):
        return [_without_empty_values(p) for p in part if p != {"type": "null"}]
    if not isinstance(part, dict):
        return part
    entries = {k: _without_empty_values(v) for k, v in part.items() if not (k == "default" and v in (None, "", []))}
    only = entries.pop("anyOf") if len(entries.get("anyOf", ())) == 1 else []
    return {**entries, **(only[0] if only else {})}
