"""Deflated files: what they are is read, and one that would fill the memory is refused before it does."""

from __future__ import annotations

import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian

import dicom_files as files
from sbrtcheck.dicom import deflated, load_plan
from sbrtcheck.dicom.deflated import BoundedFile
from sbrtcheck.errors import SbrtcheckError


def packed(content: bytes) -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packing.compress(content) + packing.flush()


@given(st.binary(max_size=60), st.integers(1, 300), st.integers(-2, 2), st.integers(1, 50))
def test_all_that_is_left_is_given_unless_it_unpacks_to_more_than_the_limit(
    piece: bytes, times: int, more: int, piece_bytes: int
) -> None:
    content = packed(piece * times)
    with pytest.MonkeyPatch.context() as patch:
        limit = len(piece) * times - more
        patch.setattr(deflated, "MAX_UNPACKED_BYTES", limit)
        patch.setattr(deflated, "_PIECE_BYTES", piece_bytes)
        file = BoundedFile(BytesIO(b"ab" + content))
        assert file.read(2) == b"ab"
        given_out = zlib.decompress(file.read(), -zlib.MAX_WBITS)
    assert (file.damage is not None) is (more > 0)
    assert given_out == (b"" if more > 0 else piece * times)


@given(st.binary(max_size=200))
def test_bytes_that_are_not_deflated_are_left_to_the_reader(content: bytes) -> None:
    file = BoundedFile(BytesIO(content))
    assert file.read() == content
    assert file.damage is None


def bomb(path: Path, megabytes: int, *, preamble: bool) -> Path:
    """A dose file, deflated, with so many zeros behind it."""
    content = files.write(path, files.dose(), DeflatedExplicitVRLittleEndian).read_bytes()
    at = next(n for n in range(140, len(content)) if _unpacks(content[n:]))
    behind = b"\x11\x00\x10\x00OB\0\0" + (megabytes << 20).to_bytes(4, "little") + bytes(megabytes << 20)
    whole = packed(zlib.decompress(content[at:], -zlib.MAX_WBITS) + behind)
    path.write_bytes(content[0 if preamble else 132 : at] + whole)
    return path


def _unpacks(content: bytes) -> bool:
    try:
        return zlib.decompress(content, -zlib.MAX_WBITS)[:4] == b"\x08\x00\x16\x00"
    except zlib.error:
        return False


@pytest.mark.parametrize("preamble", [True, False])
def test_a_dose_that_unpacks_to_more_than_the_limit_is_refused_in_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, preamble: bool
) -> None:
    monkeypatch.setattr(deflated, "MAX_UNPACKED_BYTES", 16 << 20)
    files.write_plan(tmp_path, files.structure_set(), files.plan())
    bomb(tmp_path / "dose", 100, preamble=preamble)
    tracemalloc.start()
    with pytest.raises(SbrtcheckError) as refused:
        load_plan(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 << 20
    if preamble:
        assert "deflated" in str(refused.value)
        assert "export it as implicit or explicit VR little endian" in str(refused.value)


def test_a_large_deflated_dose_below_the_limit_is_read(tmp_path: Path) -> None:
    files.write_plan(tmp_path, files.structure_set(), files.plan())
    bomb(tmp_path / "dose", 3, preamble=True)
    assert load_plan(tmp_path).dose.values_gy == pytest.approx(files.values() * 0.002)
