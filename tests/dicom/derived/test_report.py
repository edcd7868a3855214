from __future__ import annotations

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from mammolens.dicom.derived import measures
from mammolens.dicom.derived.derive import derive_from_exam, write_derived
from mammolens.dicom.derived.kinds import DerivedKind

REPORT = DerivedKind.REPORT


@pytest.fixture
def written(phantom_files, result_of, a_finding, tmp_path):
    """Four views; the second has two findings."""
    second = a_finding.model_copy(update={"area_mm2": None, "level": "moderate", "peak": 2.5})
    results = [
        result_of(file, shape=(256, 208), findings=(a_finding, second) if number == 1 else ())
        for number, file in enumerate(phantom_files)
    ]
    texts = [[], ["upper, 200 mm2, high", "lower, moderate"], [], []]
    write_derived(derive_from_exam(results, REPORT, texts, [[], [2, 5], [], []]), tmp_path / "sr.dcm")
    return results, tmp_path / "sr.dcm"


def content(file) -> highdicom.sr.MeasurementReport:
    return highdicom.sr.MeasurementReport.from_sequence([highdicom.sr.srread(file).content[0]])


def named(items, name) -> list[Dataset]:
    return [item for item in items if item.ConceptNameCodeSequence[0].CodeValue == name.value]


def texts(item) -> list[str]:
    """All texts below an item."""
    below = [text for child in item.get("ContentSequence", []) for text in texts(child)]
    return [item.TextValue, *below] if "TextValue" in item else below


def numbers(group) -> dict[str, float]:
    return {m.name.value: (m.value, m.unit.value) for m in group.get_measurements()}


def test_highdicom_reads_each_finding_with_its_place_numbers_and_words(written, a_finding):
    _, file = written
    first, second = content(file).get_planar_roi_measurement_groups()
    region = first.roi
    np.testing.assert_allclose(region.value, np.array(a_finding.contour) + 0.5)  # PS3.3 C.18.6.1.1
    assert region.graphic_type.value == "POLYLINE"
    source = first[0].ContentSequence
    assert named(source, pydicom.sr.codedict.codes.DCM.SelectedRegionDescription)[0].TextValue == "upper, 200 mm2, high"
    assert named(source, measures.ANOMALY_LEVEL)[0].TextValue == "high"
    assert numbers(first) == {"anomaly-peak": (4.5, "1"), "finding-percent": (97.5, "%"), "42798000": (200.0, "mm2")}
    assert numbers(second) == {"anomaly-peak": (2.5, "1"), "finding-percent": (97.5, "%")}
    assert (first.finding_type.value, first.finding_sites[0].laterality.meaning) == ("111099", "Left")
    assert (first.tracking_identifier, second.tracking_identifier) == ("L CC 2", "L CC 5")
    assert first.tracking_uid != second.tracking_uid


def test_groups_with_regions_come_first(written):
    """The order of the rows of TID 1500 is significant, and dwv draws no outline of a report that starts otherwise."""
    _, file = written
    measurements = content(file).get_planar_roi_measurement_groups(), content(file).get_image_measurement_groups()
    uids = [group.tracking_uid for groups in measurements for group in groups]
    (container,) = named(pydicom.dcmread(file).ContentSequence, pydicom.sr.codedict.codes.DCM.ImagingMeasurements)
    tracking = pydicom.sr.codedict.codes.DCM.TrackingUniqueIdentifier
    assert [named(group.ContentSequence, tracking)[0].UID for group in container.ContentSequence] == uids


def test_a_region_lies_on_the_image_that_it_was_found_in(written):
    results, file = written
    for group in content(file).get_planar_roi_measurement_groups():
        reference = group.roi.ContentSequence[0].ReferencedSOPSequence[0]
        assert reference.ReferencedSOPInstanceUID == results[1].header.sop_instance_uid


def test_exam_and_images_have_groups_with_their_numbers(written):
    results, file = written
    exam, *images = content(file).get_image_measurement_groups()
    assert numbers(exam) == {
        "exam-decile": (10, "1"), "exam-p-value": (0.03, "1"), "exam-percentile": (97.0, "%"),
        "exam-score": (1.75, "1"),
    }  # fmt: skip
    assert len(images) == 4
    for image, result in zip(images, results, strict=True):
        assert numbers(image) == {
            "image-p-value": (0.04, "1"), "image-score": (2.5, "1"), "breast-decile": (8, "1"),
            "breast-p-value": (0.25, "1"), "breast-score": (2.25, "1"),
        }  # fmt: skip
        source = image.source_images[0].ReferencedSOPSequence[0]
        assert source.ReferencedSOPInstanceUID == result.header.sop_instance_uid
        assert named(image[0].ContentSequence, measures.FLAGS)[0].TextValue == "view guessed"


def test_the_software_with_its_model_and_calibration_is_the_observer(written):
    observer = content(written[1]).get_observer_contexts()[0].observer_identifying_attributes
    assert (observer.name, observer.model_name, observer.serial_number) == (
        "MammoLens", "made-0123456789ab", "cal-0123456789ab",
    )  # fmt: skip


def test_each_number_of_exam_and_images_is_inferred_from_whole_images(written):
    """OHIF opens no report with a number that lacks coordinates, in a group without a region."""
    results, file = written
    exam, *images = content(file).get_image_measurement_groups()
    for group, of in [(exam, results), *((image, [result]) for image, result in zip(images, results, strict=True))]:
        uids = [result.header.sop_instance_uid for result in of]
        for number in (item for item in group[0].ContentSequence if item.ValueType == "NUM"):
            sources = [region.ContentSequence[0].ReferencedSOPSequence[0] for region in number.ContentSequence]
            assert [source.ReferencedSOPInstanceUID for source in sources] == uids
            for region in number.ContentSequence:
                assert (region.RelationshipType, region.GraphicType) == ("INFERRED FROM", "POLYLINE")
                # columns and rows of the corners, from that of the first pixel (PS3.3 C.18.6.1.1)
                assert list(region.GraphicData) == [0, 0, 208, 0, 208, 256, 0, 256, 0, 0]


@pytest.mark.integration
def test_dcmtk_reads_the_report_and_finds_the_notice_and_the_decision(written, run_program):
    said = run_program("dsrdump", "+Pl", written[1])
    assert "Research use only, not a medical device" in said
    assert "Score 10 of 10 (p = 0.03): Highly unusual, more anomalous than 97 % of normal exams; flagged (the" in said
    assert "E: " not in said


@pytest.mark.integration
def test_dciodvfy_finds_no_error(written, assert_conformant):
    assert_conformant(written[1], "ComprehensiveSR")


def test_it_is_complete_and_verified_by_nobody(written):
    dataset = pydicom.dcmread(written[1])
    assert (dataset.CompletionFlag, dataset.VerificationFlag, dataset.PreliminaryFlag) == (
        "COMPLETE", "UNVERIFIED", "PRELIMINARY",
    )  # fmt: skip


def test_private_codes_are_explained(written):
    (scheme,) = pydicom.dcmread(written[1]).CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == measures.SCHEME == "99MAMMOLENS"


def test_findings_that_were_left_out_are_counted(phantom_files, result_of):
    result = result_of(phantom_files[0], shape=(256, 208), findings_left_out=3)
    dataset = derive_from_exam([result], REPORT, [[]], [[]])
    assert any("3 findings with lower peaks are left out" in text for text in texts(dataset))
