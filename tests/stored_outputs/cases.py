"""What is run for the stored outputs: commands, and calls of public functions, all on the bundled examples.

A command runs in a folder of its own that holds copies of ``examples/plans``, ``examples/exports`` and the two example
files, so every path in its output is relative. A call runs in ``examples`` and uses names that
``docs/reference/python.md`` promises, nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import sbrtcheck
import sbrtcheck.api
import sbrtcheck.archive
import sbrtcheck.dicom
import sbrtcheck.dvh
import sbrtcheck.metric
import sbrtcheck.reference_data.scores
import sbrtcheck.render
import sbrtcheck.tables
import sbrtcheck.tables.lint
from sbrtcheck import radiobiology
from sbrtcheck.comparison import compare_with
from sbrtcheck.dose_accumulation import Course, accumulate
from sbrtcheck.judge import Risk, risks
from sbrtcheck.metric.plan_indices import measure_index

LUNG, LIVER = "plans/lung-50gy-5fx", "plans/liver-45gy-3fx"
EXPORT, CLINIC = "exports/lung-50gy-5fx.txt", "my-clinic.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Argument lists, run one after the other; ``files`` and ``copies`` are put into the folder before.

    ``needs`` names libraries whose version shows in the bytes: with another version the case is left out.
    """

    argvs: tuple[tuple[str, ...], ...]
    files: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


def command(line: str, *more: str, needs: tuple[str, ...] = (), **files: str) -> Commands:
    """Commands as one would type them, no quotes; ``names="..."`` is a file ``names.yaml``."""
    argvs = tuple(tuple(one.split()) for one in (line, *more))
    return Commands(argvs=argvs, files={f"{name}.yaml": text for name, text in files.items()}, needs=needs)


BAD_TABLE = """\
id: bad
version: "1.0.0"
title: Rows with mistakes
site: lung
fractions: [5]
sources:
  - {key: paper, citation: A paper, where: Table 1}
rows:
  - {id: a, organ: Heart, structure: Heart, metric: D95, below: 20, source: {cite: paper, where: Table 1}}
  - {id: a, organ: Heart, structure: Hart, metric: "Max[Gy]", below: -1, source: {cite: nobody, where: Table 1}}
"""
ODD_TABLE = """\
id: odd
version: "1.0.0"
title: Rows that are odd
site: lung
fractions: [5]
sources:
  - {key: paper, citation: A paper, where: Table 1}
rows:
  - id: wrong-way
    organ: Heart
    structure: Heart
    metric: D3cc[Gy]
    at_least: 20
    source: {cite: paper, where: Table 1}
    confirmed_by: [one, two]
  - id: larger
    organ: Heart
    structure: Heart
    metric: D15cc[Gy]
    below: 32
    source: {cite: paper, where: Table 1}
    confirmed_by: [one, two]
  - id: smaller
    organ: Heart
    structure: Heart
    metric: Max[Gy]
    below: 30
    source: {cite: paper, where: Table 1}
    confirmed_by: [one, two]
"""
PLAN_KEYS = {"sbrtcheck-plan-keys.txt": f"{'5' * 64}\n"}
TWO_TABLES = "--table rtog-0813 --table timmerman-2022-5fx"
PDF = ("reportlab", "matplotlib", "zlib")

COMMANDS: dict[str, Commands] = {
    # check: formats
    "check-lung-text": command(f"check {LUNG} --site lung"),
    "check-lung-json": command(f"check {LUNG} --table rtog-0813 --format json"),
    "check-lung-markdown": command(f"check {LUNG} {TWO_TABLES} --format markdown"),
    "check-lung-csv": command(f"check {LUNG} --table rtog-0813 --table rtog-conformity --format csv --out rows.csv"),
    "check-liver-text": command(f"check {LIVER} --site liver"),
    "check-liver-json": command(f"check {LIVER} --site liver --format json"),
    "check-liver-html": command(f"check {LIVER} --site liver --format html"),
    "check-lung-html": command(f"check {LUNG} --table rtog-0813 --format html --out report.html"),
    "check-liver-pdf": command(f"check {LIVER} --site liver --format pdf --out report.pdf", needs=PDF),
    # check: what is judged
    "check-own-table": command(f"check {LIVER} --table {CLINIC} --table tg101-3fx --strict --format csv"),
    "check-names": command(
        f"check {LUNG} --table rtog-0813 --names names.yaml", names="SpinalCord: Esophagus\nHeart: GreatVes\n"
    ),
    "check-by-table": command(f"check {LUNG} {TWO_TABLES} --group table --near 10"),
    "check-unconfirmed": command(f"check {LUNG} {TWO_TABLES} --strict --include-unconfirmed"),
    "check-profile": command(f"check {LUNG} --profile lung-50gy-5fx --rx 55Gy/5"),
    "check-other-rx": command(f"check {LIVER} --table {CLINIC} --rx 60Gy/3"),
    "check-accepted-dose": command(f"check {LIVER} --table {CLINIC} --rx 60Gy/3 --accept-dose --format json"),
    "check-other-fractions": command(f"check {LUNG} --table tg101-3fx --rx 48Gy/4 --format markdown"),
    # check: how DVHs come about
    "check-no-end-caps": command(f"check {LUNG} {TWO_TABLES} --end-caps none --format csv"),
    "check-capped": command(f"check {LIVER} --table {CLINIC} --end-caps capped --strict"),
    "check-interpolated": command(f"check {LUNG} --table rtog-0813 --slice-interpolation interpolated --format csv"),
    "check-cubic": command(f"check {LUNG} --table rtog-0813 --table rtog-conformity --dose cubic --format csv"),
    "check-export": command(f"check --dvh {EXPORT} --table rtog-0813"),
    "check-export-json": command(f"check --dvh {EXPORT} --table nccn-lung-5fx --format json"),
    "check-against-export": command(f"check {LUNG} --table rtog-0813 --against {EXPORT}"),
    "check-stored-dvhs": Commands(
        argvs=(
            ("dvh", LUNG, "--format", "rtdose", "--out", "stored/rtdose.dcm"),
            ("check", "stored", "--table", "rtog-0813", "--dvhs", "stored"),
            ("dvh", "stored", "--dvhs", "stored"),
        ),
        copies={f"stored/{name}": f"{LUNG}/{name}" for name in ("rtplan.dcm", "rtstruct.dcm")},
    ),
    # other commands on plans
    "compare-text": command(f"compare {LUNG} {LUNG} --table tg101-5fx --rx - --rx 48Gy/4"),
    "compare-three": command(f"compare {LUNG} {LIVER} {LUNG} --table rtog-conformity --rx - --rx - --rx 48Gy/4"),
    "compare-json": command(f"compare {LIVER} {LUNG} --table {CLINIC} --format json"),
    "sum-rule": command(f"sum {LUNG} {LIVER} --table hytec-reirradiation --interval-months 8 --frames-agree"),
    "sum-statements": command(f"sum {LUNG} {LIVER} --table pelvis-reirradiation --frames-agree"),
    "sum-alpha-beta": command(
        f"sum {LUNG} {LIVER} --alpha-beta SpinalCord=2 --alpha-beta Heart=3 --recovery 0.25 --frames-agree",
        f"sum {LUNG} {LIVER} --alpha-beta SpinalCord=2.5 --rx 48Gy/4 --rx - --frames-agree --format json",
    ),
    "dvh-text": command(f"dvh {LUNG}", f"dvh {LIVER} --structure Liver --structure PTV --end-caps none"),
    "dvh-csv": command(f"dvh {LUNG} --structure SpinalCord --format csv"),
    "dvh-json": command(f"dvh {LIVER} --format json --out curves.json"),
    "names": command(
        f"names {LIVER} --table tg101-3fx",
        f"names {LIVER} --table {CLINIC} --format json",
        f"names {LUNG} --table rtog-0813 --template -",
    ),
    "risk": command(
        f"risk {LUNG} --tumour nsclc --diameter-cm 2.5",
        f"risk {LIVER} --site liver",
        f"risk {LIVER} --tumour liver-metastasis --format json",
    ),
    "trend": Commands(
        argvs=(
            ("batch", "plans", "--table", "rtog-0813", "--table", CLINIC, "--jobs", "1", "--out", "all.csv"),
            ("trend", "all.csv", "--out", "trend.html"),
            ("summary", "all.csv", "--format", "html", "--out", "summary.html"),
            ("summary", "all.csv"),
            ("summary", "all.csv", "--format", "json"),
        ),
        files=PLAN_KEYS,
    ),
    "batch": Commands(
        argvs=(
            (
                *("batch", "plans", "--site", "lung", "--table", "rtog-0813", "--table", CLINIC, "--jobs", "1"),
                *("--with-paths", "--with-identity", "--metrics", "D95%[Gy], D700cc[Gy]", "--out", "all.csv"),
            ),
        ),
        files=PLAN_KEYS,
    ),
    # tables and lists
    "tables": command("tables"),
    "tables-json": command("tables --format json"),
    "tables-that-hold": command("tables --site lung --fractions 8", "tables --site liver --fractions 6 --format json"),
    "tables-profiles": command("tables --profiles", "tables --profile lung-48gy-4fx"),
    "lint": command(
        f"lint tg101-3fx tg101-5fx {CLINIC}", "lint odd.yaml --strict", "lint bad.yaml", odd=ODD_TABLE, bad=BAD_TABLE
    ),
    "import": command("import clinic-template.csv --from plancheck --id my-lung --fractions 5 --out my-lung.yaml"),
    "bed": command("bed 48 6 --alpha-beta 10", "bed 50 5 --alpha-beta 3"),
    "regimens": command("regimens --site lung", "regimens --site liver --format json"),
    "score": command(
        "score metabank --male --synchronous --kps 90",
        "score de-vin --format json",
        "score oligometastatic --count 3 --timing metachronous",
    ),
    # errors, and what click says
    "errors-plans": Commands(
        argvs=(
            ("check", "nowhere", "--site", "lung"),
            ("check", "no-plan", "--site", "lung"),
            ("check", "no-dose", "--site", "lung"),
            ("check", "plans", "--site", "lung"),
            ("check", LUNG, "--table", "rtog-0813", "--dvhs", "stored"),
            ("check", LUNG, "--site", "lung", "--rx", "lots"),
            ("check", LUNG, "--site", "lung", "--plan", "1.2.3"),
            ("check", "--dvh", "no-plan/notes.txt", "--table", "rtog-0813"),
            ("dvh", LUNG, "--structure", "Nothing"),
            ("sum", LUNG, LIVER, "--alpha-beta", "SpinalCord=2"),
            ("sum", LUNG, LUNG, "--alpha-beta", "SpinalCord=2"),
            ("batch", "no-plan", "--site", "lung", "--jobs", "1", "--out", "all.csv"),
        ),
        files={"no-plan/notes.txt": "Nothing of a plan.\n"},
        copies={f"no-dose/{name}": f"{LUNG}/{name}" for name in ("rtplan.dcm", "rtstruct.dcm")},
    ),
    "errors-tables": command(
        f"check {LUNG} --table rtog-0831",
        f"check {LUNG} --table nowhere.yaml",
        f"check {LUNG} --table bad.yaml",
        f"check {LUNG} --table rtog-0813 --names names.yaml",
        f"check {LUNG} --site knee",
        f"check {LUNG}",
        "import bad.yaml --from plancheck --fractions 5",
        bad=BAD_TABLE,
        names="SpinalCord: Nobody\n",
    ),
    "errors-options": command(
        f"check {LUNG} --format word",
        f"check {LUNG} --nothing",
        "check",
        "bed 48 none --alpha-beta 10",
        "bed 48 6",
        "cheque",
        needs=("click",),
    ),
    "help": command("--help", "check --help", "--version", needs=("click",)),
}


# ------------------------------------------------------------------------------- calls of public functions


def steady(text: str) -> str:
    """The text, numbers with eight decimals or more rounded to ten digits: the last ones are the processor's."""
    return re.sub(
        r"(?<![\w.])\d+\.\d{8,}(?:e[-+]?\d+)?(?![\w.])", lambda one: repr(float(f"{float(one[0]):.10g}")), text
    )


def said(value: object) -> str:
    """A value's repr, steady."""
    return steady(re.sub(r"np\.float64\(([^()]*)\)", r"\1", repr(value)))


def lines(values: Iterable[object]) -> str:
    """A value a line; text as it is."""
    return "".join(f"{value if isinstance(value, str) else said(value)}\n" for value in values)


@cache
def plan(folder: str = LUNG) -> sbrtcheck.Plan:
    """The bundled plan, read once."""
    return sbrtcheck.load_plan(folder)


@cache
def dvhs(folder: str = LUNG) -> sbrtcheck.DVHSet:
    """Its DVHs, computed once."""
    return sbrtcheck.compute_dvhs(plan(folder))


def as_json(value: object) -> str:
    """JSON as `Report.to_dict` is made for."""
    return json.dumps(value, indent=1, allow_nan=False) + "\n"


def call_check() -> str:
    """`check` with a table of one's own and a mapping of names."""
    report = sbrtcheck.check(LIVER, CLINIC, names={"SpinalCord": "Stomach"}, strict=True, end_caps="none")
    return lines([report.verdict, *report.reasons, *report.failing]) + as_json(report.to_dict())


def call_evaluate() -> str:
    """`evaluate` on DVHs that are there, and every outcome in short."""
    tables = [sbrtcheck.load_table(name) for name in ("tg101-5fx", "review-text")]
    report = sbrtcheck.evaluate(tables, dvhs(), site="lung", include_unconfirmed=True)
    return lines(
        value
        for one in report.outcomes
        for value in (
            (one.table_id, one.row_id, one.organ, one.contour, one.rule, one.measurement, one.verdict, one.reason),
            (one.detail, one.margin, one.limit_used, one.percent_of_limit, one.borderline, one.convention_sensitive),
            (one.counts, one.applies, one.outside_percent, one.lacking, *one.findings),
        )
    ) + lines([report.verdict, dict(report.tally()), *report.reasons, *report.all_findings()])


def call_formats() -> str:
    """A report by each function of `FORMATS`; those that are long as a digest."""
    report = sbrtcheck.evaluate(sbrtcheck.load_table("hytec-lung"), dvhs())
    texts = {name: sbrtcheck.render.FORMATS[name](report) for name in ("text", "markdown", "csv", "json", "html")}
    return lines(f"--- {name}\n{text if name != 'html' else digest(steady(text))}" for name, text in texts.items())


def digest(text: str | bytes) -> str:
    """What stands for a long text; the program's version is no part of it."""
    data = text.encode("utf-8") if isinstance(text, str) else text
    shown = data.replace(f"sbrtcheck {sbrtcheck.__version__}".encode(), b"sbrtcheck <version>")
    return f"sha256 {hashlib.sha256(shown).hexdigest()}, {len(shown)} bytes\n"


def call_records() -> str:
    """`Report.to_records`."""
    return lines(sbrtcheck.check(LIVER, "liver-critical-volume-3fx").to_records())


def call_plan() -> str:
    """What `load_plan` reads of both plans."""
    return lines(
        value
        for one in (plan(), plan(LIVER))
        for value in (
            (one.label, one.prescription, one.uids, *one.findings),
            (one.dose.values_gy.shape, one.dose.spacing_mm, one.dose.max_gy, one.dose.origin_mm.tolist()),
            *((part.number, part.name, part.kind, part.codes, part.is_contoured) for part in one.structures),
        )
    )


def call_dvhs() -> str:
    """Volumes and doses of all structures of both plans, and what has no DVH."""
    return lines(
        value
        for each in (dvhs(), dvhs(LIVER))
        for value in (
            each.model,
            dict(each.provenance),
            *(
                (dvh.name, dvh.number, dvh.volume, dvh.min_gy, dvh.mean_gy, dvh.max_gy, *dvh.findings)
                for dvh in each.dvhs
            ),
            *each.without,
            *each.findings,
        )
    )


def call_curves() -> str:
    """Curves and their bounds at a few doses and volumes, and their points."""
    doses = (0.0, 1.0, 5.0, 20.0, 40.0, 50.0, 60.0, 80.0)
    return lines(
        (
            (dvh.name, which, len(curve.dose_gy), [float(curve.volume_at(dose)) for dose in doses])
            if by == "dose"
            else (dvh.name, which, [float(curve.dose_at(dvh.volume * share)) for share in (0.02, 0.5, 0.95)])
        )
        for dvh in (*dvhs().dvhs, *dvhs(LIVER).dvhs)
        for which, curve in (("curve", dvh.curve), ("lower", dvh.lower), ("upper", dvh.upper))
        for by in ("dose", "volume")
    )


def call_models() -> str:
    """The same few structures under every other model of contours and dose."""
    asked = [{"end_caps": "none"}, {"end_caps": "capped"}, {"between": "interpolated"}, {"dose": "cubic"}]
    return lines(
        (options, dvh.name, dvh.volume, dvh.mean_gy, dvh.max_gy, sbrtcheck.measure("D50%[Gy]", dvh))
        for options in asked
        for dvh in sbrtcheck.compute_dvhs(plan(), ["PTV", "SpinalCord", "Heart"], **options).dvhs
    )


METRICS = [
    "D95%[%Rx]",
    "D0.035cc[Gy]",
    "D2%[Gy]",
    "DC10cc[Gy]",
    "V20Gy[%]",
    "V100%Rx[cc]",
    "CV15Gy[cc]",
    "VS5Gy[cc]",
    "Mean[Gy]",
    "Median[%Rx]",
    "Max[Gy]",
    "Min[Gy]",
    "gEUD(a=2)[Gy]",
    "Volume[cc]",
    "D5000cc[Gy]",
]


def call_measure() -> str:
    """Every kind of metric on an organ and the target, as dose and as EQD2."""
    return lines(
        (dvh.name, metric, sbrtcheck.measure(metric, dvh))
        for dvh in (
            *(dvhs()[name] for name in ("PTV", "Lungs-ITV", "SpinalCord")),
            dvhs()["Heart"].to_eqd2(alpha_beta_gy=3.0),
        )
        for metric in METRICS
    )


def call_indices() -> str:
    """Plan indices of both plans."""
    asked = ("R100%[ratio]", "R50%[ratio]", "GI[ratio]", "CI_RTOG[ratio]", "CI_Paddick[ratio]")
    asked += ("D2cm[%Rx]", "V105%Rx_outside_PTV[%PTV]")
    return lines(
        (folder, index, measure_index(index, dvhs(folder), "PTV")) for folder in (LUNG, LIVER) for index in asked
    )


def call_export() -> str:
    """A text export: its DVHs, its report, and how far it is from ours."""
    theirs = sbrtcheck.load_dvh_export(EXPORT)
    report = sbrtcheck.evaluate(sbrtcheck.load_table("rtog-0813"), dvhs())
    compared = compare_with(report, theirs, other="an export")
    ours = {dvh.name: dvh for dvh in dvhs().dvhs}
    return lines(
        [theirs.prescription, dict(theirs.provenance), *theirs.without, *theirs.findings]
        + [(dvh.name, dvh.volume, dvh.volume_unit, dvh.mean_gy, dvh.max_gy) for dvh in theirs.dvhs]
        + [(dvh.name, sbrtcheck.dvh.curve_distance(ours[dvh.name], dvh)) for dvh in theirs.dvhs if dvh.name in ours]
        + [(one.name, one.curves, len(one.metrics)) for one in compared.structures]
        + [*compared.without, *compared.verdicts, compared.same_verdicts, *compared.remarks]
    )


def call_compare() -> str:
    """`api.compare`: rows and structures of two plans."""
    found = sbrtcheck.api.compare(LUNG, LUNG, "rtog-0813", prescriptions=[None, "54Gy/5"])
    return lines(
        [
            *(
                (one.table_id, one.constraint.id, one.organ, one.better, one.within_bands, one.why)
                for one in found.rows
            ),
            *(
                (one.name, one.curves, [(str(each.metric), each.difference) for each in one.metrics])
                for one in found.structures
            ),
            dict(found.tally()),
            *found.without,
            *found.remarks,
        ]
    )


def call_courses() -> str:
    """`dose_accumulation.accumulate` and `sbrtcheck.accumulate`."""
    courses = [
        Course(plan=plan()),
        Course(plan=plan(LIVER), recovery=0.25),
    ]
    together = accumulate(courses, {"SpinalCord": 2.0, "Heart": 3.0}, frames_agree=True)
    asked = ("D0.035cc[Gy]", "Mean[Gy]", "D50%[Gy]")
    summed = sbrtcheck.accumulate([LUNG, LIVER], {"SpinalCord": 2.0}, frames_agree=True, prescriptions=["48Gy/4", None])
    return lines(
        [(dvh.name, dvh.quantity, metric, sbrtcheck.measure(metric, dvh)) for dvh in together.dvhs for metric in asked]
        + [*together.findings, type(summed).__name__]
    )


def call_tables() -> str:
    """Every bundled table: rows, sources, points on curves."""
    return lines(
        value
        for table in sbrtcheck.tables.bundled_tables()
        for value in (
            (table.id, table.version, table.site, table.fractions, table.sha256, len(table.sources)),
            (len(table.expects), len(table.for_clinician), [str(row.metric) for row in table.rows]),
        )
    )


def call_own_table() -> str:
    """A table of one's own, row by row, and the sites."""
    table, sites = sbrtcheck.load_table(CLINIC), sbrtcheck.load_sites()
    return lines(
        [*table.sources, *table.rows, sites.version, *((one.id, one.title, one.expects) for one in sites.sites)]
    )


def call_lint() -> str:
    """What `lint_files` remarks."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("odd.yaml", "bad.yaml")]
        for file, text in zip(files, (ODD_TABLE, BAD_TABLE), strict=True):
            file.write_text(text, encoding="utf-8")
        remarks = sbrtcheck.tables.lint.lint_files([*files, CLINIC, "tg101-1fx", "tg101-3fx", "tg101-5fx"])
    return lines((Path(one.file).name, one.line, one.level, one.what, one.hint) for one in remarks)


def call_metrics() -> str:
    """How metrics are read and written back."""
    texts = (
        "d 95 % (%)",
        "V20Gy_cc",
        "mean dose [gy]",
        "D0,03cc[cGy]",
        "V95%[%]",
        "gEUD(a=3)[Gy]",
        "VS10Gy[cm3]",
        "R50%[ratio]",
    )
    return lines((text, str(parsed), parsed) for text in texts for parsed in [sbrtcheck.metric.parse(text)])


def call_fractionation() -> str:
    """Functions of `radiobiology`, each on the same few courses."""
    course = {"fractions": [3, 5, 8], "alpha_beta_gy": 3.0}
    usc = {"alpha_per_gy": 0.33, "d0_gy": 1.25, "dq_gy": 1.8}
    days = {"days": 20, "kick_off_days": 14, "alpha_per_gy": 0.3, "doubling_days": 3.0}
    twice = {"fractions_per_day": 2, "interval_h": 6.0, "half_time_h": 1.5}
    total = [45.0, 50.0, 60.0]
    made: dict[str, object] = {
        "bed": sbrtcheck.bed(total, **course),
        "eqd2": sbrtcheck.eqd2(total, **course),
        "total_dose_for_bed": radiobiology.total_dose_for_bed(total, **course),
        "total_dose_for_eqd2": radiobiology.total_dose_for_eqd2(total, **course),
        "bed_of_eqd2": radiobiology.bed_of_eqd2(total, alpha_beta_gy=3.0),
        "eqd2_of_bed": radiobiology.eqd2_of_bed(total, alpha_beta_gy=3.0),
        "isoeffective_dose": radiobiology.isoeffective_dose(total, new_fractions=10, **course),
        "fractions_for_bed": radiobiology.fractions_for_bed(total, dose_per_fraction_gy=4.0, alpha_beta_gy=10.0),
        "lql_bed": radiobiology.lql_bed(total, transition_gy=6.0, **course),
        "lql_total_dose_for_bed": radiobiology.lql_total_dose_for_bed(total, transition_gy=6.0, **course),
        "usc_bed": radiobiology.usc_bed(total, fractions=5, **usc),
        "usc_total_dose_for_bed": radiobiology.usc_total_dose_for_bed(total, fractions=5, **usc),
        "usc_alpha_beta_gy": radiobiology.usc_alpha_beta_gy(**usc),
        "usc_transition_gy": radiobiology.usc_transition_gy(**usc),
        "incomplete_repair_factor": radiobiology.incomplete_repair_factor(**twice),
        "bed_with_incomplete_repair": radiobiology.bed_with_incomplete_repair(total, **course, **twice),
        "bed_with_repopulation": radiobiology.bed_with_repopulation(total, **course, **days),
        "findings_for": [str(one) for one in radiobiology.findings_for(60.0, fractions=3)],
    }
    return lines((name, value.tolist() if hasattr(value, "tolist") else value) for name, value in made.items())


def call_risks() -> str:
    """Risks of both plans, and scores of patients."""
    scores = sbrtcheck.reference_data.scores
    patient = {"male": True, "synchronous": False, "non_adenocarcinoma": True}
    found = [
        *risks(dvhs(), tumour="nsclc", diameter_cm=2.5),
        *risks(dvhs(LIVER), tumour="liver-primary"),
        *risks(dvhs(LIVER), tumour="liver-metastasis"),
    ]
    return lines(
        [
            *(
                (one.probability, one.dose, one.scale, one.contour, [str(each) for each in one.findings])
                if isinstance(one, Risk)
                else (one.reason, one.detail)
                for one in found
            ),
            scores.metabank(brain_metastases=False, kps=80, **patient),
            scores.de_vin(intracranial=True, **patient),
            scores.oligometastatic(4, "synchronous"),
        ]
    )


def call_batch() -> str:
    """`archive.batch` of both plans: the summary, and the table."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sbrtcheck-plan-keys.txt").write_text(f"{'5' * 64}\n", encoding="utf-8")
        options = sbrtcheck.archive.Options(tables=(sbrtcheck.load_table("liver-critical-volume-3fx"),))
        summary = sbrtcheck.archive.batch(Path("plans"), Path(folder, "all.csv"), options, jobs=1)
        return lines([dict(summary.states), summary.rows, Path(folder, "all.csv").read_bytes().decode("utf-8")])


def call_find_plans() -> str:
    """`find_plans`: the plans, and what is said when one is to be read of two."""
    found = sbrtcheck.dicom.find_plans("plans")
    return lines([(one.uid, one.label) for one in found.plans] + [error_of(lambda: sbrtcheck.load_plan("plans"))])


def call_dicom_objects() -> str:
    """DICOM objects for the record: of the DVHs only, for a report is a PDF."""
    return digest(sbrtcheck.api.dvhs_as_dicom(dvhs(LIVER), LIVER))


def error_of(call: Callable[[], object]) -> str:
    """The error that a call ends with, and its parts."""
    try:
        call()
    except (sbrtcheck.SbrtcheckError, ValueError, TypeError, KeyError) as error:
        parts = [getattr(error, name, "") for name in ("what", "place", "hint")]
        return f"{type(error).__name__}: {error}\n    {said(parts)}"
    return "no error"


def call_errors() -> str:
    """What bad input is answered with."""
    return lines(
        error_of(call)
        for call in (
            lambda: sbrtcheck.check("nowhere", "rtog-0813"),
            lambda: sbrtcheck.check(LUNG, "rtog-813"),
            lambda: sbrtcheck.check(LUNG, "rtog-0813", prescription="50"),
            lambda: sbrtcheck.check(LUNG, "rtog-0813", names={"SpinalCord": "Nobody"}),
            lambda: sbrtcheck.check(LUNG, "rtog-0813", end_caps="round"),
            lambda: sbrtcheck.check(LUNG, "rtog-0813", dvhs="stored"),
            lambda: sbrtcheck.check(LUNG, site="knee"),
            lambda: sbrtcheck.check(LUNG),
            lambda: sbrtcheck.load_table("nowhere.yaml"),
            lambda: sbrtcheck.load_dvhs(LUNG),
            lambda: sbrtcheck.load_dvh_export(CLINIC),
            lambda: sbrtcheck.compute_dvhs(plan(), ["Nobody"]),
            lambda: sbrtcheck.Prescription(dose_gy=-1.0, fractions=5),
            lambda: sbrtcheck.measure("D95", dvhs()["PTV"]),
            lambda: sbrtcheck.measure("V20[%]", dvhs()["PTV"]),
            lambda: sbrtcheck.metric.parse("D5cc[%]"),
            lambda: sbrtcheck.metric.parse("nothing"),
            lambda: sbrtcheck.bed(50.0, fractions=0, alpha_beta_gy=3.0),
            lambda: sbrtcheck.eqd2(50.0, fractions=5, alpha_beta_gy=-3.0),
            lambda: dvhs()["Nobody"],
            lambda: accumulate([Course(plan=plan())] * 2, {"SpinalCord": 2.0}),
        )
    )


CALLS: dict[str, Callable[[], str]] = {
    f"api-{name.removeprefix('call_').replace('_', '-')}": value
    for name, value in list(globals().items())
    if name.startswith("call_")
}
