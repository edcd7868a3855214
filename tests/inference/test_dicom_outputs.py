from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from mammolens.dicom.derived.kinds import OF_IMAGE, DerivedKind
from mammolens.errors import ConfigError
from mammolens.inference.dicom_outputs import DicomOutputs, kinds_named
from mammolens.inference.outputs import captioned_overlay, picture_to_burn_in

SEGMENTATION, CAPTURE, REPORT = DerivedKind.SEGMENTATION, DerivedKind.SECONDARY_CAPTURE, DerivedKind.REPORT
WHEN_MADE = {"ContentDate", "ContentTime", "DateOfSecondaryCapture", "TimeOfSecondaryCapture",
             "PresentationCreationDate", "PresentationCreationTime"}  # fmt: skip


@pytest.fixture(scope="module")
def results(a_predictor, an_exam):
    return a_predictor.predict_exam(an_exam)


def write(results, mammograms, kinds, folder) -> list[str]:
    """Write objects; the errors."""
    errors: list[str] = []
    outputs = DicomOutputs(kinds, folder, lambda error: errors.append(str(error)))
    for number, (mammogram, result) in enumerate(zip(mammograms, results, strict=True)):
        outputs.add(mammogram, result, f"image-{number}")
    outputs.finish()
    return errors


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_kinds_are_named_with_commas_between():
    assert kinds_named("report, segmentation,report", "--dicom") == (SEGMENTATION, REPORT)


@pytest.mark.parametrize("text", ["seg", "segmentation,SR", "", " , "])
def test_another_kind_is_refused_with_those_there_are(text):
    with pytest.raises(ConfigError, match="--dicom: .* is not a kind of DICOM object; use any of segmentation, param"):
        kinds_named(text, "--dicom")


def test_an_exam_leaves_a_file_an_image_and_one_of_its_own(results, an_exam, tmp_path):
    assert not write(results, an_exam, [SEGMENTATION, REPORT], tmp_path)
    exam = an_exam[0].header.exam_id
    assert names(tmp_path) == [f"exam_{exam}.report.dcm", *(f"image-{number}.segmentation.dcm" for number in range(4))]
    report = pydicom.dcmread(tmp_path / f"exam_{exam}.report.dcm")
    assert len(report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence) == 4
    for number, result in enumerate(results):
        dataset = pydicom.dcmread(tmp_path / f"image-{number}.segmentation.dcm")
        assert dataset.SourceImageSequence[0].ReferencedSOPInstanceUID == result.header.sop_instance_uid


def test_exams_of_one_name_keep_a_report_each(results, an_exam, tmp_path):
    others = [replace(result, header=replace(result.header, patient_id="another")) for result in results]
    assert not write([*results, *others], [*an_exam, *an_exam], [REPORT], tmp_path)
    exam = an_exam[0].header.exam_id
    assert names(tmp_path) == [f"exam_{exam}-2.report.dcm", f"exam_{exam}.report.dcm"]


def test_no_exam_id_leads_out_of_the_folder(results, an_exam, tmp_path):
    odd = [replace(result, header=replace(result.header, exam_id="../a b/\xe4")) for result in results]
    assert not write(odd, an_exam, [REPORT], tmp_path)
    assert names(tmp_path) == ["exam_.._a_b__.report.dcm"]


def test_a_secondary_capture_shows_the_overlay_with_what_is_said_of_the_image(results, an_exam, tmp_path):
    assert not write(results[:1], an_exam[:1], [CAPTURE], tmp_path)
    shown = pydicom.dcmread(tmp_path / "image-0.secondary_capture.dcm").pixel_array
    np.testing.assert_array_equal(shown, picture_to_burn_in(an_exam[0], results[0]))
    height = len(an_exam[0].pixels)
    np.testing.assert_array_equal(shown[:height], np.asarray(captioned_overlay(an_exam[0], results[0]))[:height])


@pytest.mark.parametrize("kind", list(OF_IMAGE))
def test_an_image_s_object_is_the_same_whatever_its_exam_turns_out_to_be(results, an_exam, tmp_path, kind):
    written = []
    for number, (percentile, flagged) in enumerate([(1.0, False), (99.0, True)]):
        changes = {"exam_percentile": percentile, "exam_is_anomalous": flagged}
        result = replace(results[0], record=results[0].record.model_copy(update=changes))
        assert not write([result], an_exam[:1], [kind], tmp_path / str(number))
        dataset = pydicom.dcmread(tmp_path / str(number) / f"image-0.{kind}.dcm")
        written.append({element.tag: element for element in dataset if element.keyword not in WHEN_MADE})
    assert written[0] == written[1]


def test_the_same_trouble_is_told_once_and_the_others_go_on(results, an_exam, tmp_path):
    gone = replace(results[0], header=replace(results[0].header, path=tmp_path / "gone.dcm"))
    errors = write([gone, *results[1:]], an_exam, [SEGMENTATION, DerivedKind.PARAMETRIC_MAP], tmp_path / "out")
    assert len(errors) == 1
    assert "gone.dcm: cannot be read" in errors[0]
    assert len(names(tmp_path / "out")) == 6
