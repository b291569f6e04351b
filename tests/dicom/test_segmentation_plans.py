"""A SEG gives a plan its structures: where there is no RTSTRUCT for the dose, or where its UID is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydicom import Dataset

import dicom_files as files
import sbrtcheck
from sbrtcheck.dicom import Kind, find_plans, load_dvhs, load_plan
from sbrtcheck.dicom.dvh_dose import dvh_rtdose
from sbrtcheck.dicom.files import read_rt_header
from sbrtcheck.errors import AmbiguousPlanError, DicomError, InputError, NoPlanError
from sbrtcheck.plan import FindingCode
from segmentations import COLUMNS_MM, LAYERS_MM, ROWS_MM, SHAPE, of_highdicom, seg

SEG_UID = "2.25.66"
TABLE = "rtog-0813"
ONE = np.ones(SHAPE, dtype=bool)
OTHER = ONE & (np.arange(SHAPE[2]) < 3)
labels = arrays(np.uint8, SHAPE, elements=st.integers(0, 2)).filter(lambda label: len({1, 2} & {*label.flat}) == 2)


def dose(**options: Any) -> Dataset:
    """A dose whose grid holds the voxels of `segmentations`, 30 to 33 Gy."""
    k, j, i = np.indices((12, 16, 20))
    stored = (15_000 + 100 * k + 20 * j + 10 * i).astype(np.uint32)
    return files.dose(stored=stored, position=(-15.0, -10.0, -10.0), **options)


def of_plan(made: Dataset, uid: str = SEG_UID, frame: str = files.FRAME_UID) -> Dataset:
    """The same SEG, as one of the patient's whose plan `dicom_files` makes."""
    made.SOPInstanceUID, made.FrameOfReferenceUID, made.Modality = uid, frame, "SEG"
    made.PatientName, made.PatientID = "Nobody^Really", "secret-id"
    return made


def written(folder: Path, datasets: Sequence[Dataset]) -> Path:
    for at, dataset in enumerate(datasets):
        if "SegmentSequence" in dataset:
            dataset.save_as(folder / str(at), enforce_file_format=True)
        else:
            files.write(folder / str(at), dataset)
    return folder


def as_json(given: Any, **options: Any) -> str:
    return json.dumps(sbrtcheck.check(given, table=TABLE, **options).to_dict(), sort_keys=True)


def volumes_cc(given: Any, **options: Any) -> dict[str, float]:
    return {dvh.name: dvh.volume for dvh in sbrtcheck.compute_dvhs(load_plan(given, **options)).values()}


def findings(given: Any, **options: Any) -> list[str]:
    return [finding.text for finding in load_plan(given, **options).findings]


def cc(mask: np.ndarray) -> float:
    return float(mask.sum()) * ROWS_MM * COLUMNS_MM * LAYERS_MM / 1000


def by_hand(label: np.ndarray) -> Dataset:
    return seg([label == 1, label == 2])


def by_highdicom(label: np.ndarray) -> Dataset:
    return of_highdicom(np.stack([label == 1, label == 2], axis=-1).astype(np.uint8), "BINARY")


def label_map_by_highdicom(label: np.ndarray) -> Dataset:
    return of_highdicom(label, "LABELMAP")


MAKERS = [by_hand, *([by_highdicom, label_map_by_highdicom] if find_spec("highdicom") else [])]


@settings(deadline=None, max_examples=12)
@given(labels, st.sampled_from(MAKERS), st.booleans())
def test_volumes_are_those_of_the_voxels_however_the_files_are_given(label: Any, maker: Any, with_plan: bool) -> None:
    datasets = [of_plan(maker(label)), dose(), *([files.plan()] if with_plan else [])]
    with TemporaryDirectory() as name:
        folder = written(Path(name), datasets)
        paths = sorted(folder.iterdir())
        in_memory = [BytesIO(path.read_bytes()) for path in paths]
        options = {} if with_plan else {"prescription": "50Gy/5"}
        assert volumes_cc(folder) == pytest.approx(
            {"Organ 1": cc(label == 1), "Organ 2": cc(label == 2)}, rel=1e-9, abs=0
        )
        expected = as_json(folder, **options)
        ways = [paths[::-1], datasets, in_memory, [paths[0], in_memory[1], *datasets[2:]]]
        assert [as_json(way, **options) == expected for way in ways] == [True] * len(ways)
        assert SEG_UID in expected
        assert "secret-id" not in expected
        assert "Nobody" not in expected


def test_the_report_says_that_structures_are_segments_and_of_which_file() -> None:
    given = [of_plan(seg([ONE])), dose(), files.plan()]
    assert load_plan(given).uids.structure_set == SEG_UID
    (linked,) = [f for f in load_plan(given).findings if f.code is FindingCode.LINKED_BY_FRAME_OF_REFERENCE]
    assert linked.text == (
        "the structures are the segments of SEG 2.25.66, the only one in the dose's frame of reference, and not those"
        " of an RTSTRUCT: there is no RTSTRUCT; the RTSTRUCT that the RTPLAN names"
        f" ({files.SET_UID}) is not among the files"
    )
    report = sbrtcheck.check(given, table=TABLE).to_dict()
    assert linked.text in json.dumps(report)


def test_beside_an_rtstruct_a_seg_is_used_where_it_is_asked_for_alone() -> None:
    given = [of_plan(seg([ONE, OTHER])), dose(), files.structure_set(), files.plan()]
    assert load_plan(given).uids.structure_set == files.SET_UID
    assert volumes_cc(given) == volumes_cc(given[1:])
    (text,) = findings(given)
    assert text == (
        f"also here and not used: SEG {SEG_UID}: there is an RTSTRUCT for the dose; ask for the SEG by this UID"
        " (plan=UID, --plan UID)"
    )
    assert [plan.structure_set.uid for plan in find_plans(given).plans if plan.structure_set] == [files.SET_UID]

    asked = load_plan(given, plan=SEG_UID)
    assert asked.uids.structure_set == SEG_UID
    assert asked.uids.plan == files.PLAN_UID
    assert volumes_cc(given, plan=SEG_UID) == pytest.approx({"Organ 1": cc(ONE), "Organ 2": cc(OTHER)}, rel=1e-9)
    texts = findings(given, plan=SEG_UID)
    assert any("not those of an RTSTRUCT: it was asked for" in text for text in texts)
    assert any(text.startswith("also here and not used") and files.SET_UID in text for text in texts)
    assert not any(text.startswith("also here and not used: SEG") for text in texts)


def test_several_segs_of_one_frame_are_ambiguous_until_one_is_asked_for() -> None:
    given = [of_plan(seg([ONE])), of_plan(seg([OTHER]), "2.25.67"), dose(), files.plan()]
    with pytest.raises(AmbiguousPlanError, match=r"SEG 2\.25\.66\).*SEG 2\.25\.67\).*structures"):
        load_plan(given)
    for uid, mask in ((SEG_UID, ONE), ("2.25.67", OTHER)):
        assert volumes_cc(given, plan=uid)["Organ 1"] == pytest.approx(cc(mask), rel=1e-9)
        other = ({SEG_UID, "2.25.67"} - {uid}).pop()
        assert any(text.startswith("also here and not used") and other in text for text in findings(given, plan=uid))


def test_a_seg_of_another_frame_is_none_of_the_plan() -> None:
    other = of_plan(seg([ONE]), frame="2.25.44")
    with pytest.raises(NoPlanError, match=r"no RTSTRUCT; .*no SEG here shares the dose's frame of reference"):
        load_plan([other, dose(), files.plan()])
    (text,) = findings([other, dose(), files.structure_set(), files.plan()])
    assert text == f"also here and not used: SEG {SEG_UID}: no RTDOSE shares its frame of reference"
    with pytest.raises(NoPlanError, match=SEG_UID):
        load_plan([other, dose(), files.structure_set(), files.plan()], plan=SEG_UID)


def test_a_damaged_seg_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, [of_plan(seg([ONE])), dose(), files.plan()])
    (folder / "0").write_bytes((folder / "0").read_bytes()[:-8])
    with pytest.raises(DicomError, match=r"SEG 2\.25\.66: .*truncated"):
        load_plan(folder)
    with pytest.raises(NoPlanError, match=r"SEG 2\.25\.66: another file has the same SOP Instance UID"):
        load_plan([of_plan(seg([ONE])), of_plan(seg([OTHER])), dose()])


def test_segment_numbers_name_no_stored_dvhs() -> None:
    stored = dose(plans=())
    stored.DVHSequence = files.items(files.stored_dvh([[30.0, 1.0], [1.0, 0.5], [1.0, 0.0]]))
    dvhs = load_dvhs([of_plan(seg([ONE])), stored])
    assert [dvh.name for dvh in dvhs] == ["ROI 1"]
    texts = [finding.text for finding in dvhs.findings]
    assert any("ROI numbers for names" in text for text in texts)
    assert not any("the structures are the segments" in text for text in texts)


def test_an_rtdose_of_dvhs_refers_to_no_seg() -> None:
    given = [of_plan(seg([ONE])), dose(), files.plan()]
    for dataset in given:
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "2.25.70", "2.25.71"
    with pytest.raises(InputError, match="those of a SEG"):
        dvh_rtdose(sbrtcheck.compute_dvhs(load_plan(given)), given)


def test_other_storage_classes_are_still_passed_by(tmp_path: Path) -> None:
    """Of images, and of surface segmentations, nothing but the first bytes is read: what follows may be anything."""
    made = of_plan(seg([ONE]))
    for sop_class, expected in (("1.2.840.10008.5.1.4.1.1.2", "other"), ("1.2.840.10008.5.1.4.1.1.66.5", "other")):
        made.SOPClassUID = sop_class
        written(tmp_path, [made])
        start = (tmp_path / "0").read_bytes()[:400]
        (tmp_path / "0").write_bytes(start)
        assert read_rt_header(tmp_path / "0") == expected
    made = of_plan(seg([ONE]))
    written(tmp_path, [made])
    header = read_rt_header(tmp_path / "0")
    assert not isinstance(header, str)
    assert (header.kind, header.uid, header.frames) == (Kind.SEGMENTATION, SEG_UID, (files.FRAME_UID,))
