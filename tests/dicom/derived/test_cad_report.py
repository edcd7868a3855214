"""Against PS3.16 TID 4000 and its subordinates, by the programs that read it and by walking the tree."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from mammolens.dicom.derived.derive import derive_from_exam, write_derived
from mammolens.dicom.derived.kinds import DerivedKind

CAD_REPORT = DerivedKind.CAD_REPORT


def written(results, texts, tmp_path) -> tuple[Dataset, object]:
    path = tmp_path / "cad.dcm"
    numbers = [range(1, len(of_image) + 1) for of_image in texts]
    write_derived(derive_from_exam(results, CAD_REPORT, texts, numbers), path)
    return pydicom.dcmread(path), path


@pytest.fixture
def with_findings(phantom_files, result_of, a_finding, tmp_path):
    """Four views, a finding in the second and in the fourth."""
    results = [
        result_of(file, shape=(256, 208), findings=(a_finding,) if number in (1, 3) else ())
        for number, file in enumerate(phantom_files)
    ]
    dataset, path = written(results, [[], ["upper, high"], [], ["lower"]], tmp_path)
    return results, dataset, path


@pytest.fixture
def without_findings(phantom_files, result_of, tmp_path):
    results = [result_of(file, shape=(256, 208)) for file in phantom_files]
    return written(results, [[]] * 4, tmp_path)


def children(item: Dataset, meaning: str) -> list[Dataset]:
    named = [child for child in item.get("ContentSequence", []) if "ConceptNameCodeSequence" in child]
    return [child for child in named if child.ConceptNameCodeSequence[0].CodeMeaning == meaning]


def value(item: Dataset) -> str:
    return str(item.ConceptCodeSequence[0].CodeMeaning)


def findings(dataset: Dataset) -> list[Dataset]:
    (summary,) = children(dataset, "CAD Processing and Findings Summary")
    impressions = children(summary, "Individual Impression/Recommendation")
    return [finding for impression in impressions for finding in children(impression, "Single Image Finding")]


def pointed_at(dataset: Dataset, item: Dataset) -> Dataset:
    """The item that an item by reference means; 1 is the root (PS3.3 C.17.3.2.5)."""
    first, *places = item.ReferencedContentItemIdentifier
    assert first == 1
    found = dataset
    for place in places:
        found = found.ContentSequence[place - 1]
    return found


@pytest.mark.integration
def test_dciodvfy_finds_no_error_with_findings(with_findings, assert_conformant):
    assert_conformant(with_findings[2], "MammographyCADSR")


@pytest.mark.integration
def test_dciodvfy_finds_no_error_without_findings(without_findings, assert_conformant):
    assert_conformant(without_findings[1], "MammographyCADSR")


@pytest.mark.integration
def test_dcmtk_reads_the_whole_tree(with_findings, run_program):
    said = run_program("dsrdump", "+Pl", with_findings[2])
    assert said.count("Single Image Finding") == 2
    assert "selected from 1.2.2" in said
    assert "selected from 1.2.4" in said
    assert "Research use only, not a medical device" in said
    assert "E: " not in said


def test_the_root_names_its_template_and_has_its_parts_in_order(with_findings):
    _, dataset, _ = with_findings
    assert dataset.ContentTemplateSequence[0].TemplateIdentifier == "4000"
    assert [item.ConceptNameCodeSequence[0].CodeMeaning for item in dataset.ContentSequence] == [
        "Language of Content Item and Descendants",
        "Image Library",
        "CAD Processing and Findings Summary",
        "Summary of Detections",
        "Summary of Analyses",
    ]


def test_a_finding_is_a_selected_region_with_its_peak_outline_and_words(with_findings, a_finding):
    results, dataset, _ = with_findings
    for finding, result, words in zip(
        findings(dataset), (results[1], results[3]), ("upper, high", "lower"), strict=True
    ):
        assert value(finding) == "Selected region"
        (centre,), (outline,) = children(finding, "Center"), children(finding, "Outline")
        assert (centre.GraphicType, centre.GraphicData) == ("POINT", [12.5, 30.5])
        np.testing.assert_allclose(np.reshape(outline.GraphicData, (-1, 2)), np.array(a_finding.contour) + 0.5)
        for place in (centre, outline):
            (reference,) = place.ContentSequence
            image = pointed_at(dataset, reference)
            assert reference.RelationshipType == "SELECTED FROM"
            assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == result.header.sop_instance_uid
        (text,) = children(finding, "Selected Region Description")
        assert text.TextValue == f"{words}. Research use only, not a medical device"
        assert value(children(finding, "Rendering Intent")[0]).startswith("Presentation Required")
        assert children(finding, "Algorithm Version")[0].TextValue == result.record.model


def test_nothing_is_said_of_cancer_or_what_to_do(with_findings):
    text = with_findings[1].to_json().lower()
    assert "research use only" in text
    for word in ("probability of cancer", "certainty", "assessment category", "recommended"):
        assert word not in text


def test_the_overall_impression_tells_the_exams_number_and_the_reservations(with_findings):
    (summary,) = children(with_findings[1], "CAD Processing and Findings Summary")
    assert value(summary) == "All algorithms succeeded; with findings"
    (impression,) = children(summary, "Impression Description")
    assert impression.TextValue.startswith("Research use only, not a medical device. Score 10 of 10 (p = 0.03)")
    assert "L CC: view guessed." in impression.TextValue


def test_without_findings_it_says_so_and_has_no_impressions(without_findings):
    dataset, _ = without_findings
    (summary,) = children(dataset, "CAD Processing and Findings Summary")
    assert value(summary) == "All algorithms succeeded; without findings"
    assert not findings(dataset)


def test_all_images_were_looked_at_also_those_without_findings(with_findings):
    results, dataset, _ = with_findings
    (summary,) = children(dataset, "Summary of Detections")
    assert value(summary) == "Succeeded"
    (performed,) = children(children(summary, "Successful Detections")[0], "Detection Performed")
    looked_at = [pointed_at(dataset, item) for item in performed.ContentSequence if "ValueType" not in item]
    uids = [image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for image in looked_at]
    assert uids == [result.header.sop_instance_uid for result in results]
