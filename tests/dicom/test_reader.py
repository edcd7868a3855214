from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset

from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.dicom.opening import open_dicom
from mammolens.dicom.pictures import content_uid
from mammolens.dicom.reader import read_header, read_mammogram, read_shape
from mammolens.enums import AttributeSource, Laterality, QualityFlag, ViewPosition
from mammolens.errors import InputError, NotAMammogramError, PixelDataError
from mammolens.types import ImageAttributes, Mammogram

POOR = dict.fromkeys(("Modality", "PresentationIntentType", "ImageLaterality", "ViewPosition", "StudyInstanceUID"))
GUESSED = (QualityFlag.LATERALITY_GUESSED, QualityFlag.VIEW_GUESSED)


def strip_class(path: Path) -> Path:
    """Leave the SOP Class UID in the file meta information only, as some public sets do."""
    dataset = open_dicom(path, with_pixels=True)
    del dataset.SOPClassUID
    dataset.save_as(path)
    return path


def test_a_header_is_read_without_pixels_and_is_the_mammogram_s(write_dicom, stored_phantoms):
    path = write_dicom(
        stored_phantoms[3],
        BitsStored=12,
        ImagerPixelSpacing=["0.1", "0.1"],
        Manufacturer=" Maker ",
        ManufacturerModelName="Model",
        SoftwareVersions=["2.1", "R7"],
    )
    header = read_header(path)
    assert header == read_mammogram(path).header
    assert (header.path, header.patient_id) == (path, "PHANTOM-1")
    assert header.exam_id == header.study_instance_uid == "1.2.826.0.1.3680043.8.498.2"
    assert header.series_instance_uid == "1.2.826.0.1.3680043.8.498.3"
    assert header.sop_instance_uid == "1.2.826.0.1.3680043.8.498.1"
    assert header.sop_class_uid == uid.DigitalMammographyXRayImageStorageForPresentation
    assert header.transfer_syntax_uid == uid.ExplicitVRLittleEndian
    assert (header.photometric_interpretation, header.acquisition_group) == ("MONOCHROME2", "Maker Model")
    assert header.software_versions == "2.1, R7"
    assert header.flags == ()


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_four_views_in_one_series_are_four_images(a_phantom_exam, tmp_path, photometric):
    files = write_phantom_exam(a_phantom_exam, tmp_path, photometric=photometric, one_series=True)
    mammograms = [read_mammogram(file) for file in files]
    headers = [mammogram.header for mammogram in mammograms]
    assert len({header.series_instance_uid for header in headers}) == 1
    assert len({header.sop_instance_uid for header in headers}) == 4
    assert len({header.exam_id for header in headers}) == 1
    for view, mammogram in zip(a_phantom_exam.views, mammograms, strict=True):
        assert (mammogram.header.laterality, mammogram.header.view) == (view.laterality, view.view)
        np.testing.assert_allclose(mammogram.pixels, view.pixels, atol=0.6 / 4095)


@pytest.mark.parametrize("number", range(4), ids=["R CC", "L CC", "R MLO", "L MLO"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_poor_header_is_accepted_and_completed_from_the_pixels(
    write_dicom, a_phantom_exam, stored_phantoms, number, photometric
):
    view, values = a_phantom_exam.views[number], stored_phantoms[number]
    if photometric == "MONOCHROME1":
        values = 4095 - values
    dx = uid.DigitalXRayImageStorageForPresentation
    path = strip_class(write_dicom(values, PhotometricInterpretation=photometric, SOPClassUID=dx, **POOR))
    assert read_header(path).laterality is None
    assert read_header(path).view_source is AttributeSource.UNKNOWN
    header = read_mammogram(path).header
    assert (header.laterality, header.laterality_source) == (view.laterality, AttributeSource.GUESSED)
    assert (header.view, header.view_source) == (view.view, AttributeSource.GUESSED)
    assert header.flags == (QualityFlag.POOR_HEADER, QualityFlag.STUDY_UNKNOWN, QualityFlag.NO_PIXEL_SPACING, *GUESSED)
    assert (header.study_instance_uid, header.exam_id, header.sop_class_uid) == (None, "PHANTOM-1", dx)


@pytest.mark.parametrize("number", range(4), ids=["R CC", "L CC", "R MLO", "L MLO"])
def test_a_view_in_a_word_that_is_not_known_is_not_guessed(write_dicom, stored_phantoms, number):
    path = write_dicom(stored_phantoms[number], ViewPosition="AP", ImagerPixelSpacing=["0.1", "0.1"])
    header = read_mammogram(path).header
    assert (header.view, header.unusable_attributes) == (None, ("ViewPosition 'AP'",))
    assert header.flags == (QualityFlag.UNUSABLE_ATTRIBUTE, QualityFlag.NO_SCREENING_VIEW)
    assert read_mammogram(path, ImageAttributes(view=ViewPosition.CC)).header.view is ViewPosition.CC


def test_a_machine_s_synthetic_views_are_a_group_of_their_own_also_where_a_table_names_it(write_dicom, stored_phantoms):
    generated = ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"]
    path = write_dicom(stored_phantoms[3], ImageType=generated, Manufacturer="Maker", ManufacturerModelName="Model")
    header = read_header(path)
    assert header.acquisition_group == "Maker Model, synthetic 2D"
    assert QualityFlag.SYNTHETIC_2D in header.flags
    assert read_header(path, ImageAttributes(machine_id="M 3")).acquisition_group == "M 3, synthetic 2D"
    again = ImageAttributes(machine_id=header.acquisition_group)  # as a folder's cases repeat it
    assert read_header(path, again).acquisition_group == header.acquisition_group


def test_the_view_s_code_goes_before_its_word(write_dicom, stored_phantoms):
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "399368009", "SCT", "medio-lateral oblique"
    header = read_mammogram(write_dicom(stored_phantoms[3], ViewPosition="CC", ViewCodeSequence=[code])).header
    assert (header.view, header.view_source) == (ViewPosition.MLO, AttributeSource.CODE_SEQUENCE)
    assert header.flags == (QualityFlag.VIEW_CONTRADICTED, QualityFlag.NO_PIXEL_SPACING)


def test_the_shape_is_read_without_pixels(write_dicom, stored_phantoms, tmp_path):
    path = write_dicom(stored_phantoms[0])
    Image.fromarray((stored_phantoms[0] >> 4).astype(np.uint8)).save(tmp_path / "same.png")
    assert read_shape(path) == read_shape(tmp_path / "same.png") == stored_phantoms[0].shape
    path.write_bytes(path.read_bytes()[:300])
    (tmp_path / "same.png").write_bytes((tmp_path / "same.png").read_bytes()[:12])
    for damaged in (path, tmp_path / "same.png"):
        with pytest.raises(InputError, match="damaged"):
            read_shape(damaged)


def test_code_sequences_tell_what_attributes_do_not(write_dicom, stored_phantoms):
    view, region, side = Dataset(), Dataset(), Dataset()
    view.CodeValue, region.CodeValue, side.CodeValue = "R-10226", "76752008", "24028007"
    region.AnatomicRegionModifierSequence = [side]
    path = write_dicom(
        stored_phantoms[1],
        ImageLaterality="",
        ViewPosition=None,
        ViewCodeSequence=[view],
        AnatomicRegionSequence=[region],
    )
    header = read_mammogram(path).header
    assert (header.laterality, header.view) == (Laterality.RIGHT, ViewPosition.MLO)
    assert {header.laterality_source, header.view_source} == {AttributeSource.CODE_SEQUENCE}
    assert not {*header.flags} & {*GUESSED}


def test_cbis_ddsm_s_captures_are_grouped_by_woman(write_dicom, stored_phantoms):
    header = read_mammogram(
        write_dicom(
            stored_phantoms[0],
            SOPClassUID=uid.SecondaryCaptureImageStorage,
            PatientID="Mass-Test_P_00173_RIGHT_CC",
            ImageLaterality=None,
            ViewPosition=None,
            PatientOrientation="CC",
        )
    ).header
    assert header.patient_id == header.exam_id == "Mass-Test_P_00173"
    assert (header.laterality, header.view) == (Laterality.RIGHT, ViewPosition.CC)
    assert header.view_source is AttributeSource.HEADER
    assert header.flags == (QualityFlag.SECONDARY_CAPTURE, QualityFlag.NO_PIXEL_SPACING)


def test_a_table_wins_over_the_header(write_dicom, stored_phantoms):
    table = ImageAttributes("7", "2020", Laterality.RIGHT, ViewPosition.XCCL, "machine 3")
    header = read_mammogram(write_dicom(stored_phantoms[3]), table).header
    assert (header.patient_id, header.exam_id, header.acquisition_group) == ("7", "2020", "machine 3")
    assert (header.laterality, header.view) == (Laterality.RIGHT, ViewPosition.XCCL)
    assert {header.laterality_source, header.view_source} == {AttributeSource.TABLE}


def test_a_table_that_names_the_patient_leaves_her_studies_apart(write_dicom, stored_phantoms):
    studies = {
        read_header(write_dicom(stored_phantoms[0], StudyInstanceUID=study), ImageAttributes(patient_id="7")).exam_id
        for study in ("1.2.1", "1.2.2")
    }
    assert studies == {"1.2.1", "1.2.2"}
    without = read_header(write_dicom(stored_phantoms[0], StudyInstanceUID=None), ImageAttributes(patient_id="7"))
    assert without.exam_id == "7"


def test_an_image_without_identity_goes_by_its_content_and_never_by_its_name(write_dicom, stored_phantoms):
    path = write_dicom(stored_phantoms[0], name="IM0001.dcm", PatientID="", StudyInstanceUID="", SOPInstanceUID=None)
    header = read_header(path)
    assert (header.patient_id, header.exam_id, header.study_instance_uid) == ("", content_uid(path), None)
    assert header.patient_key == content_uid(path)
    assert QualityFlag.PATIENT_UNKNOWN in header.flags
    assert header.sop_instance_uid == "1.2.826.0.1.3680043.8.498.1"  # of the meta information


def test_namesakes_of_two_women_are_two_exams_unless_a_table_says_otherwise(write_dicom, stored_phantoms):
    nobody = {"PatientID": None, "StudyInstanceUID": None}
    anna, berta = (
        write_dicom(values, name=f"{folder}/L.dcm", **nobody)
        for folder, values in zip(("anna", "berta"), stored_phantoms, strict=False)
    )
    assert read_header(anna).patient_key != read_header(berta).patient_key
    assert read_header(anna).exam_key != read_header(berta).exam_key
    table = ImageAttributes(patient_id="7")
    assert read_header(anna, table).exam_key == read_header(berta, table).exam_key == ("7", "7")


@pytest.mark.parametrize("patient", [None, "", "  "], ids=["missing", "empty", "blank"])
def test_without_patient_id_the_study_is_the_key_and_a_table_that_names_the_patient_goes_before_it(
    write_dicom, stored_phantoms, patient
):
    files = [write_dicom(values, name=f"{n}.dcm", PatientID=patient) for n, values in enumerate(stored_phantoms)]
    headers = [read_header(file) for file in files]
    study = "1.2.826.0.1.3680043.8.498.2"
    assert {header.exam_key for header in headers} == {("", study)}
    assert {header.patient_key for header in headers} == {study}
    assert all(QualityFlag.PATIENT_UNKNOWN in header.flags for header in headers)
    named = read_header(files[0], ImageAttributes(patient_id="7"))
    assert (named.exam_key, named.patient_key) == (("7", study), "7")
    assert not {QualityFlag.PATIENT_UNKNOWN, QualityFlag.STUDY_UNKNOWN} & {*named.flags}


def test_an_exam_without_study_is_the_patient_s_and_told_unless_a_table_names_the_exam(write_dicom, stored_phantoms):
    path = write_dicom(stored_phantoms[0], StudyInstanceUID=None)
    header = read_header(path)
    assert header.exam_key == ("PHANTOM-1", "PHANTOM-1")
    assert QualityFlag.STUDY_UNKNOWN in header.flags
    assert QualityFlag.STUDY_UNKNOWN in read_header(path, ImageAttributes(patient_id="7")).flags
    assert QualityFlag.STUDY_UNKNOWN not in read_header(path, ImageAttributes(exam_id="2020")).flags
    nobody = write_dicom(stored_phantoms[0], StudyInstanceUID=None, PatientID=None)
    assert QualityFlag.STUDY_UNKNOWN not in read_header(nobody).flags
    assert QualityFlag.STUDY_UNKNOWN in read_header(nobody, ImageAttributes(patient_id="7")).flags


def test_an_issuer_is_that_of_the_header_s_patient_id_alone(write_dicom, stored_phantoms):
    path = write_dicom(stored_phantoms[0], IssuerOfPatientID="North")
    assert read_header(path).issuer_of_patient_id == "North"
    assert read_header(path, ImageAttributes(patient_id="7")).issuer_of_patient_id is None


def test_a_substitute_takes_the_place_of_the_uid_and_is_told(write_dicom, stored_phantoms):
    header = read_header(write_dicom(stored_phantoms[0]), ImageAttributes(sop_instance_uid="2.25.7"))
    assert header.sop_instance_uid == "2.25.7"
    assert QualityFlag.SUBSTITUTE_UID in header.flags


def test_monochrome1_that_was_never_inverted_is_turned_round(write_dicom, a_phantom_exam, stored_phantoms):
    mammogram = read_mammogram(write_dicom(4095 - stored_phantoms[2], BitsStored=12))
    assert QualityFlag.POLARITY_CORRECTED in mammogram.header.flags
    brightest = stored_phantoms[2].max() / 4095
    np.testing.assert_allclose(mammogram.pixels, a_phantom_exam.views[2].pixels / brightest, atol=1e-3)


def test_pixels_are_read_only_float32(write_dicom, stored_phantoms):
    pixels = read_mammogram(write_dicom(stored_phantoms[0])).pixels
    assert (pixels.dtype, pixels.shape, pixels.flags.writeable) == (np.float32, stored_phantoms[0].shape, False)
    assert (pixels.min(), pixels.max()) == (0, 1)


@pytest.mark.parametrize("read", [read_header, read_mammogram])
def test_paths_that_are_no_images_are_refused_in_one_line(tmp_path, read):
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "notes.dcm").write_text("notes\n" * 100)
    (tmp_path / "only the start.dcm").write_bytes(b"\0" * 128 + b"DICM")
    expected = {
        "gone.dcm": InputError,
        ".": NotAMammogramError,
        "empty.dcm": PixelDataError,
        "notes.dcm": InputError,
        "only the start.dcm": NotAMammogramError,
    }
    for name, kind in expected.items():
        with pytest.raises(kind) as refusal:
            read(tmp_path / name)
        assert str(refusal.value).startswith(f"{tmp_path / name}: ")
        assert "; " in str(refusal.value)
        assert "\n" not in str(refusal.value)


def test_a_header_without_pixels_can_be_read_and_its_image_not(write_dicom, stored_phantoms):
    path = write_dicom(stored_phantoms[0], PixelData=None)
    assert read_header(path).laterality is Laterality.LEFT
    with pytest.raises(PixelDataError, match="the file has no Pixel Data"):
        read_mammogram(path)


def test_several_threads_read_the_same_as_one(a_phantom_exam, tmp_path):
    variants = product(("MONOCHROME1", "MONOCHROME2"), (uid.ExplicitVRLittleEndian, uid.RLELossless))
    files = [
        file
        for number, (photometric, syntax) in enumerate(variants)
        for file in write_phantom_exam(
            a_phantom_exam, tmp_path / str(number), photometric=photometric, transfer_syntax=syntax
        )
    ]
    alone = [read_mammogram(file) for file in files]
    with ThreadPoolExecutor(4) as pool:
        together: list[Mammogram] = list(pool.map(read_mammogram, files))
    for one, other in zip(alone, together, strict=True):
        assert one.header == other.header
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_a_view_that_the_picture_contradicts_is_flagged_and_one_of_its_own_is_not(a_phantom_exam, tmp_path):
    files = write_phantom_exam(a_phantom_exam, tmp_path)
    assert [read_mammogram(file).header.flags for file in files] == [()] * 4
    for cc in files[:2]:
        header = read_mammogram(cc, ImageAttributes(view=ViewPosition.MLO)).header
        assert header.flags == (QualityFlag.VIEW_CONTRADICTED,)


@pytest.mark.parametrize("view", sorted(set(ViewPosition) - {ViewPosition.CC, ViewPosition.MLO}))
def test_a_view_that_is_none_of_screening_is_flagged(a_phantom_exam, tmp_path, view):
    file = write_phantom_exam(a_phantom_exam, tmp_path)[0]
    assert read_mammogram(file, ImageAttributes(view=view)).header.flags == (QualityFlag.NO_SCREENING_VIEW,)


def test_the_orientation_of_the_phantoms_is_read(a_phantom_exam, tmp_path):
    headers = [read_header(file) for file in write_phantom_exam(a_phantom_exam, tmp_path)]
    assert [header.patient_orientation for header in headers] == [("P", "L"), ("A", "R"), ("P", "FL"), ("A", "FR")]
