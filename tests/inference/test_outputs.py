from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mammolens.inference.outputs import output_stems, write_maps, write_overlay


def stems(*paths: str) -> list[str]:
    named = output_stems([Path(path) for path in paths])
    return [named[Path(path)] for path in paths]


def test_an_image_keeps_its_own_name():
    assert stems("exam/L_CC.dcm", "exam/R_CC.DCM", "exam/photo.jpeg") == ["L_CC", "R_CC", "photo"]


def test_a_uid_is_kept_whole():
    assert stems("e/1.2.840.113654.1") == ["1.2.840.113654.1"]
    assert stems("e/1.2.840.113654.1", "e/1.2.840.113654.2") == ["1.2.840.113654.1", "1.2.840.113654.2"]


def test_namesakes_get_as_many_folders_in_front_as_tell_them_apart():
    assert stems("a/L_CC.dcm", "b/L_CC.dcm", "b/R_CC.dcm") == ["a_L_CC", "b_L_CC", "R_CC"]
    assert stems("a/x/L_CC.dcm", "b/x/L_CC.dcm") == ["a_x_L_CC", "b_x_L_CC"]


def test_a_picture_and_a_dicom_of_one_stem_keep_their_suffixes():
    assert stems("e/a.png", "e/a.dcm") == ["a.png", "a.dcm"]


def test_a_number_tells_apart_what_folders_do_not():
    assert stems("x_y/a.png", "x/y_a.png", "/x/a.png", "x/a.png") == ["x_y_a", "y_a", "x_a", "x_a-2"]


def test_folders_above_the_working_one_never_lead_out_of_the_output_folder():
    assert stems("../a.png", "../../a.png") == ["a", "a-2"]


parts = st.sampled_from(["a", "b", "a_b", "..", "1.2", "1.2.3"])
names = st.sampled_from(["a.png", "a.dcm", "a", "b_a.png", "1.2.3", "1.2.4", "a-2.png", "a.png.png"])
some_paths = st.lists(
    st.builds(
        lambda root, folders, name: Path(root, *folders, name),
        st.sampled_from(["", "/"]),
        st.lists(parts, max_size=3),
        names,
    ),
    max_size=12,
    unique=True,
)


@given(some_paths)
def test_no_two_images_ever_share_a_stem(paths):
    named = output_stems(paths)
    assert list(named) == paths
    assert len(set(named.values())) == len(paths)
    assert not any("/" in stem or stem.startswith("..") for stem in named.values())


@pytest.fixture(scope="module")
def a_result(a_predictor, an_exam):
    return a_predictor.predict(an_exam[0])


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz"])
def test_maps_lie_on_the_image_in_any_viewer(a_result, tmp_path, suffix):
    paths = write_maps(a_result, tmp_path, "1.2.3")
    assert [path.name for path in paths] == ["1.2.3.anomaly.nrrd", "1.2.3.anomaly.nii.gz"]
    written = sitk.ReadImage(str(tmp_path / f"1.2.3.anomaly{suffix}"))
    image = sitk.ReadImage(str(a_result.header.path))
    assert np.array_equal(sitk.GetArrayFromImage(written)[0], a_result.anomaly_map)
    assert written.GetSize() == image.GetSize()
    for ask in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(written, ask)() == pytest.approx(getattr(image, ask)(), abs=1e-5)


def test_an_overlay_is_a_png(a_result, an_exam, tmp_path):
    path = write_overlay(a_result, an_exam[0], tmp_path / "new", "1.2.3")
    assert path == tmp_path / "new" / "1.2.3.overlay.png"
    with Image.open(path) as picture:
        assert picture.format == "PNG"


def test_nothing_else_is_left_in_the_folder(a_result, an_exam, tmp_path):
    write_maps(a_result, tmp_path, "a")
    write_overlay(a_result, an_exam[0], tmp_path, "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.anomaly.nii.gz", "a.anomaly.nrrd", "a.overlay.png"]
