from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.enums import QualityFlag
from mammolens.inference.flag_explanations import EXPLANATIONS, explanations

PAGE = Path(__file__).parents[2] / "docs" / "findings.md"


@pytest.mark.parametrize("flag", QualityFlag)
def test_every_flag_has_one_short_sentence(flag):
    sentence = EXPLANATIONS[flag]
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert sentence.count(".") == 1
    assert len(sentence) < 80


@pytest.mark.parametrize("flag", QualityFlag)
def test_the_documentation_says_the_same(flag):
    assert f"| `{flag}` | {EXPLANATIONS[flag]} |" in PAGE.read_text()


def test_flags_are_explained_in_their_order_and_the_unusual_statistic_is_named():
    flags = ["out_of_distribution", "implant"]
    unusual, implant = EXPLANATIONS[QualityFlag.OUT_OF_DISTRIBUTION], EXPLANATIONS[QualityFlag.IMPLANT]
    assert explanations(flags) == [unusual, implant]
    assert explanations(flags, "noise lower than usual") == [f"{unusual[:-1]} (noise lower than usual).", implant]
    assert explanations(["implant"], "noise lower than usual") == [implant]
    assert explanations([]) == []


def test_attributes_that_were_set_aside_are_named():
    plain = EXPLANATIONS[QualityFlag.UNUSABLE_ATTRIBUTE].removesuffix(".")
    said = ["WindowCenter 'AUTO'", "BitsStored '10'"]
    assert explanations(["unusable_attribute"], None, said) == [f"{plain} (WindowCenter 'AUTO', BitsStored '10')."]
