"""Which keys a file of sites has, for pydantic and for the JSON Schema; imported where one is read, not before."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from sbrtcheck.tables.shape import ExpectedFile, Id, SourceFile, Text, schema_of


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SiteFile(_Strict):
    """A treatment site."""

    id: Id = Field(description="The word that --site and a table's site use, such as lung.")
    title: Text = Field(description="The site, for people.")
    note: Text = Field(default="", description="What is left out on purpose, and why.")
    expects: Annotated[list[ExpectedFile], Field(min_length=1)] = Field(
        description="Organs without which a plan of the site has not been checked."
    )


class SitesFile(_Strict):
    """The treatment sites, and which organs a plan of each is expected to have contoured."""

    id: Id = Field(description="Name of the list, such as the clinic's.")
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")] = Field(description='Quoted, such as "1.0.0".')
    title: Text
    note: Text = Field(default="", description="What holds for all sites.")
    sources: list[SourceFile] = Field(default=[], description="Publications that entries cite.")
    sites: Annotated[list[SiteFile], Field(min_length=1)]


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a file of sites."""
    return schema_of(SitesFile)
