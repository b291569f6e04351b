"""Which keys a table file has, for pydantic and for the JSON Schema that editors read.

Imported where a file is read, not before: pydantic takes longer to import than a table takes to check.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Number = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Names = Annotated[list[Text], Field(min_length=1)]

SENSES = ("below", "at_most", "above", "at_least")
GROUNDS = ("source", "choice")
ANY = "any"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EachFile(_Strict):
    """Every structure named is judged on its own."""

    each: Names


class UnionFile(_Strict):
    """The structures together are one organ."""

    union: Names


class FirstFile(_Strict):
    """The first structure that the plan has, in this order."""

    first: Names


class ByTargetVolumeFile(_Strict):
    """A limit that depends on the volume of the target."""

    by_target_volume: Annotated[list[Annotated[list[Number], Field(min_length=2, max_length=3)]], Field(min_length=2)]


class ByVeffFile(_Strict):
    """A limit that depends on the effective volume of the organ."""

    by_veff: Annotated[list[Annotated[list[Number], Field(min_length=2, max_length=2)]], Field(min_length=1)]


def _limit_form(given: object) -> str:
    if not isinstance(given, dict):
        return "<number>"
    return "<by-veff>" if "by_veff" in given else "<by-target-volume>"


Limit = Annotated[
    Annotated[Number, Tag("<number>")]
    | Annotated[ByTargetVolumeFile, Tag("<by-target-volume>")]
    | Annotated[ByVeffFile, Tag("<by-veff>")],
    Discriminator(_limit_form),
]
_FractionList = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
Fractions = Annotated[
    Annotated[_FractionList, Tag("<list>")] | Annotated[Literal["any"], Tag("<word>")],
    Discriminator(lambda given: "<word>" if given == ANY else "<list>"),
]
FORMS = ("<number>", "<by-target-volume>", "<by-veff>", "<list>", "<word>")  # pydantic puts them into a place


class SourceFile(_Strict):
    """A publication that rows cite."""

    key: Id = Field(description="Short name that rows cite it by.")
    citation: Text = Field(description="Authors, title, journal, year, pages.")
    doi: Annotated[str, Field(pattern=r"^10\.[0-9]+/\S+$")] | None = Field(
        default=None, description="DOI without https."
    )
    where: Text = Field(description="Table, section or page the rows come from.")


class CiteFile(_Strict):
    """Where one row is printed."""

    cite: Id = Field(description="Key of an entry of sources.")
    where: Text = Field(description="Table, section or page.")


class RowFile(_Strict):
    """One constraint, with exactly one of below, at_most, above and at_least."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [sense]} for sense in SENSES]})

    id: Id = Field(description="Unique in the table; stays the same over versions.")
    organ: Text = Field(description="As the source prints it.")
    structure: Text | EachFile | UnionFile | FirstFile = Field(
        description="TG-263 name, or names and how to take them."
    )
    metric: Text = Field(description="TG-263 metric text with its units, such as D0.035cc[Gy].")
    below: Limit | None = Field(
        default=None,
        description="Limit in the metric's unit, printed as <; or {by_target_volume: [[cc, limit, acceptable], ...]}.",
    )
    at_most: Limit | None = Field(
        default=None, description="Limit in the metric's unit, printed as <=; or {by_veff: [[percent, limit], ...]}."
    )
    above: Limit | None = Field(default=None, description="Limit in the metric's unit, printed as >.")
    at_least: Limit | None = Field(default=None, description="Limit in the metric's unit, printed as >=.")
    quantity: Literal["physical", "EQD2", "BED"] = Field(
        default="physical", description="What the doses of metric and limit are; the plan's dose is converted to it."
    )
    alpha_beta: Number | None = Field(default=None, description="Of the tissue, in Gy; for EQD2 and BED.")
    acceptable: Number | None = Field(default=None, description="Looser limit of the protocol's acceptable variation.")
    kind: Literal["limit", "risk", "advisory"] = Field(default="limit", description="Only limits give verdicts.")
    status: Literal["ok", "disputed"] = Field(default="ok", description="A disputed row never counts; say why in note.")
    mandatory: bool = Field(default=False, description="A plan without a value here has not been checked.")
    volume_threshold: bool = Field(
        default=False, description='Printed as "no more than v cc above d Gy": a smaller structure satisfies it.'
    )
    optional: Names | None = Field(
        default=None, description="Parts of a union without which the organ is whole all the same; say why in a note."
    )
    site: Id | None = Field(default=None, description="The one site that the row holds for; absent: every site.")
    endpoint: Text = Field(default="", description="What the limit protects from.")
    source: CiteFile
    confirmed_by: list[Text] = Field(default=[], description="Independent readings of the source; two confirm the row.")
    note: Text = Field(default="", description="What a reader of the report should know.")


class ClinicianFile(_Strict):
    """A statement of a source that no plan can answer."""

    text: Text
    source: CiteFile
    site: Id | None = Field(default=None, description="The one site that it holds for; absent: every site.")


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


class TableFile(_Strict):
    """A published table of dose constraints."""

    id: Id = Field(description="Name of the table; the file's name without .yaml.")
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")] = Field(description='Quoted, such as "1.0.0".')
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


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a table file."""
    return schema_of(TableFile)


def schema_of(file: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema (2020-12) of files of that shape."""
    schema = _as_in_a_file(file.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _as_in_a_file(part: Any) -> Any:
    """Without null and empty text: in a file an absent key is absent, and an editor shall not offer otherwise."""
    if isinstance(part, list):
        return [_as_in_a_file(p) for p in part if p != {"type": "null"}]
    if not isinstance(part, dict):
        return part
    kept = {k: _as_in_a_file(v) for k, v in part.items() if not (k == "default" and v in (None, "", []))}
    only = kept.pop("anyOf") if len(kept.get("anyOf", ())) == 1 else []
    return {**kept, **(only[0] if only else {})}
