"""What holds for every kind of object."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from mammolens import __version__
from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.dicom.derived.derive import derive_from_exam, derive_from_image, write_derived
from mammolens.dicom.derived.kinds import OF_EXAM, OF_IMAGE, DerivedKind
from mammolens.dicom.derived.presentation_state import ImageTexts
from mammolens.errors import InputError
from mammolens.types import AnomalyResult

IODS = {  # as dciodvfy names them
    DerivedKind.SEGMENTATION: "Segmentation",
    DerivedKind.PARAMETRIC_MAP: "ParametricMap",
    DerivedKind.SECONDARY_CAPTURE: "SCImage",
    DerivedKind.REPORT: "ComprehensiveSR",
    DerivedKind.CAD_REPORT: "MammographyCADSR",
    DerivedKind.PRESENTATION_STATE: "GrayscaleSoftcopyPresentationState",
}
WHEN_MADE = (
    "ContentDate",
    "ContentTime",
    "DateOfSecondaryCapture",
    "TimeOfSecondaryCapture",
    "PresentationCreationDate",
    "PresentationCreationTime",
)
every_kind = pytest.mark.parametrize("kind", DerivedKind)


def derived(result: AnomalyResult, kind: DerivedKind) -> Dataset:
    if kind in OF_EXAM:
        count = len(result.record.findings)
        return derive_from_exam([result], kind, [["in words"] * count], [range(1, count + 1)])
    picture = np.zeros((20, 10, 3), np.uint8) if kind is DerivedKind.SECONDARY_CAPTURE else None
    texts = ImageTexts("in words", ["in words"] * len(result.record.findings))
    return derive_from_image(result, kind, picture, texts=texts)


def references(dataset: Dataset) -> set[tuple[str, str]]:
    """Class and instance of whatever is referred to, at any depth."""
    found = set()
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                found |= references(item)
    if "ReferencedSOPInstanceUID" in dataset:
        found.add((str(dataset.ReferencedSOPClassUID), str(dataset.ReferencedSOPInstanceUID)))
    return found


@pytest.fixture
def a_result(write_dicom, values_of, result_of, a_finding) -> AnomalyResult:
    heat = np.zeros((80, 72))
    heat[20:40, 10:20] = 3.5
    return result_of(write_dicom(values_of()), heat, findings=(a_finding,))


@pytest.mark.integration
@every_kind
def test_whatever_the_source_is_the_object_is_valid_and_refers_to_it(
    an_odd_source, kind, result_of, a_finding, tmp_path, assert_conformant
):
    heat = np.zeros((80, 72))
    heat[20:40, 10:20] = 3.5
    result = result_of(an_odd_source, heat, findings=(a_finding,))
    write_derived(derived(result, kind), tmp_path / "object.dcm")
    dataset, source = pydicom.dcmread(tmp_path / "object.dcm"), pydicom.dcmread(an_odd_source)
    assert references(dataset) == {(source.SOPClassUID, source.SOPInstanceUID)}
    assert str(dataset.PatientName) == str(source.get("PatientName", ""))
    assert dataset.PatientID == source.get("PatientID", "")
    assert dataset.StudyInstanceUID == source.get("StudyInstanceUID", dataset.StudyInstanceUID)
    assert_conformant(tmp_path / "object.dcm", IODS[kind])


@pytest.mark.integration
@every_kind
def test_a_digitised_film_with_a_thin_header_has_valid_objects(kind, result_of, tmp_path, assert_conformant):
    path = cbis_ddsm_files()[0]
    source = pydicom.dcmread(path, stop_before_pixels=True)
    heat = np.zeros((source.Rows, source.Columns), np.float32)
    heat[2000:2100, 1000:1300] = 2.5
    write_derived(derived(result_of(path, heat), kind), tmp_path / "object.dcm")
    dataset = pydicom.dcmread(tmp_path / "object.dcm")
    assert references(dataset) == {(source.SOPClassUID, source.SOPInstanceUID)}
    assert_conformant(tmp_path / "object.dcm", IODS[kind])
    if kind is DerivedKind.SEGMENTATION:
        np.testing.assert_array_equal(dataset.pixel_array[1], heat > 0)


@every_kind
def test_it_says_who_made_it_and_that_it_is_for_research(a_result, kind):
    dataset = derived(a_result, kind)
    assert dataset.SeriesDescription.endswith("research use only")
    assert (dataset.ManufacturerModelName, dataset.SoftwareVersions) == ("MammoLens", __version__)
    assert dataset.Manufacturer == "MammoLens developers"
    assert dataset.DeviceSerialNumber == a_result.record.model


@every_kind
def test_patient_and_study_are_described_as_in_the_source(kind, write_dicom, values_of, result_of):
    described = {"StudyDescription": "Screening", "AccessionNumber": "A1", "PatientAge": "055Y"}
    dataset = derived(result_of(write_dicom(values_of(), **described)), kind)
    assert {keyword: dataset.get(keyword) for keyword in described} == described


@every_kind
def test_the_same_input_gives_the_same_file_but_for_the_time(a_result, kind, tmp_path):
    files = []
    for number in range(2):
        dataset = derived(a_result, kind)
        for keyword in WHEN_MADE:
            if keyword in dataset:
                delattr(dataset, keyword)
        files.append(tmp_path / f"{number}.dcm")
        write_derived(dataset, files[-1])
    assert files[0].read_bytes() == files[1].read_bytes()


@every_kind
def test_another_model_gives_another_instance_in_another_series(a_result, kind, result_of):
    other = result_of(a_result.header.path, a_result.anomaly_map, model="other-0123456789ab")
    first, second = derived(a_result, kind), derived(other, kind)
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
        assert first[keyword].value != second[keyword].value
    assert first.StudyInstanceUID == second.StudyInstanceUID


def test_each_kind_is_a_series_of_its_own(a_result):
    objects = [derived(a_result, kind) for kind in DerivedKind]
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription"):
        assert len({str(dataset[keyword].value) for dataset in objects}) == len(DerivedKind), keyword


@every_kind
def test_the_source_is_not_touched(a_result, kind):
    before = a_result.header.path.read_bytes()
    derived(a_result, kind)
    assert a_result.header.path.read_bytes() == before


@every_kind
def test_a_picture_has_no_object(kind, result_of, tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(np.tile(np.arange(96, dtype=np.uint8), (128, 1))).save(path)
    with pytest.raises(InputError, match="image.png: is not a DICOM file"):
        derived(result_of(path, shape=(128, 96)), kind)


@every_kind
def test_a_header_that_no_object_can_take_over_is_named(a_result, kind, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no such value")

    monkeypatch.setattr("highdicom.SOPClass.__init__", refuse)
    with pytest.raises(InputError, match=r"image.dcm: its header does not fit into a DICOM object \(no such value\)"):
        derived(a_result, kind)


def test_an_image_compressed_with_loss_has_objects_that_say_so(write_dicom, values_of, result_of):
    path = write_dicom(values_of(), LossyImageCompression="01")  # without the ratio that belongs to it
    for kind in (DerivedKind.SEGMENTATION, DerivedKind.PARAMETRIC_MAP, DerivedKind.SECONDARY_CAPTURE):
        assert derived(result_of(path), kind).LossyImageCompression == "01", kind


@pytest.mark.parametrize("kind", OF_EXAM)
def test_what_is_of_an_exam_is_not_of_an_image(a_result, kind):
    with pytest.raises(ValueError, match=f"{kind} is not an object of an image; use one of segmentation"):
        derive_from_image(a_result, kind)


@pytest.mark.parametrize("kind", OF_IMAGE)
def test_what_is_of_an_image_is_not_of_an_exam(a_result, kind):
    with pytest.raises(ValueError, match=f"{kind} is not an object of an exam; use one of report"):
        derive_from_exam([a_result], kind, [["in words"]], [[1]])


@pytest.mark.parametrize("texts", [[], [[]], [["one", "two"]], [["one"], []]], ids=str)
@pytest.mark.parametrize("kind", OF_EXAM)
def test_texts_have_to_belong_to_the_findings(a_result, kind, texts):
    with pytest.raises(ValueError, match="argument|texts"):
        derive_from_exam([a_result], kind, texts, [[1]])


@pytest.mark.parametrize("kind", OF_EXAM)
def test_an_image_twice_counts_once(a_result, kind):
    twice = derive_from_exam([a_result, a_result], kind, [["in words"], ["in words"]], [[1], [1]])
    once = derive_from_exam([a_result], kind, [["in words"]], [[1]])
    assert len(twice.ContentSequence) == len(once.ContentSequence)
    assert twice.SOPInstanceUID == once.SOPInstanceUID
    (study,) = twice.CurrentRequestedProcedureEvidenceSequence
    assert len(study.ReferencedSeriesSequence[0].ReferencedSOPSequence) == 1


def test_no_result_has_no_report():
    with pytest.raises(ValueError, match="without results"):
        derive_from_exam([], DerivedKind.REPORT, [], [])


@pytest.fixture
def failing() -> Callable[..., Dataset]:
    class Failing(Dataset):
        def save_as(self, filename: str | Path, *_: object, **__: object) -> None:
            Path(filename).write_bytes(b"half")
            raise OSError("disk full")

    return Failing


def test_a_file_is_written_whole_or_not_at_all(a_result, failing, tmp_path):
    path = tmp_path / "new" / "object.dcm"
    write_derived(derived(a_result, DerivedKind.REPORT), path)
    before = path.read_bytes()
    assert before[128:132] == b"DICM"
    with pytest.raises(OSError, match="disk full"):
        write_derived(failing(), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
