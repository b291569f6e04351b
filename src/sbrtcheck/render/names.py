"""Structures matched to organs -> text, JSON, or a names file to fill in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich.text import Text

from sbrtcheck.formatting import clean
from sbrtcheck.render.text import ruled_table, terminal_text
from sbrtcheck.structure_names import (
    Ambiguous,
    Match,
    NoMatch,
    Recipe,
    RoiName,
    Rule,
    SeparateTargets,
    StructureMatch,
    known_names,
)
from sbrtcheck.structure_names.plan_names import OrganName, PlanNames

SCHEMA = "sbrtcheck-names/1"
_HEADINGS = ("Organ", "Rows", "Contour", "By", "Type", "Codes", "Not matched")
_TEMPLATE = """\
# What the structures of a plan are called: the table's name first, then the structure's, in quotes.
# A line left with "" counts as not written: the rules of names hold.
# Of several structures with one name, say which by its ROI number: 'ROI 6'.
"""


def names_text(names: PlanNames) -> str:
    """One line an organ; then the structures that no row uses."""
    grid = ruled_table(*_HEADINGS)
    for organ in names.organs:
        cells = (organ.organ, str(len(organ.rows)), *match_cells(organ))
        grid.add_row(*(Text(clean(cell)) for cell in cells))
    return terminal_text([grid, *map(Text, _unused_lines(names))])


def match_cells(organ: OrganName) -> tuple[str, str, str, str, str]:
    """Contour, rule, type, codes and other possible matches of one organ."""
    aside = "" if organ.needed else "; not needed, another goes first"
    match organ.match:
        case Match(roi=roi, rule=rule) as matched:
            bare = "" if roi.contoured else ", no contours"
            return roi.name, f"{rule}{bare}{aside}", roi.kind, ", ".join(roi.codes), _other_matches_text(matched)
        case SeparateTargets(rois=rois):
            kinds = ", ".join(dict.fromkeys(roi.kind for roi in rois if roi.kind))
            return ", ".join(roi.name for roi in rois), f"separate targets, each on its own{aside}", kinds, "", ""
        case Recipe() as recipe:
            return _recipe_text(recipe), f"{Rule.DERIVED}{aside}", "", "", ""
        case Ambiguous(candidates=candidates):
            return "none", f"several fit equally well{aside}", "", "", ", ".join(candidates)
        case NoMatch(given=given, suggested=suggested, probable=probable):
            why = f"'{given}' was given, not in the plan" if given else ""
            return "none", f"{why}{aside}".removeprefix("; "), "", "", _suggestions_text(suggested, probable)


def _other_matches_text(matched: Match) -> str:
    """Structures that might have been matched as well, or instead."""
    empty = [f"{name} (no contours)" for name in matched.passed_over]
    return ", ".join(filter(None, (*matched.others, *empty, _suggestions_text(matched.suggested, matched.probable))))


def _suggestions_text(suggested: Sequence[str], probable: Sequence[str]) -> str:
    return ", ".join(f"{name} (probably)" if name in probable else name for name in suggested)


def _recipe_text(recipe: Recipe) -> str:
    plus, minus = (" + ".join(roi.name for roi in rois) for rois in (recipe.plus, recipe.minus))
    return f"{plus} without {minus}" if minus else plus


def _unused_lines(names: PlanNames) -> Iterator[str]:
    if names.unused:
        yield f"\nUsed by no row: {', '.join(clean(roi_text(roi)) for roi in names.unused)}"
    if names.remarks:
        yield "\nRemarks"
        yield from (f"  {clean(remark)}" for remark in names.remarks)


def roi_text(roi: RoiName) -> str:
    """Name of a structure, with its type and codes, and whether it has no contours."""
    remarks = ", ".join(filter(None, (roi.kind, *roi.codes, "" if roi.contoured else "no contours")))
    return f"{roi.name} ({remarks})" if remarks else roi.name


def names_json(names: PlanNames) -> str:
    """The same for programs."""
    as_dict = {
        "schema": SCHEMA,
        "organs": [_organ_dict(organ) for organ in names.organs],
        "unused": [_roi_dict(roi) for roi in names.unused],
        "remarks": list(names.remarks),
    }
    return json.dumps(as_dict, indent=2, allow_nan=False) + "\n"


def _organ_dict(organ: OrganName) -> dict[str, Any]:
    matched = organ.match
    return {
        "organ": organ.organ,
        "rows": list(organ.rows),
        "needed": organ.needed,
        "given": organ.given,
        "contour": _roi_dict(matched.roi) if isinstance(matched, Match) else None,
        "rule": _rule(matched),
        "targets": [_roi_dict(roi) for roi in matched.rois] if isinstance(matched, SeparateTargets) else [],
        "plus": [_roi_dict(roi) for roi in matched.plus] if isinstance(matched, Recipe) else [],
        "minus": [_roi_dict(roi) for roi in matched.minus] if isinstance(matched, Recipe) else [],
        "candidates": list(matched.candidates) if isinstance(matched, Ambiguous) else [],
        "others": list(matched.others) if isinstance(matched, Match) else [],
        "passed_over": list(matched.passed_over) if isinstance(matched, Match) else [],
        "near": list(matched.suggested) if isinstance(matched, NoMatch | Match) else [],
        "probable": list(matched.probable) if isinstance(matched, NoMatch | Match) else [],
        "given_is_missing": isinstance(matched, NoMatch) and matched.given is not None,
    }


def _rule(matched: StructureMatch) -> str:
    match matched:
        case Match(rule=rule):
            return str(rule)
        case Recipe():
            return str(Rule.DERIVED)
        case _:
            return ""


def _roi_dict(roi: RoiName) -> dict[str, Any]:
    return {
        "name": roi.name,
        "number": roi.number,
        "type": roi.kind,
        "codes": list(roi.codes),
        "contoured": roi.contoured,
    }


def names_template(names: PlanNames) -> str:
    """A names file with a line for every organ, empty but where the user gave a name; what is known as comments."""
    lines = [f"{_key(organ.organ)}: {_given_name(organ)}{_hint(organ)}" for organ in names.organs]
    others = sorted({clean(roi.name) for roi in names.unused})
    if others:
        lines += ["", "# Structures of the plan that no row uses:", *(f"#   {_yaml(name)}" for name in others)]
    return _TEMPLATE + "\n".join(lines) + "\n"


def _given_name(organ: OrganName) -> str:
    return _yaml(organ.given) if clean(organ.given).strip() else '""'


def _hint(organ: OrganName) -> str:
    """What is known, as a comment."""
    hints = "; ".join(filter(None, _hints(organ)))
    return f"  # {hints}" if hints else ""


def _hints(organ: OrganName) -> tuple[str, ...]:
    match organ.match:
        case Match(rule=Rule.GIVEN, roi=roi):
            return ("" if roi.contoured else "it has no contours",)
        case Match(roi=roi, rule=rule) as matched:
            bare = "" if roi.contoured else ", no contours"
            match_text = f"matched to: {_yaml(roi.name)} ({rule}{bare})"
            empty = f"without contours: {_names_list(matched.passed_over)}" if matched.passed_over else ""
            return (match_text, empty, *_suggestion_and_cells(matched))
        case SeparateTargets(rois=rois):
            return (f"separate targets, each on its own: {_names_list([roi.name for roi in rois])}",)
        case Recipe() as recipe:
            return (f"derived: {clean(_recipe_text(recipe))}",)
        case Ambiguous(candidates=candidates):
            return (f"fit equally well: {_names_list(candidates)}",)
        case NoMatch(given=given) as nothing:
            return ("not in the plan" if given else "", *_suggestion_and_cells(nothing))


def _suggestion_and_cells(outcome: Match | NoMatch) -> tuple[str, str]:
    """The names that are suggested."""
    close = [name for name in outcome.suggested if name not in outcome.probable]
    return (
        f"probably: {_names_list(outcome.probable)}" if outcome.probable else "",
        f"close, not matched: {_names_list(close)}" if close else "",
    )


def _key(organ: str) -> str:
    """TG-263 names need no quotes; a clinic's own names may."""
    return organ if organ in known_names() else _yaml(organ)


def _names_list(names: Sequence[str]) -> str:
    return ", ".join(map(_yaml, names))


def _yaml(text: str) -> str:
    """Text in quotes, as YAML and JSON write it; a character that does not print would end a comment."""
    return json.dumps(clean(text), ensure_ascii=False)


NAMES_FORMATS: Mapping[str, Callable[[PlanNames], str]] = MappingProxyType({"text": names_text, "json": names_json})

__all__ = ["NAMES_FORMATS", "names_json", "names_template", "names_text"]
