"""Which metrics have bounds that finer elements of their structure make closer."""

from __future__ import annotations

import pytest

from sbrtcheck.judge.row import is_of_elements
from sbrtcheck.metric import parse


@pytest.mark.parametrize(
    "text",
    [
        *("D0.035cc[Gy]", "V20Gy[%]", "CV15Gy[cc]", "Mean[Gy]", "gEUD(a=4)[Gy]"),
        "V105%Rx_outside_PTV[cc]",  # less what the target has of it
        "CI_Paddick[ratio]",  # by how much of the target is covered
    ],
)
def test_what_is_read_off_the_dvh_of_a_structure_is_of_its_elements(text: str) -> None:
    assert is_of_elements(parse(text))


@pytest.mark.parametrize("text", ["CI_RTOG[ratio]", "GI[ratio]", "R50%[ratio]", "D2cm[Gy]", "Targets[count]"])
def test_what_isodoses_and_the_target_as_a_whole_tell_is_not(text: str) -> None:
    assert not is_of_elements(parse(text))
