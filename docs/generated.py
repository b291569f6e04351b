"""Parts of the reference that the package itself knows, as Markdown: they cannot fall behind it.

A page has ``<!-- generated: commands -->`` where it wants one. A reason or finding without a meaning here breaks the
build, and so does a meaning of one that is gone.
"""

from __future__ import annotations

import ast
import inspect
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import click
import figures
from adversarial_readings import adversarial_reading_counts, adversarial_readings
from coverage_of_tables import coverage
from hazard_list import hazard_counts, hazards

import sbrtcheck
from sbrtcheck import cli
from sbrtcheck.archive.columns import IDENTITY, METRIC_ENDS, PATH, TABLES, Column, Table
from sbrtcheck.archive.few_points import WITHIN_DOSE, WITHIN_PERCENT
from sbrtcheck.dvh import Reason
from sbrtcheck.metric import WhyNoEstimate
from sbrtcheck.plan import FindingCode
from sbrtcheck.reference_data import Profile, load_profiles
from sbrtcheck.render.table_rows import printed_text
from sbrtcheck.results import ReviewCode, Verdict
from sbrtcheck.results.labels import FLAGS, SIGNS, limit_text, metric_text
from sbrtcheck.structure_names import Rule
from sbrtcheck.tables import (
    Constraint,
    ConstraintTable,
    ExpectedOrgan,
    Kind,
    Reading,
    Select,
    Site,
    Source,
    Status,
    bundled_tables,
    load_sites,
)
from sbrtcheck.tables.by_organ import rows_at, without_limit
from sbrtcheck.tables.lint_rows import ROW_CHECKS
from sbrtcheck.tables.lint_table import TABLE_CHECKS
from sbrtcheck.tables.slips import Level

Words = TypeVar("Words", bound=StrEnum)

VERDICTS = {
    Verdict.PASS: "The value meets the limit.",
    Verdict.VARIATION: "Beyond the limit, inside the acceptable variation that the source prints.",
    Verdict.FAIL: "Beyond the limit, and beyond the acceptable variation where there is one.",
    Verdict.NOT_EVALUATED: "There is no value, for the reason given. Never a pass.",
    Verdict.RISK: "A risk point: the value is reported, and neither passes nor fails.",
    Verdict.REVIEW: "Of a whole report: nothing that counts fails, and something stands against calling it a pass.",
    Verdict.MET: "A statement that is no constraint, and holds for the plan.",
    Verdict.NOT_MET: "A statement that is no constraint, and does not hold for the plan.",
}
REVIEWS = {
    ReviewCode.DOSE: (
        (
            "No target's median dose reaches 90 % of the prescription (without targets: the largest dose), or all are"
            " beyond twice of it; the prescription is not known; the dose is not physical, was given in percent, lacks"
            " planes, is negative, or was calculated in water; its points are less than 0.5 mm or at least 10 mm apart;"
            " doses of beams beside it sum to another; a file names no frame of reference."
        ),
        (
            "Is it the dose of one fraction or one beam? Export the plan's summed dose. Is the prescription another?"
            " Give it with `--rx`. Is all as it should be? `--accept-dose` judges the rows and records that."
        ),
    ),
    ReviewCode.FILES: (
        (
            "The files may be of different patients, RTPLAN and RTDOSE refer to different structure sets, a reviewer"
            " rejected a file, or the plan is for a phantom or a machine. `sbrtcheck listen`: an object came with"
            " several contents under one UID, several whole doses came for the plan, plans of several patients have its"
            " UID, or another object of the same sender was refused or broke off."
        ),
        (
            "Is it the plan that you mean, with its dose and its structures? Compare the patients of the files; no"
            " report has their names. Export all of it again, in one go, or check its files from a folder."
        ),
    ),
    ReviewCode.TABLE: (
        "`lint` finds an error in a table of your own, and `--allow-lint-errors` was given.",
        "Correct the row: without the option, the error is told with its line and a hint.",
    ),
    ReviewCode.GIVEN_NAME: (
        "A name in the names file is not the name of a structure of the plan.",
        "Correct the spelling; close names are listed. Of several structures of one name, give the number: `'ROI 6'`.",
    ),
    ReviewCode.FAILS_WITHOUT_COUNTING: (
        "A row fails that only one reader transcribed, or that is disputed.",
        "Look the number up in its source. The row is right? The plan fails it. It is wrong? Tell us, with the page.",
    ),
    ReviewCode.NOT_EVALUATED: (
        (
            "A mandatory row, a row of an organ that is expected at the site, or one of an organ that is in the plan,"
            " could not be evaluated; the line says why."
        ),
        (
            "Contour the organ; name it in a names file where it is there under another name; export it again where it"
            " is damaged. Is the site another? Give `--site`. Does your clinic expect other organs? Give `--sites`."
        ),
    ),
    ReviewCode.PART_OF_ORGAN: (
        "An organ is made of several structures, and one of them is missing or could not be measured.",
        "As above. A table of your own may call the part `optional`.",
    ),
    ReviewCode.CONTOURS: (
        (
            "Planes or contours of a structure are missing, or contours overlap so that they can be read in two ways;"
            " a part with a name of its own breaks a limit that its organ keeps, so that the organ's contour does not"
            " hold it; or the left organ of a pair lies to the right of the right one."
        ),
        (
            "Look at the structure in the planning system: fill the gap, unite the strokes, take the part in, correct"
            " the names, export it again. Is the contour right without the part? Name it in a names file. Masks and"
            " arrays: is an axis mirrored?"
        ),
    ),
    ReviewCode.OUTSIDE_GRID: (
        "A part of the structure, or of what a metric is about, lies beyond the dose grid and could change a verdict.",
        "Calculate the dose on a grid that holds the organ.",
    ),
    ReviewCode.OTHER_DVH: (
        "The DVH that the planning system stored, or exported, fails a row that passes here.",
        "Compare the two DVHs: volumes, end caps, dose grid. The report has a section on them.",
    ),
    ReviewCode.NOTHING_EVALUATED: (
        "No row that counts was evaluated, in the whole report or in one of the tables asked for.",
        "Is the table for this number of fractions? `sbrtcheck tables` lists them.",
    ),
    ReviewCode.STRICT: (
        "`--strict` was given, and bounds, other end caps or the sampling uncertainty could turn a row that counts.",
        "Decide by eye, with the bounds and the other conventions that the row shows.",
    ),
}
NO_ESTIMATES = {
    WhyNoEstimate.NO_VALUE: "The row has no value.",
    WhyNoEstimate.NOT_COMPUTED_HERE: "The DVH was stored or exported by a planning system, or is that of a sum.",
    WhyNoEstimate.WHOLE_PLAN: "The metric is of the prescription or of the whole dose grid, not of one structure.",
    WhyNoEstimate.TOO_FEW_PLANES: "Nothing tells the shape of the structure between and beyond its planes.",
    WhyNoEstimate.NO_OTHER_VALUE: (
        "Sampled otherwise, or with other ends, the metric has no value: a structure just larger than 5 cc has no D5cc"
        " without end caps."
    ),
}
REASONS = {
    Reason.STRUCTURE_MISSING: "No structure of the plan matches the organ. Close names are listed, not used.",
    Reason.STRUCTURE_AMBIGUOUS: "Several structures fit equally well; all are listed. A names file settles it.",
    Reason.STRUCTURE_EMPTY: "The structure has no closed contour with an area, or what was derived has no volume.",
    Reason.STRUCTURE_NOT_COMPUTED: "The structure is there and its DVH is not; the detail says why.",
    Reason.STRUCTURE_DAMAGED: "The file's contours of the structure cannot be read; the detail names the place.",
    Reason.GIVEN_NAME_MISSING: "The names file names a structure that the plan does not have; nothing replaces it.",
    Reason.PART_MISSING: "The organ is made of several, and what is there cannot say that all of it meets the limit.",
    Reason.CONTOURS_CONTRADICTORY: "Contours overlap in part, and the verdict depends on what the overlap means.",
    Reason.CONTOURS_INCOMPLETE: (
        "Contours are missing, so that the volume cannot meet a limit by itself; or a part of the organ that its"
        " contour does not hold breaks the limit."
    ),
    Reason.PARTLY_OUTSIDE_GRID: "A part of the structure lies outside the dose grid, and could change the verdict.",
    Reason.DOSE_NOT_OF_PLAN: "The dose is not that of the prescription: of a fraction, a beam, another plan, or empty.",
    Reason.VOLUME_TOO_SMALL: "The structure is smaller than the volume the metric asks about.",
    Reason.DOSE_GRID_MISSING: "There is no dose. Kept for readers of other sources: a plan without RTDOSE is refused.",
    Reason.PRESCRIPTION_UNKNOWN: "The row needs the prescribed dose or the number of fractions, and neither is known.",
    Reason.FRACTIONS_DO_NOT_MATCH: "The table holds for other numbers of fractions. Nothing is rescaled.",
    Reason.TARGET_VOLUME_OUTSIDE_RANGE: "The source prints no limit for a target or effective volume of this size.",
    Reason.UNDEFINED_FOR_STORED_DVH: "What a planning system stored or exported does not hold the answer.",
    Reason.UNIT_UNKNOWN: "A stored or exported DVH does not say its units, or they cannot be right.",
    Reason.ISODOSE_LEAVES_GRID: "The dose grid ends inside an isodose; what lies outside could turn the verdict.",
    Reason.NEEDS_WHOLE_PLAN: "The metric needs the whole dose grid, or all targets; one structure's DVH does not do.",
    Reason.SEX_UNKNOWN: "The limit is for men or for women, and no file says the patient's sex; --sex does.",
    Reason.SIDE_UNKNOWN: "The limit is for the organ on one side of the target; --laterality says where the target is.",
    Reason.NOT_GIVEN: "A risk model, or a rule for a sum of plans, needs what no file says; the detail names it.",
}
FINDINGS = {
    FindingCode.CONTOURS_WITHOUT_AREA: "Contours of fewer than three points were left out.",
    FindingCode.OPEN_CONTOURS_IGNORED: "Contours that are not closed enclose nothing, and were left out.",
    FindingCode.PLANE_GAP: "Contour planes are missing; the structure was treated as several parts, not bridged.",
    FindingCode.TOO_FEW_PLANES: "Contour planes so few or so far apart that contours may be missing.",
    FindingCode.OVERLAPPING_CONTOURS: "Contours of one plane are there twice and count once, or cross themselves.",
    FindingCode.CONTOURS_CONTRADICTORY: "Contours overlap in part; the union was taken, the other reading compared.",
    FindingCode.TILTED_PLANES: "Contour planes are tilted against the dose grid; bounds are wider, none are refined.",
    FindingCode.VOXEL_MASK: "The structure is a mask: its contours are the edges of its voxels.",
    FindingCode.CONTOURS_INCOMPLETE: "Contours of the structure are missing or were left out: its volume is uncertain.",
    FindingCode.PLANES_TOO_CLOSE: "Contour planes far closer than most structures' are: heights not in mm? A review.",
    FindingCode.PLANE_SPACING: "Contour planes are further apart, or closer, than those of most structures.",
    FindingCode.PLANE_BRIDGED: "A single missing plane, or a step of the images, was bridged.",
    FindingCode.SLAB_THICKNESS: "The file states how thick a contour is; it was used, or its planes tell otherwise.",
    FindingCode.PLANES_MERGED: "Contours a little apart were merged into one plane, or planes of two series into one.",
    FindingCode.STRAIGHT_BETWEEN_PLANES: "Interpolation between planes was asked for, and some planes stayed slabs.",
    FindingCode.DOSE_NOT_CUBIC: "Cubic dose was asked for, and the dose stayed trilinear.",
    FindingCode.OUTSIDE_DOSE_GRID: "A part of the structure has no dose; it counts at 0 Gy, and widens the bounds.",
    FindingCode.OUTERMOST_DOSE_PLANES: "A part lies within half a voxel beyond the outermost dose points.",
    FindingCode.PIXEL_PADDING: "The pixel data are longer than the grid needs; the excess was dropped.",
    FindingCode.SMALLER_THAN_LIMIT_VOLUME: "The row is met because the structure is small. Is the contour complete?",
    FindingCode.SMALL_FOR_THE_ORGAN: "The organ is smaller than what is to be spared of it. Is the contour complete?",
    FindingCode.NEAR_COPY: "Another structure may be the organ, or a part of it, and its value is worse.",
    FindingCode.PART_WITH_MORE: "A part with a name of its own has more than the organ. Is the contour complete?",
    FindingCode.PERHAPS_PART: "A structure that may belong to the organ would break the limit that the organ keeps.",
    FindingCode.CONTOUR_ENDS_IN_DOSE: "The contour ends where the dose is above the limit. Was it contoured on?",
    FindingCode.FRAME_UNKNOWN: "Dose or contours name no frame of reference: whether they lie in one is not known.",
    FindingCode.OTHER_FRAME: "The RTPLAN is in another frame of reference than the RTDOSE. A review.",
    FindingCode.LINKED_BY_FRAME_OF_REFERENCE: "A reference is missing; files belong together by frame of reference.",
    FindingCode.LINKED_BY_FOLDER: "References are lost; files were put together by their folder, on request.",
    FindingCode.SEVERAL_PRESCRIPTIONS: "The RTPLAN prescribes several doses; all are listed.",
    FindingCode.PRESCRIPTION_SOURCE: "The prescription given differs from that of the files.",
    FindingCode.OTHER_FRACTIONS: "The prescription given has another number of fractions than the files. A review.",
    FindingCode.OTHER_SCHEDULE: "The prescription is not that of the profile whose tables were used.",
    FindingCode.TABLE_WARNING: "Lint warns of a row of a table that is not a bundled one: it may be a slip.",
    FindingCode.SUMMED_DOSES: "The dose was summed from several files.",
    FindingCode.DOSE_OF_PARTS: "The dose is of fraction groups or beams, and whether they are all is not known.",
    FindingCode.DOSE_ACCEPTED: "What stands against the dose, which the user accepts.",
    FindingCode.DOSE_OF_SEVERAL_PLANS: "The dose is the sum of several plans, and the prescription of one. A review.",
    FindingCode.BRACHYTHERAPY: "The RTPLAN has brachytherapy, for which no bundled limit was printed. A review.",
    FindingCode.DOSE_TYPE: "The dose is not marked as physical dose. A review.",
    FindingCode.DOSE_CHANGED: "The dose was transformed, cut off or rescaled after its calculation. A review.",
    FindingCode.RELATIVE_DOSE_SCALED: "Relative dose was turned into Gy.",
    FindingCode.STORED_DVH_UNITS: "Units of a stored or exported DVH limit what can be measured, or were corrected.",
    FindingCode.STORED_DVH_CONTRADICTORY: "What a stored or exported DVH states contradicts its curve.",
    FindingCode.STORED_DVH_INCOMPLETE: "A stored or exported DVH lacks something, and what was done about it.",
    FindingCode.DERIVED_STRUCTURE: "The structure was built from others, or without a part that is not contoured.",
    FindingCode.NAME_MATCH: "Another structure was matched than the one asked for first.",
    FindingCode.SIDE_OF_TARGET: "Which of a pair of organs is on the side of the target, and what told it.",
    FindingCode.SEVERAL_TARGETS: "The plan has several targets of the kind asked for, and how they were used.",
    FindingCode.ISODOSE_LEAVES_GRID: "The dose grid ends inside an isodose; its volume is more than the value says.",
    FindingCode.FILE_SKIPPED: "Files that are no DICOM, or copies of others.",
    FindingCode.PATIENTS_DIFFER: "Patient ID, name or birth date differ: files of several patients? A review.",
    FindingCode.PATIENT_DETAILS_DIFFER: "Name, birth date, sex or zeros before the ID differ, and the rest is one.",
    FindingCode.PATIENT_NOT_STATED: "A file says nothing of whose it is, where others of the plan do.",
    FindingCode.OTHER_STRUCTURE_SET: "RTPLAN or RTDOSE refer to another structure set than the one used. A review.",
    FindingCode.REJECTED: "A reviewer rejected a file (Approval Status). A review.",
    FindingCode.NOT_FOR_A_PATIENT: "The plan is for a phantom, a machine, or refers to no structures. A review.",
    FindingCode.STRUCTURES_AFTER_DOSE: "The structures were edited after the file of the dose was made.",
    FindingCode.NO_HETEROGENEITY_CORRECTION: "The dose was calculated with the patient as water. A review.",
    FindingCode.NEGATIVE_DOSE: "The dose is negative somewhere; by more than rounding leaves, a review.",
    FindingCode.LOW_DOSES_MISSING: "Organs have parts at 0 Gy, and the grid has no low dose: was it cut off? A review.",
    FindingCode.DOSE_SPACING: "The points of the dose grid are too close or too far apart to be in mm. A review.",
    FindingCode.DOSE_PLANES_UNEVEN: "The planes of the dose are now closer, now further apart: were places rounded?",
    FindingCode.DOSE_STEP: "The dose is stored in steps of more than a hundredth of the largest dose. A review.",
    FindingCode.PARTS_DO_NOT_SUM: "Doses of beams or fraction groups beside the dose sum to another. A review.",
    FindingCode.BEYOND_MODEL: "A radiobiological model is used at doses a fraction beyond its stated range.",
    FindingCode.NOT_COMPUTED: "Something in the files is not computed by this version.",
    FindingCode.OTHER: "Anything else worth knowing.",
}
RULES = {
    Rule.GIVEN: "The user's names file says so. It wins over all other rules.",
    Rule.EXACT: "The structure has exactly that name.",
    Rule.DICTIONARY: "The clinic's dictionary says so, apart from case, blanks, `_`, `.` and the place of the side.",
    Rule.ALIAS: "The name is listed as another spelling, apart from case, blanks, `_`, `.` and the place of the side.",
    Rule.KIND: "The RT ROI Interpreted Type says so, and a target's name too; for targets and the external contour.",
    Rule.PREFIX: "A target's name as TG-263 makes them, such as `PTV_5000` or `PTVn1`; never a planner's helper.",
    Rule.CODE: "The RT ROI Identification Code says so, and the name does not speak against it.",
    Rule.DERIVED: "Nobody contoured it; it was built from structures that were.",
}


def commands() -> str:
    """Help text of every command."""
    return "\n\n".join(
        f"### `sbrtcheck {name}`\n\n```text\n{_help(command, f'sbrtcheck {name}')}\n```"
        for name, command in sorted(_all_commands(cli.main), key=lambda named: named[0])
    )


def _all_commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{before}{name}", command
        if isinstance(command, click.Group):
            yield from _all_commands(command, f"{before}{name} ")


def _help(command: click.Command, name: str) -> str:
    return command.get_help(click.Context(command, info_name=name, terminal_width=100))


def verdicts() -> str:
    """Verdicts with their meanings."""
    return _meanings("Verdict", VERDICTS)


def review_codes() -> str:
    """Reasons for a review, and what to do about each."""
    if unlike := set(REVIEWS) ^ set(ReviewCode):
        raise ValueError(f"ReviewCode: in one of enum and documentation only: {sorted(unlike)}")
    return _table(("Code", "What it says", "What to do"), ((f"`{one}`", *REVIEWS[one]) for one in ReviewCode))


def reasons() -> str:
    """Reasons why something was not measured."""
    return _meanings("Reason", REASONS)


def findings() -> str:
    """Codes of findings."""
    return _meanings("Code", FINDINGS)


def no_estimate() -> str:
    """Why there is no sampling uncertainty."""
    return _meanings("Why", NO_ESTIMATES)


def rules() -> str:
    """Rules by which a structure is matched to an organ, in their order."""
    return _meanings("Rule", RULES)


def flags() -> str:
    """Flags of a row in a report."""
    return _table(("Flag", "Meaning"), ((f"`{flag}`", meaning) for flag, meaning in FLAGS.items()))


def lint_rules() -> str:
    """Rules of lint on rows, by what the functions that hold them say; and the levels that each gives."""
    rules = (*ROW_CHECKS, *TABLE_CHECKS)
    return _table(("Looked for", "Level"), ((_first_line(rule), _levels(rule)) for rule in rules))


def _first_line(rule: Callable[..., object]) -> str:
    return (inspect.getdoc(rule) or "").splitlines()[0].rstrip(".")


def _levels(rule: Callable[..., object]) -> str:
    """The levels that a rule names, from its source."""
    names = {node.id for node in ast.walk(ast.parse(inspect.getsource(rule))) if isinstance(node, ast.Name)}
    return " or ".join(level for level in Level if str(level) in names)


def _meanings(heading: str, meanings: Mapping[Words, str]) -> str:
    everything = type(next(iter(meanings)))
    if unlike := set(meanings) ^ set(everything):
        raise ValueError(f"{everything.__name__}: in one of enum and documentation only: {sorted(unlike)}")
    return _table((heading, "Meaning"), ((f"`{one}`", meanings[one]) for one in everything))


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [[*headings]]
    cells += [["---"] * len(cells[0]), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


# -------------------------------------------------------------------------------- constraint tables


def tables() -> str:
    """Every bundled table in a line, with a link to its page."""
    headings = ("Table", "Title", "Site", "Fractions", "Rows", "Confirmed", "Disputed")
    return _table(headings, (_line(table) for table in bundled_tables()))


def _line(table: ConstraintTable) -> Iterable[str]:
    confirmed = sum(row.confirmed for row in table.rows)
    disputed = sum(row.status is Status.DISPUTED for row in table.rows)
    fractions = ", ".join(map(str, table.fractions)) or "any"
    numbers = (str(number) for number in (len(table.rows), confirmed, disputed))
    return (f"[{table.id}](../_tables/{table.id}.md)", table.title, table.site, fractions, *numbers)


_TYPES = {str: "text", float: "number", int: "whole number", bool: "true or false", list: "list of numbers"}


def result_columns() -> str:
    """Every table of an archive's results with its columns, and those that are there on request."""
    parts = [part for table, columns in TABLES.items() for part in (f"## {table.capitalize()}", _columns(columns))]
    at = parts.index(f"## {Table.STRUCTURES.capitalize()}") + 2
    ends = ", ".join(f"`METRIC{end}`" for end in METRIC_ENDS)
    parts.insert(
        at, f"And for every metric asked for: {ends}, as of `DVHSet.to_records`: value, bounds, why there is none."
    )
    within = (
        f"Read linearly, the volume is within {WITHIN_PERCENT:g} % of the structure's volume of that of the whole DVH,"
        f" at this dose or one that is within {WITHIN_DOSE:g} of the largest dose from it. Bounds hold at the points."
    )
    more = ("## With identity", _columns(IDENTITY), "## With paths", _columns(PATH))
    return "\n\n".join((*parts, within, *more))


def _columns(columns: Sequence[Column]) -> str:
    lines = ((f"`{one.name}`", _TYPES[one.type], _escaped(one.says)) for one in columns)
    return _table(("Column", "Type", "What it says"), lines)


def profiles() -> str:
    """Every ready profile: its schedule, where that is named, its tables, and organs without a limit that counts."""
    by_id = {table.id: table for table in bundled_tables()}
    shipped = load_profiles()
    headings = ("Profile", "Schedule", "Named in", "Tables", "Expected organs without a limit that counts", "Note")
    lines = (_profile(profile, [by_id[id_] for id_ in profile.tables]) for profile in shipped.profiles)
    return f"{_escaped(shipped.note)}\n\n{_table(headings, lines)}"


def _profile(profile: Profile, tables: Iterable[ConstraintTable]) -> Iterable[str]:
    rows = [row for table in tables for row in rows_at(table, (profile.site,))]
    lacking = ", ".join(organ.organ for organ in without_limit(rows, load_sites().site(profile.site).expects))
    named = "; ".join(regimen.where for regimen in profile.regimens)
    cells = (f"{profile.schedule}, {profile.site}", named, ", ".join(profile.tables), lacking or "none", profile.note)
    return (f"`{profile.id}`", *map(_escaped, cells))


def sites() -> str:
    """Every shipped site: which organs a plan of it is expected to have contoured, and what asks for each."""
    shipped = load_sites()
    version = f"Version {shipped.version} of the list. {_escaped(shipped.note)}"
    return "\n\n".join([version, *(part for site in shipped.sites for part in _site(site))])


def _site(site: Site) -> Iterator[str]:
    yield f"## {site.title}"
    yield f"Site `{site.id}`."
    yield _expected(site.expects)
    if site.note:
        yield _escaped(site.note)


def _expected(organs: Iterable[ExpectedOrgan]) -> str:
    lines = ((_escaped(one.organ), _escaped(_names(one)), _escaped(_ground(one))) for one in organs)
    return _table(("Organ", "Contoured as", "Ground"), lines)


def _names(organ: ExpectedOrgan) -> str:
    """``Lungs, or Lung_L + Lung_R``."""
    whole = ", ".join(name for name in organ.structures if name not in organ.together)
    return " or ".join(filter(None, (whole, " + ".join(organ.together))))


def _ground(organ: ExpectedOrgan) -> str:
    return _cited(organ.source) if organ.source else f"Choice: {organ.choice}"


def table_pages() -> dict[str, str]:
    """A page for every bundled table: limits, sources, who read them, what is disputed."""
    return {table.id: "\n\n".join(_page(table)) + "\n" for table in bundled_tables()}


def _page(table: ConstraintTable) -> Iterator[str]:
    yield f"# {table.id}"
    yield f"{table.title}. Version {table.version}, for {table.fractions_text()}; site {table.site}."
    if table.note:
        yield _escaped(table.note)
    yield "## Limits"
    headings = ("Row", "Organ", "Structure", "Metric", "Limit", "Printed in", "Readings")
    yield _table(headings, (_row(row) for row in table.rows))
    for row in table.rows:
        yield from _steps(row)
    yield from _list("Disputed", (_noted(row) for row in table.rows if row.status is Status.DISPUTED))
    noted = (row for row in table.rows if row.note and row.status is not Status.DISPUTED)
    yield from _list("Notes", map(_noted, noted))
    if table.expects:
        yield "## Organs expected to be contoured"
        yield _expected(table.expects)
    items = ((f"{item.text} ({_cited(item.source)})", item.site) for item in table.for_clinician)
    yield from _list("For the clinician", (_escaped(f"{text}{_only(site)}") for text, site in items))
    yield from _list("Sources", (_escaped(_cited(source)) for source in table.sources))
    yield from _evidence(table)


def _evidence(table: ConstraintTable) -> Iterator[str]:
    """What was read of each number, row by row, then the documents."""
    yield "## Evidence"
    yield "What documents print for each number. The documents are listed below, by the same short names."
    readings = [reading for row in table.rows for reading in row.readings]
    for row in table.rows:
        yield f"### {row.id}"
        yield _reading_table(row.readings)
        yield from (f"Not confirmed: {_escaped(doubt)}." for doubt in row.doubts)
    for item in table.for_clinician:
        if item.readings:
            readings += item.readings
            yield f"### {_escaped(item.text)}"
            yield _reading_table(item.readings)
    documents = {reading.document.key: reading.document for reading in readings}
    lines = (
        f"`{key}`: {one.title}. {one.address}. Repeats {one.transcribes}; made by {one.reader}. {one.note}".strip()
        for key, one in sorted(documents.items())
    )
    yield from _list("Documents read", map(_escaped, lines))


def _reading_table(readings: Sequence[Reading]) -> str:
    headings = ("Number", "Says", "Printed there", "Document", "Place", "Read on", "Note")
    cells = (
        (one.number, str(one.says), printed_text(one), f"`{one.document.key}`", one.place, str(one.read_on), one.note)
        for one in readings
    )
    return _table(headings, (map(_escaped, line) for line in cells))


def _list(heading: str, lines: Iterable[str]) -> Iterator[str]:
    if items := [f"- {line}" for line in lines]:
        yield f"## {heading}"
        yield "\n".join(items)


def _noted(row: Constraint) -> str:
    return f"`{row.id}`: {_escaped(row.note)}"


def _row(row: Constraint) -> Iterable[str]:
    printed_in = f"{row.source.citation}, {row.source.where}"
    return (
        f"`{row.id}`{_marks(row)}",
        _escaped(row.organ),
        _structures(row),
        f"`{metric_text(row)}`",
        _limit(row),
        _escaped(printed_in),
        _escaped(_read(row)),
    )


def _limit(row: Constraint) -> str:
    if row.steps:
        return f"{SIGNS[row.sense]} by the volume of the target, below"
    if row.veff_steps:
        return f"{SIGNS[row.sense]} by the effective volume, below"
    return f"`{limit_text(row)}` {row.metric.unit}"


def _steps(row: Constraint) -> Iterator[str]:
    """Limits by a volume, in a table of their own."""
    sign, unit = SIGNS[row.sense], row.metric.unit
    if row.steps:
        yield f"`{row.id}`, `{row.metric}` by the volume of the target; linear between the lines, no rule outside:"
        headings = ("Target [cc]", f"Limit [{unit}]", "Acceptable variation")
        lines = ((step.volume_cc, step.limit, step.acceptable) for step in row.steps)
        yield _table(
            headings, ((f"{cc:g}", f"{sign} {a:g}", "" if b is None else f"{sign} {b:g}") for cc, a, b in lines)
        )
    if row.veff_steps:
        yield f"`{row.id}`, `{row.metric}` by the effective volume; up to the last line:"
        steps = ((f"up to {step.veff_percent:g}", f"{sign} {step.limit:g}") for step in row.veff_steps)
        yield _table(("Effective volume [%]", f"Limit [{unit}]"), steps)


def _marks(row: Constraint) -> str:
    marks = [
        "mandatory" if row.mandatory else "",
        "disputed" if row.status is Status.DISPUTED else "",
        "" if row.kind is Kind.LIMIT else str(row.kind),
        "met by a smaller structure" if row.volume_threshold else "",
        _only(row.site).strip(" ."),
    ]
    return "".join(f"<br>{mark}" for mark in marks if mark)


def _only(site: str) -> str:
    return f" For plans of site {site} only." if site else ""


def _structures(row: Constraint) -> str:
    joined = {Select.EACH: ", ", Select.UNION: " + ", Select.FIRST: " or "}[row.select]
    return _escaped(joined.join(f"{name} (optional)" if name in row.optional else name for name in row.structures))


def _read(row: Constraint) -> str:
    verdict = "confirmed" if row.confirmed else "unconfirmed"
    return f"{verdict}: {'; '.join(row.confirmed_by)}" if row.confirmed_by else verdict


def _cited(source: Source) -> str:
    doi = f", doi {source.doi}" if source.doi else ""
    return f"{source.citation}, {source.where}{doi}"


def _escaped(text: str) -> str:
    return text.replace("*", "\\*").replace("_", "\\_").replace("<", "\\<")


SOURCE = Path(sbrtcheck.__file__).parent
LAYERS = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]


def layers() -> str:
    """The layers of the package as the contract has them, the highest first."""
    contract = next(one for one in LAYERS["contracts"] if one.get("containers") == ["sbrtcheck"])
    return "```text\n" + "\n".join(contract["layers"]) + "\n```"


def modules() -> str:
    """One line a module: what its docstring begins with; packages in alphabetical order, each with its modules."""
    lines = []
    for path in sorted(SOURCE.rglob("*.py"), key=_module_parts):
        *package, name = _module_parts(path)
        summary = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]
        lines.append(f"{'  ' * len(package)}- `{name}`: {summary}")
    return "\n".join(lines)


def _module_parts(path: Path) -> tuple[str, ...]:
    """Names from the package down to the module, ``("dicom", "dose")``; the package itself goes before its modules."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return (parts[:-1] if parts[-1] == "__init__" else parts) or ("sbrtcheck",)


PARTS: Mapping[str, Callable[[], str]] = {
    part.__name__: part
    for part in (
        *(
            commands,
            verdicts,
            review_codes,
            reasons,
            findings,
            rules,
            flags,
            tables,
            sites,
            layers,
            modules,
            lint_rules,
        ),
        *(coverage, profiles, result_columns),
        *(figures.errors_by_size, figures.errors_by_spacing, figures.far_off, figures.between_tools),
        *(figures.sampling_coverage, no_estimate, hazard_counts, hazards),
        *(adversarial_reading_counts, adversarial_readings),
    )
}

if __name__ == "__main__":
    sys.stdout.write(PARTS[sys.argv[1]]() + "\n")
