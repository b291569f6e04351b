"""Deflated DICOM file -> whether it unpacks to more than is read, told without filling the memory."""

from __future__ import annotations

import zlib
from typing import BinaryIO

from sbrtcheck.dicom.elements import Damage

EXPORT_UNCOMPRESSED = "export it as implicit or explicit VR little endian"

MAX_UNPACKED_BYTES = 320 << 20
"""A deflated file that unpacks to more is not read: deflating makes a thousandth of empty bytes, so that a few MB could
fill the memory. pydicom takes three times as much to read it. A dose grid of 512 x 512 x 300 points fits."""

_PIECE_BYTES = 1 << 20
_NOTHING_DEFLATED = b"\x03\x00"
_TOO_LARGE = Damage(
    what=f"it is deflated, and unpacks to more than {MAX_UNPACKED_BYTES >> 20} MB, which is not read",
    hint=EXPORT_UNCOMPRESSED,
)


class BoundedFile:
    """A file of which pydicom gets nothing to unpack where that would be more than `MAX_UNPACKED_BYTES`.

    ``damage`` is set when that happened. pydicom asks for all that is left of a file where it is deflated, and only
    there.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.damage: Damage | None = None

    def read(self, size: int = -1) -> bytes:
        """Read some bytes, or all that are left."""
        content = self._file.read(size)
        if size < 0 and _unpacks_to_more_than(MAX_UNPACKED_BYTES, content):
            self.damage = _TOO_LARGE
            return _NOTHING_DEFLATED
        return content

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._file.tell()

    def seek(self, at: int, whence: int = 0) -> int:
        """Go to another place."""
        return self._file.seek(at, whence)


def _unpacks_to_more_than(most: int, content: bytes) -> bool:
    """Whether deflated bytes unpack to more than so many; unpacked piece by piece, and thrown away."""
    unpacking, rest = zlib.decompressobj(-zlib.MAX_WBITS), content
    unpacked = 0
    try:
        while unpacked <= most:
            piece = len(unpacking.decompress(rest, _PIECE_BYTES))
            unpacked, rest = unpacked + piece, unpacking.unconsumed_tail
            if piece == 0 and not rest:
                return False
    except zlib.error:  # reading the file will say so
        return False
    return True
