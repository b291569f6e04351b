"""Ready profiles -> their list, and the page of one: its schedule, its tables, and their limits organ by organ."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.text import Text

from sbrtcheck.formatting import clean
from sbrtcheck.reference_data import Profile, Profiles
from sbrtcheck.render.by_organ import LEGEND, lacking_text, profile_grid
from sbrtcheck.render.text import indented, limit_grid, ruled_table, terminal_text
from sbrtcheck.results import labels
from sbrtcheck.results.to_dict import limits_dict, profile_dict
from sbrtcheck.tables import ConstraintTable, ExpectedOrgan
from sbrtcheck.tables.by_organ import lines_by_organ, rows_at, without_limit


def profile_text(profile: Profile, tables: Sequence[ConstraintTable], expected: Sequence[ExpectedOrgan]) -> str:
    """Show a profile for people: its schedule, its tables, and their limits organ by organ."""
    head = [
        f"{profile.id}: {profile.title}",
        f"Site {profile.site}, {profile.schedule}; named in: {_named_text(profile)}",
        *filter(None, (clean(profile.note),)),
        *(f"- {labels.table_text(table)}" for table in tables),
    ]
    grid = limit_grid(profile_grid(profile, tables, expected))
    below = [lacking_text(tables, profile.site, expected), *LEGEND]
    return terminal_text([*map(Text, head), Text(""), *grid, Text(""), *indented(below)])


def _named_text(profile: Profile) -> str:
    return clean("; ".join(regimen.where for regimen in profile.regimens))


def profile_json(profile: Profile, tables: Sequence[ConstraintTable], expected: Sequence[ExpectedOrgan]) -> str:
    """Show a profile for programs."""
    lines = lines_by_organ(tables, sites=(profile.site,), expected=expected)
    rows = [row for table in tables for row in rows_at(table, (profile.site,))]
    listed = {
        "schema": "sbrtcheck-profile/1",
        **profile_dict(profile),
        "organs_without_limit": [organ.organ for organ in without_limit(rows, expected)],
        "organs": [limits_dict(line) for line in lines],
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"


def profiles_text(profiles: Profiles) -> str:
    """List the profiles for people."""
    grid = ruled_table("Id", "Site", "Schedule", "Tables", "Named in")
    for profile in profiles.profiles:
        cells = (profile.id, profile.site, profile.schedule, ", ".join(profile.tables), _named_text(profile))
        grid.add_row(*map(Text, cells))
    return terminal_text([grid, Text(""), Text(clean(profiles.note))])


def profiles_json(profiles: Profiles) -> str:
    """List the profiles for programs."""
    listed = {
        "schema": "sbrtcheck-profiles/1",
        "version": profiles.version,
        "note": profiles.note,
        "profiles": [profile_dict(profile) for profile in profiles.profiles],
    }
    return json.dumps(listed, indent=2, allow_nan=False) + "\n"
