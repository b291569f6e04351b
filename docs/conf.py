"""How Sphinx builds these pages: ``sphinx-build -W docs docs/_build/html``."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

import sbrtcheck

sys.path.insert(0, str(Path(__file__).parent))

import generated
import screenshots

project = "sbrtcheck"
author = "the sbrtcheck authors"
copyright = author  # noqa: A001 - Sphinx's name
release = version = sbrtcheck.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "_pictures"]
html_theme = "furo"
html_title = f"sbrtcheck {release}"
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
napoleon_google_docstring = False

_PLACE = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
_PICTURE = re.compile(r"^<!-- picture: ([\w.-]+): (.*) -->$", re.MULTILINE)


def _fill(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Put what `generated` knows, and the pictures there are, where a page asks for them."""
    source[0] = _PLACE.sub(lambda found: generated.PARTS[found[1]](), source[0])
    source[0] = _PICTURE.sub(_picture, source[0])


def _picture(found: re.Match[str]) -> str:
    """The picture as Markdown; nothing where it could not be made."""
    name, shown = found.groups()
    return f"![{shown}](/_pictures/{name})" if (screenshots.FOLDER / name).exists() else ""


def _make_pictures(_app: Sphinx) -> None:
    """All pictures that can be made here; a build without Chromium says so, and is none the worse."""
    logging.getLogger("sbrtcheck").setLevel(logging.WARNING)  # a package of furo's has all logging shown
    if lacking := screenshots.write_all():
        sys.stderr.write(f"Built without pictures of the HTML report: {lacking}\n")


def _write_table_pages(app: Sphinx) -> None:
    """A page for every bundled table; only changed ones are written, so that only those are built anew."""
    folder = Path(app.srcdir) / "_tables"
    folder.mkdir(exist_ok=True)
    pages = generated.table_pages()
    for stale in {path.stem for path in folder.glob("*.md")} - set(pages):
        (folder / f"{stale}.md").unlink()
    for name, text in pages.items():
        page = folder / f"{name}.md"
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8", newline="\n")


def _plain_references(_app: Sphinx, _what: str, _name: str, _of: object, _options: object, lines: list[str]) -> None:
    """Show references of a docstring as text: each docstring counts from 1, and several stand on one page."""
    text = re.sub(r"(\[\d+\])_", r"\1", "\n".join(lines))
    lines[:] = re.sub(r"^\.\. (\[\d+\])", r"| \1", text, flags=re.MULTILINE).split("\n")


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("builder-inited", _write_table_pages)
    app.connect("builder-inited", _make_pictures)
    app.connect("source-read", _fill)
    app.connect("autodoc-process-docstring", _plain_references)
