"""Tags are those of the DICOM dictionary."""

from __future__ import annotations

from pydicom.datadict import keyword_for_tag

from sbrtcheck.dicom.attributes import Tag


def test_every_tag_has_the_keyword_that_the_dictionary_gives_it() -> None:
    tags = {name: tag for name, tag in vars(Tag).items() if isinstance(tag, int) and name[0] != "_"}
    assert len(tags) > 80
    assert {name.replace("_", ""): tag for name, tag in tags.items()} == {
        keyword_for_tag(tag).upper(): tag for tag in tags.values()
    }
