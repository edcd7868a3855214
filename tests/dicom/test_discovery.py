from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset

from mammolens.dicom import discovery
from mammolens.dicom.discovery import ImageFinder, find_images
from mammolens.errors import InputError

RAW = {
    "SOPClassUID": uid.DigitalMammographyXRayImageStorageForProcessing,
    "PresentationIntentType": "FOR PROCESSING",
}


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)


def an_object(path: Path, sop_class: str, *, preamble: bool = True) -> None:
    """A DICOM object without an image."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = sop_class, "1.2.3", "SR"
    dataset.is_little_endian, dataset.is_implicit_VR = True, True
    path.parent.mkdir(parents=True, exist_ok=True)
    if preamble:
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.MediaStorageSOPClassUID = sop_class
        dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        dataset.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
    pydicom.dcmwrite(path, dataset, write_like_original=not preamble)


def below(folder: Path, paths: tuple[Path, ...]) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


@pytest.fixture
def a_folder(write_dicom, values_of, tmp_path: Path) -> Path:
    for name in ("series/b.dcm", "series/a", "z.dcm", ".hidden/c.dcm", "series/.d.dcm"):
        write_dicom(values_of(), name=name)
    picture(tmp_path / "picture.png")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "broken link.dcm").symlink_to(tmp_path / "nowhere")
    return tmp_path


def test_images_are_found_deeply_and_in_order_and_other_files_counted(a_folder):
    found = find_images([a_folder])
    assert below(a_folder, found.images) == ["picture.png", "series/a", "series/b.dcm", "z.dcm"]
    assert below(a_folder, found.passed_over) == ["empty.dcm", "notes.txt"]


@pytest.mark.parametrize(
    "name", ["1.2.840.113619.2.66.7", "IM0001", "a.IMA", "b.dc3", "c.DCM", "d.dicom", "e.v2", "f.txt"]
)
def test_the_content_of_a_file_tells_its_kind_not_its_name(write_dicom, values_of, tmp_path, name):
    path = write_dicom(values_of(), name=name)
    assert find_images([tmp_path]).images == (path,)


def test_a_file_that_is_named_is_kept_whatever_it_is(a_folder):
    named = [a_folder / "notes.txt", a_folder / "z.dcm", a_folder / "notes.txt"]
    assert find_images(named).images == tuple(named[:2])
    assert find_images([a_folder, named[0]]).passed_over == (a_folder / "empty.dcm",)


def test_a_file_is_listed_once_where_it_was_named_first(a_folder):
    found = find_images([a_folder / "z.dcm", a_folder]).images
    assert found[0] == a_folder / "z.dcm"
    assert len(found) == len(set(found)) == 4


def test_a_folder_below_a_hidden_one_is_searched_when_it_is_named(a_folder):
    assert [path.name for path in find_images([a_folder / ".hidden"]).images] == ["c.dcm"]


@pytest.mark.parametrize("name", ["x.overlay.png", "exam_1.2.cad_report.dcm", "x.secondary_capture.dcm"])
def test_outputs_of_an_earlier_prediction_are_neither_found_nor_counted(write_dicom, values_of, a_folder, name):
    before = find_images([a_folder])
    write_dicom(values_of(), name=f"out/{name}")
    assert find_images([a_folder]) == before
    assert find_images([a_folder / "out" / name]).images == (a_folder / "out" / name,)


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone: does not exist; check the path$"):
        find_images([tmp_path / "gone"])


def test_a_folder_without_images_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    an_object(tmp_path / "cad", uid.MammographyCADSRStorage)
    with pytest.raises(InputError, match="no DICOM, PNG or JPEG file of a mammogram; give the folder with the mammog"):
        find_images([tmp_path])


@pytest.mark.parametrize("name", ["DICOMDIR", "dicomdir", "DICOMDIR;1"])
def test_a_patient_s_cd_is_its_mammograms_and_the_rest_is_passed_over(write_dicom, values_of, tmp_path, name):
    disc = tmp_path / "disc"
    an_object(disc / name, uid.MediaStorageDirectoryStorage)
    views = [write_dicom(values_of(), name=f"disc/IMAGES/IM{number}") for number in range(4)]
    picture(disc / "VIEWER" / "logo.png")
    picture(disc / "splash.png")
    (disc / "viewer.exe").write_bytes(b"MZ" + bytes(200))
    an_object(disc / "IMAGES" / "CAD", uid.MammographyCADSRStorage)
    an_object(disc / "IMAGES" / "GSPS", uid.GrayscaleSoftcopyPresentationStateStorage, preamble=False)
    picture(tmp_path / "beside the disc.png")
    found = find_images([tmp_path])
    assert found.images == (tmp_path / "beside the disc.png", *views)
    assert sorted(path.name for path in found.passed_over) == sorted(
        [name, "logo.png", "splash.png", "viewer.exe", "CAD", "GSPS"]
    )


def test_a_raw_image_is_passed_over_where_its_view_is_there_for_presentation(write_dicom, values_of, tmp_path):
    header = {"StudyInstanceUID": "1.2", "ImageLaterality": "R"}
    shown = write_dicom(values_of(), name="shown", ViewPosition="CC", **header)
    raw = write_dicom(values_of(), name="raw", ViewPosition="CC", **header, **RAW)
    assert find_images([tmp_path]).images == (shown,)
    assert find_images([tmp_path]).passed_over == (raw,)
    assert find_images([raw]).images == (raw,)


@pytest.mark.parametrize("other", [{"ViewPosition": "MLO"}, {"ImageLaterality": "L"}, {"StudyInstanceUID": "1.3"}])
def test_a_raw_image_without_one_for_presentation_stays_so_that_its_loss_is_told(
    write_dicom, values_of, tmp_path, other
):
    header = {"StudyInstanceUID": "1.2", "ImageLaterality": "R", "ViewPosition": "CC"}
    raw = write_dicom(values_of(), name="raw", **header, **RAW)
    shown = write_dicom(values_of(), name="shown", **{**header, **other})
    assert find_images([tmp_path]).images == (raw, shown)


def test_a_raw_image_of_an_unknown_view_stays(write_dicom, values_of, tmp_path):
    header = {"ImageLaterality": None, "ViewPosition": None}
    raw = write_dicom(values_of(), name="raw", **header, **RAW)
    shown = write_dicom(values_of(), name="shown", **header)
    assert find_images([tmp_path]).images == (raw, shown)


def test_only_regular_files_are_opened_in_folders(write_dicom, values_of, tmp_path):
    image = write_dicom(values_of())
    os.mkfifo(tmp_path / "pipe.dcm")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.dcm"))
        (tmp_path / "link to a pipe.dcm").symlink_to(tmp_path / "pipe.dcm")
        (tmp_path / "device.dcm").symlink_to("/dev/null")
        found = find_images([tmp_path])
    assert found.images == (image,)
    assert found.passed_over == ()


def test_links_out_of_the_folder_are_passed_over_where_they_must_stay_inside(write_dicom, values_of, tmp_path):
    outside = write_dicom(values_of(), name="outside")
    folder = tmp_path / "folder"
    folder.mkdir()
    inside = write_dicom(values_of(), name="folder/inside")
    (folder / "leaves.dcm").symlink_to(outside)
    (folder / "stays.dcm").symlink_to(inside)
    (folder / "itself.dcm").symlink_to(folder / "itself.dcm")
    found = ImageFinder(folder, within=folder).find()
    assert below(folder, found.images) == ["inside", "stays.dcm"]
    assert below(folder, found.passed_over) == ["leaves.dcm"]
    assert below(folder, ImageFinder(folder).find().images) == ["inside", "leaves.dcm", "stays.dcm"]


def test_links_to_folders_are_not_followed(a_folder):
    (a_folder / "loop").symlink_to(a_folder, target_is_directory=True)
    assert len(find_images([a_folder]).images) == 4


def test_a_damaged_file_stays_so_that_the_reader_says_why(tmp_path):
    (tmp_path / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    assert below(tmp_path, find_images([tmp_path]).images) == ["broken.dcm"]


def test_a_file_is_opened_once_as_long_as_it_stays_the_same(write_dicom, values_of, tmp_path, monkeypatch):
    opened: list[Path] = []
    monkeypatch.setattr(discovery, "file_kind", lambda path: opened.append(path) or discovery.FileKind.PICTURE)
    path = write_dicom(values_of())
    finder = ImageFinder(tmp_path)
    assert finder.find() == finder.find()
    assert opened == [path]
    path.write_bytes(path.read_bytes() + b"\0\0")
    finder.find()
    assert opened == [path, path]
    path.unlink()
    assert finder.find().images == ()


def test_folder_by_folder_the_same_images_are_found(write_dicom, values_of, a_folder):
    an_object(a_folder / "disc" / "DICOMDIR", uid.MediaStorageDirectoryStorage)
    write_dicom(values_of(), name="disc/IMAGES/IM0")
    picture(a_folder / "disc" / "VIEWER" / "logo.png")
    walked = list(ImageFinder(a_folder).walk())
    found = find_images([a_folder])
    assert sorted(path for one in walked for path in one.images) == sorted(found.images)
    assert sorted(path for one in walked for path in one.passed_over) == sorted(found.passed_over)
    assert [below(a_folder, one.images) for one in walked if one.images] == [
        ["picture.png", "z.dcm"],
        ["disc/IMAGES/IM0"],
        ["series/a", "series/b.dcm"],
    ]


def test_folder_by_folder_a_raw_image_elsewhere_stays(write_dicom, values_of, tmp_path):
    header = {"StudyInstanceUID": "1.2", "ImageLaterality": "R", "ViewPosition": "CC"}
    write_dicom(values_of(), name="shown/image", **header)
    write_dicom(values_of(), name="shown/raw", **header, **RAW)
    write_dicom(values_of(), name="raw/raw", **header, **RAW)
    images = [path for one in ImageFinder(tmp_path).walk() for path in one.images]
    assert below(tmp_path, images) == ["raw/raw", "shown/image"]
