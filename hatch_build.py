"""The long description: README, whose links lead from the package index to the files of this version."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?!https?://|#|mailto:)(?P<to>[^)\s]+)\)")


class LongDescription(MetadataHookInterface):
    """Sets ``readme``, which ``pyproject.toml`` declares dynamic."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Put the text in, as Markdown."""
        repository, tag = metadata["urls"]["Repository"], f"v{metadata['version']}"
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": with_whole_links(text, repository, tag)}


def with_whole_links(text: str, repository: str, tag: str) -> str:
    """The Markdown with every link to a file of the repository as an address; images as what shows them."""

    def whole(link: re.Match[str]) -> str:
        kind = "raw" if link["image"] else "blob"
        return f"{link['image']}[{link['text']}]({repository}/{kind}/{tag}/{link['to']})"

    return _LINK.sub(whole, text)
