"""Every reader of files: small files to begin with, how they are changed, and how the reader is called."""

from __future__ import annotations

import io
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [folder for folder in (str(TESTS / "helpers"), str(Path(__file__).parent)) if folder not in sys.path]

import numpy as np
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from ruamel.yaml import YAML

import dicom_files as files
import kept_results
import segmentations
from hostile_bytes import TEXTS, Case, text_changer
from hostile_dicom import dicom_changer
from hostile_results import changed_database, changed_parquet
from hostile_values import changed_values, yaml_changer
from sbrtcheck.archive import Options, batch
from sbrtcheck.archive.own_choices import read_plans_file
from sbrtcheck.archive.trend import load_trends
from sbrtcheck.dicom import MemoryFile, load_dvhs, load_plan_and_dvhs, load_registration
from sbrtcheck.dvh import DVHSet
from sbrtcheck.errors import SbrtcheckError
from sbrtcheck.importers import import_table
from sbrtcheck.metric import parse
from sbrtcheck.options import CheckOptions
from sbrtcheck.plan import Plan
from sbrtcheck.plan.prescription_text import parse_prescription
from sbrtcheck.tables import load_dictionary, load_names, load_sites, load_table, read_table
from sbrtcheck.tables.evidence import READINGS_FILE, read_evidence, reading_faults, with_readings
from sbrtcheck.tables.lint import lint_bytes
from sbrtcheck.tables.notes import load_notes
from sbrtcheck.text_export import load_dvh_export

Change = Callable[[Random, Case, Sequence[Case]], Case]
IDENTITY = ("Nobody", "Really", "secret-id", "19500101")
"""What the generated DICOM files say of the patient, and no message may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One way into the program.

    Parameters
    ----------
    seeds
        What it reads without a fault, or did once.
    change
        Makes a case to read of a case; the others are there to take pieces of.
    read
        Reads a case, in a folder to write its files into; says in a word or two what came of it.
    share
        Of the executions, where all readers are run together.
    placed
        Whether every error names a file or a place in it.
    hides
        What no error may have in it.
    """

    seeds: tuple[Case, ...]
    change: Change
    read: Callable[[Case, Path], str]
    share: float
    placed: bool = True
    hides: tuple[str, ...] = ()


# DICOM


def _content(dataset: Dataset) -> bytes:
    """A file of explicit VR little endian."""
    if "PixelData" in dataset:
        dataset["PixelData"].VR = "OW"
    dataset.file_meta = files.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _structure_set() -> Dataset:
    squares = [files.square(z) for z in (-27.0, -24.0, -21.0)]
    keyhole = files.contour([(0, 0, -24), (3, 0, -24), (3, 3, -24), (0, 3, -24)], "CLOSEDPLANAR_XOR")
    rois = [
        (1, "PTV", "PTV", squares),
        (2, "SpinalCord", "ORGAN", [files.square(z, 1.0) for z in (-27.0, -24.0)]),
        (3, "Iso", "", [files.contour([(0, 0, -24)], "POINT")]),
        (4, "Ring", "", [keyhole, files.square(-24.0)]),
    ]
    return files.structure_set(rois=rois)


def _dose(**choices: Any) -> Dataset:
    return files.dose(stored=files.values(5, 6, 7), position=(-6.0, -7.0, -30.0), **choices)


def _dose_with_dvhs() -> Dataset:
    dataset = _dose()
    even = [(0.0, 1.0), (1.0, 1.0), (10.0, 0.5), (30.0, 0.0)]
    width = [(0.5, 2.0), (0.5, 1.5), (0.5, 0.5)]
    dataset.DVHSequence = files.items(
        files.stored_dvh([(0.1, volume) for _, volume in even], stated=(0.0, 0.4, 0.2)),
        files.stored_dvh(width, kind="DIFFERENTIAL", rois=((2, ""),)),
        files.stored_dvh(width, rois=((1, "INCLUDED"), (2, "EXCLUDED")), volume_units="PERCENT"),
    )
    dataset.DVHNormalizationDoseValue = 50
    return dataset


def _plan() -> Dataset:
    return files.plan(beams=(1, 2), doses=((50.0, "SITE"), (45.0, "VOLUME")))


@cache
def _plans() -> tuple[Case, ...]:
    parts = [_dose(summation="BEAM", parts=((1, (beam,)),), uid=f"2.25.3{beam}") for beam in (1, 2)]
    relative = _dose()
    relative.DoseUnits, relative.DoseGridScaling = "RELATIVE", 0.01
    sets: tuple[tuple[Dataset, ...], ...] = (
        (_dose(), _structure_set(), _plan()),
        (_dose_with_dvhs(), _structure_set(), _plan()),
        (*parts, _structure_set(), _plan()),
        (relative, _structure_set(), files.plan()),
    )
    return tuple(tuple(map(_content, datasets)) for datasets in sets)


def _memory(case: Case) -> list[MemoryFile]:
    return [MemoryFile(content=content) for content in case]


def _read_plan(case: Case, _folder: Path) -> str:
    plan, stored = load_plan_and_dvhs(_memory(case))
    assert isinstance(plan, Plan)
    unread = 0
    for structure in plan.structures:
        try:
            structure.contours.read()
        except SbrtcheckError:
            unread += 1
    assert np.isfinite(plan.dose.gy_per_unit)
    assert plan.dose.gy_per_unit > 0.0
    assert np.isfinite(plan.dose.offsets_mm).all()
    codes = sorted({finding.code.name for finding in plan.findings})
    return f"{len(plan.structures)} structures, {unread} unread, {type(stored).__name__}, {' '.join(codes)}"


def _read_stored(case: Case, _folder: Path) -> str:
    dvhs = load_dvhs(_memory(case), prescription="50Gy/5")
    _refuse_unsound(dvhs)
    return f"{len(dvhs)} DVHs, " + " ".join(sorted({str(none.reason.name) for none in dvhs.without}))


def _refuse_unsound(dvhs: DVHSet) -> None:
    """Numbers are finite, and bounds in order."""
    for dvh in dvhs:
        for band in (dvh.mean_gy, dvh.min_gy, dvh.max_gy):
            assert 0.0 <= band.low <= band.value <= band.high < np.inf, (dvh.name, band)
        assert 0.0 < dvh.volume < np.inf, dvh.volume
        for curve in (dvh.curve, dvh.lower, dvh.upper):
            assert np.isfinite(curve.dose_gy).all()
            assert np.isfinite(curve.volume).all()


_TABLE_OF_CHECK = b"""id: mine
version: "1.0.0"
title: Mine
site: lung
fractions: any
sources: [{key: me, citation: Me, where: here}]
rows:
  - {id: cord, organ: Cord, structure: SpinalCord, metric: "D0.03cc[Gy]", below: 20, source: {cite: me, where: here}}
  - {id: ptv, organ: PTV, structure: PTV, metric: "V100%[%]", at_least: 95, source: {cite: me, where: here}}
"""


@cache
def _check_table() -> Any:
    return read_table(_TABLE_OF_CHECK, place="mine")


def _check(case: Case, _folder: Path) -> str:
    """From the files to verdicts: what is read must be computed, or refused with a reason."""
    import sbrtcheck

    report = sbrtcheck.check(_memory(case), table=_check_table())
    return f"{report.verdict} " + " ".join(sorted({outcome.verdict.name for outcome in report.outcomes}))


@cache
def _segmentations() -> tuple[Case, ...]:
    mask = np.zeros(segmentations.SHAPE, dtype=bool)
    mask[1:3, 1, 2:5] = True
    cases = []
    for kind, mask_of_kind in (("BINARY", mask), ("FRACTIONAL", mask.astype(np.uint8) * 255)):
        made = segmentations.seg([mask_of_kind, mask_of_kind], kind=kind)
        made.SOPInstanceUID, made.FrameOfReferenceUID = "2.25.7", files.FRAME_UID
        if kind == "FRACTIONAL":
            made.MaximumFractionalValue, made.SegmentationFractionalType = 255, "OCCUPANCY"
        made["PixelData"].VR = "OB"
        cases.append((_content_of_bytes(_dose()), _content_of_bytes(_plan()), _content_of_bytes(made)))
    return tuple(cases)


def _content_of_bytes(dataset: Dataset) -> bytes:
    if "PixelData" in dataset and dataset["PixelData"].VR == "OB":
        file = io.BytesIO()
        dataset.save_as(file, enforce_file_format=True)
        return file.getvalue()
    return _content(dataset)


def _read_segmentation(case: Case, _folder: Path) -> str:
    plan, _ = load_plan_and_dvhs(_memory(case), plan="2.25.7")
    assert isinstance(plan, Plan)
    for structure in plan.structures:
        structure.contours.read()
    return f"{len(plan.structures)} structures"


def _registration() -> Dataset:
    matrix = files.item(
        FrameOfReferenceTransformationMatrix=[0, -1, 0, 5, 1, 0, 0, -7, 0, 0, 1, 2, 0, 0, 0, 1],
        FrameOfReferenceTransformationMatrixType="RIGID",
    )
    registered = files.item(MatrixSequence=files.items(matrix))
    to = files.item(FrameOfReferenceUID="2.25.20", MatrixRegistrationSequence=files.items(registered))
    return files.item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.66.1",
        SOPInstanceUID="2.25.30",
        Modality="REG",
        PatientName="Nobody^Really",
        FrameOfReferenceUID="2.25.10",
        RegistrationSequence=files.items(to),
    )


def _read_registration(case: Case, _folder: Path) -> str:
    return type(load_registration(MemoryFile(content=case[0]))).__name__


def _dicom(seeds: tuple[Case, ...], read: Callable[[Case, Path], str], share: float) -> Reader:
    change = dicom_changer(seeds)
    return Reader(seeds=seeds, change=change, read=read, share=share, placed=False, hides=IDENTITY)


# YAML

_SITES = b"""id: mine
version: "1.0.0"
title: Mine
sources: [{key: me, citation: Me, where: here}]
sites:
  - id: lung
    title: Lung
    expects:
      - {organ: Cord, structures: [SpinalCord], source: {cite: me, where: here}}
"""
_TABLES = (
    _TABLE_OF_CHECK,
    b"""id: other
version: "1.0.0"
title: Other
site: liver
fractions: [3, 5]
sources: [{key: a, citation: A, where: Table 1, doi: 10.1000/x}]
note: A note.
rows:
  - id: liver
    organ: Liver
    structure: {first: [Liver-GTV, Liver]}
    metric: CV15Gy[cc]
    at_least: 700
    acceptable: 650
    kind: limit
    note: A note.
    confirmed_by: [a copy, the page]
    source: {cite: a, where: "Table 1"}
  - id: stomach
    organ: Stomach
    structure: Stomach
    metric: "D0.03cc[Gy]"
    below: 30
    source: {cite: a, where: Table 2}
for_clinician:
  - {text: Look at 30 Gy., source: {cite: a, where: p. 1}}
""",
)
_NAMES = (b"SpinalCord: Cord_2\nHeart: ''\nLung_L: 'ROI 6'\n", b"{Heart: H, PTV: 'PTV 50'}\n")
_DICTIONARIES = (b"SpinalCord: [RM, Myelon]\nBronchus_Main: [Hauptbronchus]\nHeart: [Herz]\n",)
_NOTES = b"""schema: sbrtcheck-notes/1
plan: 2.25.1
sign_offs:
  - {initials: ab, date: "2026-01-31", comment: fine, was: PASS, hash: 0123456789abcdef}
rows:
  - {row: mine/cord, organ: Cord, contour: SpinalCord, was: "9 Gy, PASS", hash: 0123456789abcdef, note: n, initials: ab}
"""
_WORDS = (
    *"id version title site fractions sources key citation where doi rows organ structure metric below at_most".split(),
    *"at_least above acceptable kind note source cite confirmed_by side sex priority mandatory choice".split(),
    *"for_clinician text expects any lung SpinalCord Heart Lungs PTV Liver first union by_target_volume".split(),
    *"by_veff steps D0.03cc[Gy] V20Gy[%] CV15Gy[cc] Mean[Gy] gEUD(a=10)[Gy] R50% Max[Gy] D1e9cc[Gy] EQD2".split(),
)  # fmt: skip


def _file_of(load: Callable[[Path], object], name: str = "file.yaml") -> Callable[[Case, Path], str]:
    def read(case: Case, folder: Path) -> str:
        file = folder / name
        file.write_bytes(case[0])
        return type(load(file)).__name__

    return read


def _values(raw: bytes) -> Any:
    return YAML(typ="safe", pure=True).load(raw)


def _yaml(seeds: Sequence[bytes], read: Callable[[Case, Path], str], share: float) -> Reader:
    change = yaml_changer([_values(seed) for seed in seeds], _WORDS)
    return Reader(seeds=tuple((seed,) for seed in seeds), change=change, read=read, share=share)


def _lint(case: Case, _folder: Path) -> str:
    return f"{min(len(lint_bytes(case[0], place='table.yaml')), 9)} remarks"


def _values_reader() -> Reader:
    """Tables as values of a script: the same checks as of a file, without YAML before them."""
    tables = [_values(raw) for raw in _TABLES]

    def change(rng: Random, _case: Case, _others: Sequence[Case]) -> Case:
        return (repr(changed_values(rng, rng.choice(tables), tables, _WORDS)).encode("utf-8", "surrogatepass"),)

    def read(case: Case, _folder: Path) -> str:
        text = case[0].decode("utf-8", "surrogatepass")
        values = eval(text, {"nan": np.nan, "inf": np.inf})  # noqa: S307 - values that were written here
        return type(load_table(values if isinstance(values, dict) else {"id": values})).__name__

    seeds = tuple((repr(table).encode(),) for table in tables)
    return Reader(seeds=seeds, change=change, read=read, share=1.5)


# Text


def _exports() -> tuple[Case, ...]:
    """Every dialect, shortened in rows: so they are read a few thousand times a second."""
    folder = TESTS / "text_export" / "files"
    return tuple((_short(path.read_bytes()),) for path in sorted(folder.iterdir()) if path.is_file())


_OF_NUMBERS = re.compile(rb"[-+\d.,;eE\s]+")


def _short(content: bytes) -> bytes:
    """Without most of the rows of numbers that follow each other."""
    kept: list[bytes] = []
    rows: list[bytes] = []
    for line in [*content.splitlines(keepends=True), b""]:
        if line.strip() and _OF_NUMBERS.fullmatch(line.strip()):
            rows.append(line)
            continue
        few = [row for at, row in enumerate(rows) if at < 3 or at >= len(rows) - 3 or at % 10 == 0]
        kept += [*few, line]
        rows = []
    return b"".join(kept)


def _read_export(case: Case, folder: Path) -> str:
    file = folder / "export.txt"
    file.write_bytes(case[0])
    dvhs = load_dvh_export(file, prescription="50Gy/5")
    _refuse_unsound(dvhs)
    return f"{dvhs.provenance['system']}, {min(len(dvhs), 3)} DVHs, " + " ".join(
        sorted({none.reason.name for none in dvhs.without})
    )


_EXPORT_WORDS = (
    *"Gy cGy % cm³ cc Structure Volume Dose Plan Prescribed dose [cGy]: [%] Ratio of Total to Structure".split(),
    *"Relative Absolute Cumulative Differential Min Max Mean #RoiName:Heart #Unit:GY Roi: ROI: Bin name total".split(),
    "Structure: Heart", "Approval Status: ", "Type: Cumulative Dose Volume Histogram", "[cm³]", "100", "5000",
)  # fmt: skip
_TEMPLATES = {
    "plancheck": ("plancheck.csv", "clearplan.csv"),
    "planscorecard": ("planscorecard.json",),
    "proknow": ("proknow.json",),
    "ray-scripts": ("ray_scripts.xml",),
    "dvhmetrics": ("dvhmetrics.txt",),
}
_TEMPLATE_WORDS = (
    *"SpinalCord Heart D0.35cc[cGy] V20Gy[%] <=1111 >=77 Max[Gy] CV15Gy[cc] DMEAN <roi> </roi> <!DOCTYPE &amp; &x; "
    "Type StructureId Volume Dose Gy cGy % cc null true [] {} <![CDATA[ ]]>".split(),
)  # fmt: skip


def _importer(dialect: str, share: float) -> Reader:
    seeds = tuple((_first_lines(TESTS / "importers" / name),) for name in _TEMPLATES[dialect])

    def read(case: Case, folder: Path) -> str:
        file = folder / "template.txt"
        file.write_bytes(case[0])
        fractions = None if dialect == "planscorecard" else 5
        return f"{min(len(import_table(file, dialect, fractions=fractions).warnings), 6)} warnings"

    return Reader(seeds=seeds, change=text_changer(_TEMPLATE_WORDS), read=read, share=share)


def _first_lines(file: Path) -> bytes:
    """Of files with a row a line the first: each row that is imported is written and read as YAML."""
    lines = file.read_bytes().splitlines(keepends=True)
    return b"".join(lines[:3]) if file.suffix == ".csv" else b"".join(lines[:5] if file.suffix == ".txt" else lines)


_DOCUMENTS = b"""key,title,address,transcribes,reader,note
a,Table of A,https://example.org/a,A,Reader A,
b,"Table of B, again",https://example.org/b,B,Reader B,Known slips.
"""
_READINGS = b"""table,row,number,value,unit,sense,document,place,read_on,says,note
mine,cord,limit,20,Gy,below,a,"Table 1, cord",2026-01-31,agrees,
mine,ptv,limit,95,%,,b,p. 2,2026-01-31,contradicts,"a ""quoted"" note"
"""


def _read_evidence(case: Case, folder: Path) -> str:
    (folder / "evidence").mkdir(exist_ok=True)
    (folder / "evidence" / READINGS_FILE).write_bytes(case[0])
    (folder / "evidence" / "documents.csv").write_bytes(case[1])
    evidence = read_evidence(folder, "tables")
    with_readings(_check_table(), evidence)
    found = [*evidence.faults, *reading_faults(_check_table(), evidence)]
    assert all(fault.place.startswith("tables/evidence/") and fault.what for fault in found)
    return f"{min(len(found), 5)} faults"


def _read_plans_file(case: Case, folder: Path) -> str:
    (folder / "plans.csv").write_bytes(case[0])
    return f"{len(read_plans_file(folder / 'plans.csv', CheckOptions()).rows)} rows"


def _text(seeds: Sequence[str], parse: Callable[[str], object], share: float) -> Reader:
    def read(case: Case, _folder: Path) -> str:
        return type(parse(case[0].decode("utf-8", "replace"))).__name__

    words = (*_WORDS, *"Gy cGy cc % [Gy] [%] x * / in fx D V CV Max Min Mean R CI GI HI BED EQD2".split())
    seeds_ = tuple((seed.encode(),) for seed in seeds)
    return Reader(seeds=seeds_, change=text_changer(words), read=read, share=share, placed=False)


_METRICS = (
    "D0.03cc[Gy]", "V20Gy[%]", "CV15Gy[cc]", "Mean[Gy]", "gEUD(a=10)[Gy]", "R50%[ratio]", "D95%[%]", "V100%[%]",
    "GI[ratio]", "D2cm[Gy]", "Max[Gy]",
)  # fmt: skip
_RX = ("50Gy/5", "5000 cGy in 5 fx", "5x10Gy", "48 Gy / 4 fractions")


# Results and the databases beside them


@cache
def _results() -> tuple[Case, ...]:
    """The outcomes and plans of a batch of one plan, as CSV."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        folder = files.write_plan(Path(name, "in"))
        out = Path(name, "results.csv")
        batch(folder, out, _options(), jobs=1)
        return ((out.read_bytes(), out.with_name("results.plans.csv").read_bytes()),)


def _read_results(case: Case, folder: Path) -> str:
    import sbrtcheck

    for name, content in zip(("results.csv", "results.plans.csv"), case, strict=True):
        (folder / name).write_bytes(content)
    return f"{sbrtcheck.summary(folder / 'results.csv').checked} plans"


def _read_trends(case: Case, folder: Path) -> str:
    (folder / "results.csv").write_bytes(case[0])
    return f"{len(load_trends(folder / 'results.csv').rows)} rows"


def _text_of_results(read: Callable[[Case, Path], str], share: float) -> Reader:
    words = ("PASS", "FAIL", "REVIEW", "checked", "nan", "inf", "2026-01-31", "true", *TEXTS[:4])
    return Reader(seeds=_results(), change=text_changer(words), read=read, share=share)


@cache
def _options() -> Options:
    return Options(tables=(_check_table(),))


def _parquet(read: Callable[[Case, Path], str], share: float) -> Reader:
    return Reader(seeds=kept_results.parquets(_options()), change=changed_parquet, read=read, share=share)


def _database() -> Reader:
    read = partial(kept_results.read_database, options=_options())
    return Reader(seeds=kept_results.databases(_options()), change=changed_database, read=read, share=0.05)


_MAKE: dict[str, Callable[[], Reader]] = {
    "dicom-plan": lambda: _dicom(_plans(), _read_plan, 1.2),
    "dicom-stored-dvhs": lambda: _dicom(_plans()[1:2], _read_stored, 1.2),
    "dicom-segmentation": lambda: _dicom(_segmentations(), _read_segmentation, 0.3),
    "dicom-registration": lambda: _dicom(((_content(_registration()),),), _read_registration, 2.0),
    "dicom-check": lambda: _dicom(_plans(), _check, 0.08),
    "table": lambda: _yaml(_TABLES, _file_of(load_table), 0.4),
    "table-values": _values_reader,
    "lint": lambda: _yaml(_TABLES, _lint, 0.15),
    "sites": lambda: _yaml([_SITES], _file_of(load_sites), 0.4),
    "names": lambda: _yaml(_NAMES, _file_of(load_names), 1.5),
    "dictionary": lambda: _yaml(_DICTIONARIES, _file_of(load_dictionary), 0.4),
    "notes": lambda: _yaml([_NOTES], _file_of(load_notes), 0.5),
    "evidence": lambda: Reader(
        seeds=((_READINGS, _DOCUMENTS),),
        change=text_changer(("agrees", "set aside", "below", "mine", "cord", "limit", "a", "b", '"', "2026-02-30")),
        read=_read_evidence,
        share=6.0,
    ),
    "text-export": lambda: Reader(seeds=_exports(), change=text_changer(_EXPORT_WORDS), read=_read_export, share=2.5),
    **{f"import-{dialect}": partial(_importer, dialect, 0.1) for dialect in _TEMPLATES},
    "plans-csv": lambda: Reader(
        seeds=((b"plan,rx,site,laterality,sex\nin/plan,50Gy/5,lung,left,female\nother,5x10Gy,lung;liver,,\n",),),
        change=text_changer(("plan", "rx", "names", "dictionary", "sites", "50Gy/5", "left", "F", ";", "lung", '"')),
        read=_read_plans_file,
        share=6.0,
    ),
    "metric": lambda: _text(_METRICS, parse, 7.0),
    "prescription": lambda: _text(_RX, parse_prescription, 7.0),
    "results": lambda: _text_of_results(_read_results, 0.5),
    "trend": lambda: _text_of_results(_read_trends, 1.0),
    "results-parquet": lambda: _parquet(kept_results.read_parquet, 0.1),
    "trend-parquet": lambda: _parquet(kept_results.read_trend, 0.1),
    "database": _database,
}
NAMES = tuple(_MAKE)


@cache
def reader(name: str) -> Reader:
    """The reader of that name, its small files made."""
    return _MAKE[name]()


def reader_of(name: str, real: Path | None) -> Reader:
    """The same, for DICOM with the small files of a folder among those to begin with: each folder in it is a plan."""
    made = reader(name)
    if real is None or not name.startswith(("dicom-plan", "dicom-stored", "dicom-check")):
        return made
    seeds = (*made.seeds, *_real_plans(real))
    return replace(made, seeds=seeds, change=dicom_changer(seeds), hides=())


_LARGEST_REAL = 1 << 20


def _real_plans(folder: Path) -> Iterator[Case]:
    from pydicom import dcmread

    warnings.simplefilter("ignore")  # pydicom's, of this process alone
    for inside in sorted({file.parent for file in folder.rglob("*") if file.is_file()}):
        case = []
        for file in sorted(inside.iterdir()):
            if file.is_file() and file.stat().st_size <= _LARGEST_REAL:
                dataset = dcmread(file, force=True)
                if str(dataset.get("Modality", "")).startswith("RT"):
                    with suppress(ValueError, TypeError, AttributeError, NotImplementedError):  # of odd files
                        case.append(_content_as_read(dataset))
        if case:
            yield tuple(case)


def _content_as_read(dataset: Dataset) -> bytes:
    file = io.BytesIO()
    dataset.file_meta = files.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(file, enforce_file_format=True, implicit_vr=False, little_endian=True)
    return file.getvalue()
