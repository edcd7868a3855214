"""docs/dicom-conformance.md says what the code reads and writes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from mammolens.dicom import sop_classes
from mammolens.dicom.codecs import KINDS
from mammolens.dicom.derived.derive import derive_from_exam, derive_from_image
from mammolens.dicom.derived.kinds import OF_EXAM, DerivedKind
from mammolens.dicom.derived.presentation_state import ImageTexts

STATEMENT = Path(__file__).parents[3] / "docs" / "dicom-conformance.md"


def rows(heading: str) -> list[list[str]]:
    """Cells of the table below a heading, without its head."""
    section = STATEMENT.read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture
def an_object(write_dicom, values_of, result_of, a_finding):
    path = write_dicom(values_of(), WindowCenter="2048", WindowWidth="1000")
    result = result_of(path, np.full((80, 72), 3.5), findings=(a_finding,))

    def of(kind: DerivedKind) -> Dataset:
        if kind in OF_EXAM:
            return derive_from_exam([result], kind, [["in words"]], [[1]])
        picture = np.zeros((20, 10, 3), np.uint8) if kind is DerivedKind.SECONDARY_CAPTURE else None
        return derive_from_image(result, kind, picture, texts=ImageTexts("in words", ["in words"]))

    return of


def test_the_transfer_syntaxes_that_are_read_are_listed():
    uncompressed = (
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRLittleEndian,
        uid.DeflatedExplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
    )
    assert {row[1] for row in rows("### Transfer syntaxes")} == {*uncompressed, *KINDS}


def test_the_classes_that_are_read_are_listed():
    listed = {row[1]: row[2] for row in rows("### Objects that are read")}
    scored = {*sop_classes.PROJECTION_X_RAY, *sop_classes.SECONDARY_CAPTURE}
    refused = {*sop_classes.FOR_PROCESSING, sop_classes.TOMOSYNTHESIS}
    assert {one for one, how in listed.items() if how == "scored"} == scored
    assert {one for one, how in listed.items() if how == "refused"} == refused


def test_the_objects_that_are_written_are_listed(an_object):
    stated = [row[:6] for row in rows("### Objects that are written")]
    written = []
    for kind in DerivedKind:
        one = an_object(kind)
        series = (str(one.Modality), str(one.SeriesNumber), str(one.SeriesDescription))
        assert one.SpecificCharacterSet == "ISO_IR 192"
        written.append([kind.value, uid.UID(one.SOPClassUID).name, str(one.SOPClassUID), *series])
    assert stated == written
    assert {row[2] for row in stated} == set(sop_classes.RESULTS)


def test_the_attributes_of_a_presentation_state_are_listed(an_object):
    listed = {row[0]: row[1] for row in rows("### Attributes of the presentation state")}
    state = an_object(DerivedKind.PRESENTATION_STATE)
    written = {element.keyword for element in state}
    assert {keyword for keyword, when in listed.items() if not when.startswith("if ")} <= written
    assert written <= set(listed)
    assert all(tag_for_keyword(keyword) for keyword in listed)
    assert not [one for one in listed if re.search(r"\W", one)]
