from __future__ import annotations

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from PIL import Image
from skimage.color import lab2rgb

from mammolens.dicom.derived.derive import derive_from_image, write_derived
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.levels import LEVEL_COLOURS

SEGMENTATION = DerivedKind.SEGMENTATION


@pytest.fixture
def heat() -> np.ndarray:
    """Each level in a place of its own, nested as heat is, on a grid whose rows are not whole bytes."""
    values = np.zeros((83, 71))
    values[10:40, 20:61] = 1.5
    values[15:30, 25:50] = 2.5
    values[18:21, 30:37] = 9.0
    return values


@pytest.fixture
def path(write_dicom, tmp_path):
    values = np.random.default_rng(0).integers(0, 4095, (83, 71), dtype=np.uint16)
    return write_dicom(values, BitsStored=12, ImagerPixelSpacing=["0.2", "0.1"])


@pytest.fixture
def written(path, heat, result_of, tmp_path):
    result = result_of(path, heat)
    write_derived(derive_from_image(result, SEGMENTATION), tmp_path / "seg.dcm")
    return result, tmp_path / "seg.dcm"


def test_highdicom_finds_each_level_by_the_image_it_belongs_to(written):
    result, file = written
    segmentation = highdicom.seg.segread(file)
    uid = result.header.sop_instance_uid
    levels = segmentation.get_pixels_by_source_instance([uid], combine_segments=True)[0]
    np.testing.assert_array_equal(levels, result.heat_levels)


def test_gdcm_reads_the_same_pixels(write_dicom, values_of, heat, result_of, tmp_path):
    # Whole bytes a frame, as mammograms have: GDCM fills up the last byte of others with whatever is in memory.
    result = result_of(write_dicom(values_of()), np.pad(heat[:80], ((0, 0), (0, 1))))
    write_derived(derive_from_image(result, SEGMENTATION), tmp_path / "seg.dcm")
    frames = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "seg.dcm")))
    assert frames.shape == (3, 80, 72)
    for level, frame in enumerate(frames, 1):
        np.testing.assert_array_equal(frame > 0, result.heat_levels == level)


@pytest.mark.integration
def test_dcmtk_draws_the_same_pixels(written, run_program, tmp_path):
    result, file = written
    run_program("dcm2pnm", "+Fa", "+op", file, tmp_path / "frame")
    for level in (1, 2, 3):
        drawn = np.asarray(Image.open(tmp_path / f"frame.{level - 1}.pgm"))
        np.testing.assert_array_equal(drawn > 0, result.heat_levels == level)


def test_the_lesion_of_a_phantom_lies_below_the_segment_that_was_made_of_it(
    phantom_files, an_exam_with_a_mass, result_of, tmp_path
):
    file, view = next(
        (f, v) for f, v in zip(phantom_files, an_exam_with_a_mass.views, strict=True) if v.lesion_mask.any()
    )
    write_derived(derive_from_image(result_of(file, view.lesion_mask * 5.0), SEGMENTATION), tmp_path / "seg.dcm")
    image = sitk.GetArrayFromImage(sitk.ReadImage(str(file)))[0].astype(float)
    high = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "seg.dcm")))[2] > 0
    np.testing.assert_array_equal(high, view.lesion_mask)
    around = view.breast_mask & ~high
    assert image[high].mean() > image[around].mean() + 2 * image[around].std()


def test_segments_bear_names_colours_and_the_algorithm(written):
    result, file = written
    segments = pydicom.dcmread(file).SegmentSequence
    assert [segment.SegmentLabel for segment in segments] == [
        "Anomaly level low: reached by 50 % of normal images",
        "Anomaly level moderate: reached by 20 % of normal images",
        "Anomaly level high: reached by 5 % of normal images",
    ]
    for segment, colour in zip(segments, LEVEL_COLOURS, strict=True):
        lightness, a, b = np.array(segment.RecommendedDisplayCIELabValue) / 65535  # PS3.3 C.10.7.1.1
        shown = lab2rgb(np.array([lightness * 100, a * 255 - 128, b * 255 - 128])) * 255
        np.testing.assert_allclose(shown, colour, atol=1)
        algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
        assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("MammoLens", result.record.model)
        assert result.record.calibration in algorithm.AlgorithmParameters
        assert segment.SegmentAlgorithmType == "AUTOMATIC"


def test_without_shares_a_level_is_named_alone(path, heat, result_of):
    dataset = derive_from_image(result_of(path, heat, level_shares={}), SEGMENTATION)
    assert [segment.SegmentLabel for segment in dataset.SegmentSequence][2] == "Anomaly level high"


def test_an_image_without_heat_has_all_segments_and_they_are_empty(path, result_of, tmp_path, assert_conformant):
    write_derived(derive_from_image(result_of(path, np.zeros((83, 71))), SEGMENTATION), tmp_path / "seg.dcm")
    dataset = pydicom.dcmread(tmp_path / "seg.dcm")
    assert (len(dataset.SegmentSequence), int(dataset.NumberOfFrames)) == (3, 3)
    assert not dataset.pixel_array.any()
    assert_conformant(tmp_path / "seg.dcm", "Segmentation")


def test_other_levels_have_other_segments(path, heat, result_of):
    dataset = derive_from_image(result_of(path, heat, levels={"heat": 2.0}, level_shares={"heat": 0.025}), SEGMENTATION)
    assert [segment.SegmentLabel for segment in dataset.SegmentSequence] == [
        "Anomaly level heat: reached by 2.5 % of normal images"
    ]
    np.testing.assert_array_equal(dataset.pixel_array, heat >= 2)


def test_the_segmentation_lies_where_ohif_wants_it(written):
    shared = pydicom.dcmread(written[1]).SharedFunctionalGroupsSequence[0]
    assert shared.PixelMeasuresSequence[0].PixelSpacing == [0.2, 0.1]
    assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == [0, 1, 0, 0, 0, -1]
