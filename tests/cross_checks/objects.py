"""DICOM objects written here, read by other programs: what each says."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import peers
import shop
from pydicom import dcmread
from pydicom.uid import ImplicitVRLittleEndian

import sbrtcheck
from sbrtcheck import api

DRIVER = Path(__file__).parent / "drivers" / "read_objects.py"
BESIDE = "the same DVHs in the plan's RTDOSE"
PRIVATE = "Unrecognized defined term <99SBRTCHECK>"
"""No fault: coding scheme designators that begin with 99 are private (PS3.16, chapter 8)."""


def written(plan: Path, table: str, folder: Path) -> dict[str, Path]:
    """The plan's own files, and everything that sbrtcheck writes of it, by kind."""
    report = sbrtcheck.check(plan, table)
    made = {
        "RTDOSE with DVHs": api.dvhs_as_dicom(api.dvhs(plan), plan),
        "encapsulated PDF": api.report_as_dicom(report, plan),
        "Structured Report": api.report_as_sr(report, plan),
    }
    folder.mkdir(parents=True)
    made[BESIDE] = beside_a_grid(made["RTDOSE with DVHs"], plan / "rtdose.dcm")
    paths = {kind: folder / f"{number}.dcm" for number, kind in enumerate(made)}
    for kind, path in paths.items():
        path.write_bytes(made[kind])
    own = {kind: plan / f"{kind.lower()}.dcm" for kind in ("RTSTRUCT", "RTDOSE", "RTPLAN")}
    return own | paths


def beside_a_grid(dvhs: bytes, dose: Path) -> bytes:
    """The plan's dose with the DVHs that were written: for readers that take no dose without a grid."""
    written_here, whole = dcmread(BytesIO(dvhs)), dcmread(dose)
    for name in ("DVHSequence", "ReferencedStructureSetSequence"):
        if name in written_here:
            whole[name] = written_here[name]
    out = BytesIO()
    whole.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian  # explicit values have 64 kB at most; DVHs have more
    whole.save_as(out, implicit_vr=True, little_endian=True)
    return out.getvalue()


def by_dciodvfy(path: Path) -> str:
    """Errors and warnings of the validator."""
    if shutil.which("dciodvfy") is None:
        return "not installed"
    done = subprocess.run(["dciodvfy", str(path)], check=False, capture_output=True, text=True, errors="replace")
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("Error", "Warning"))]
    private = sum(PRIVATE in line for line in lines)
    found = Counter(line for line in lines if PRIVATE not in line)
    said = "; ".join(f"{number} x {line}" for line, number in found.items()) or "no error, no warning"
    return said + (f" (but {private} that a private coding scheme is not known)" if private else "")


def by_highdicom(kind: str, path: Path) -> str:
    """Structured reports alone: it has no class for objects of radiotherapy, nor for documents."""
    if kind != "Structured Report":
        return "has no class for it"
    from highdicom.sr import srread

    read = srread(path)
    return f"{type(read).__name__}, {len(read.content)} items of content"


def by_plastimatch(kind: str, path: Path, plan: Path, program: str | shop.Missing) -> str:
    """Structures and dose with the plan's folder, a dose alone by its header; it has no reader for the rest."""
    if isinstance(program, shop.Missing):
        return program.why
    if kind in {"RTPLAN", "encapsulated PDF", "Structured Report"}:
        return "has no reader for it"
    if kind == "RTSTRUCT":
        return _structures(program, plan)
    done = subprocess.run([program, "header", str(path)], check=False, capture_output=True, text=True)
    grid = re.search(r"RTDOSE: dim = (\d+) (\d+) (\d+)", done.stdout)
    lost = re.search(r"^Couldn't find.*", done.stdout, re.MULTILINE)
    return (
        f"a grid of {' x '.join(grid.groups()[::-1])}"
        if grid
        else f"not read: {lost[0] if lost else 'no reason given'}"
    )


def _structures(program: str, plan: Path) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "structures.cxt")
        words = [program, "convert", "--input", str(plan), "--output-cxt", str(out)]
        subprocess.run(words, check=False, capture_output=True)
        lines = out.read_text(errors="replace").splitlines() if out.exists() else []
    named = lines[lines.index("ROI_NAMES") + 1 : lines.index("END_OF_ROI_NAMES")] if "ROI_NAMES" in lines else []
    return f"{len(named)} structures" if named else "not read"


def section(plans: Mapping[Path, str], folder: Path, peers_dir: Path | None) -> shop.Section:
    """A line for each object of each plan."""
    python, program = peers.pydcm_python(peers_dir), peers.plastimatch(peers_dir)
    rows = []
    for plan, table in plans.items():
        files = written(plan, table, folder / plan.name)
        if isinstance(python, shop.Missing):
            by_pydcm = dict.fromkeys(files, python.why)
        else:
            by_pydcm = shop.run(python, str(DRIVER), *(f"{kind}={path}" for kind, path in files.items())).result
        rows += [
            (
                plan.name,
                kind,
                by_dciodvfy(path),
                by_highdicom(kind, path),
                by_pydcm[kind],
                by_plastimatch(kind, path, plan, program),
            )
            for kind, path in files.items()
        ]
    return shop.Section(
        heading="Objects of DICOM that are written here",
        text=(
            "RTSTRUCT, RTDOSE and RTPLAN are those of the examples, by `examples/phantom.py`; the others are what"
            " sbrtcheck writes of them. An RTDOSE of DVHs alone has no grid, and so needs no image: PS3.3 A.18.3 asks"
            " for the modules of an image only *if dose data contains grid-based doses*, and the RT DVH module is"
            " optional beside. `dciodvfy` and the validation of pydcm find nothing in it. The function of pydcm that"
            " reads doses, and plastimatch, take no RTDOSE without a grid. That the DVHs themselves are read is shown"
            " on the same sequence, put into the plan's RTDOSE for this."
        ),
        table=shop.table(["plan", "object", "dciodvfy", "highdicom", "pydcm", "plastimatch"], rows),
    )
