"""Where the shipped tables are: their folder, ids and sites, none of them read; and the plan to try it with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory

EVIDENCE = "evidence"  # the folder beside those of the sites, with who read what
_SUFFIX = ".yaml"


def shipped_root() -> Traversable:
    """The folder with the shipped tables."""
    root = files("sbrtcheck") / "_constraints"
    if root.is_dir():
        return root
    return Path(__file__).resolve().parents[2] / "constraints"  # an editable install lacks what the wheel takes in


def shipped_files(root: Traversable | None = None) -> dict[str, tuple[str, Traversable]]:
    """Id -> site and file of every shipped table: a file is named by its table's id, its folder by the site."""
    root = root or shipped_root()
    return {
        file.name.removesuffix(_SUFFIX): (site.name, file)
        for site in (root.iterdir() if root.is_dir() else ())
        if site.is_dir() and site.name != EVIDENCE
        for file in site.iterdir()
        if file.name.endswith(_SUFFIX)
    }


@contextmanager
def demo_plan() -> Iterator[Path]:
    """Give a folder with the DICOM files of the bundled plan, a phantom; it is gone afterwards.

    The files are copied, for the package may lie in a zipped wheel.
    """
    root = files("sbrtcheck") / "_demo"
    if not root.is_dir():  # an editable install
        root = Path(__file__).resolve().parents[2] / "examples" / "plans" / "lung-50gy-5fx"
    with TemporaryDirectory() as folder:
        for file in root.iterdir():
            (Path(folder) / file.name).write_bytes(file.read_bytes())
        yield Path(folder)
