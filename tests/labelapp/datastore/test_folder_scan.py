import shutil
from pathlib import Path, PurePath

import numpy as np
import pytest
from PIL import Image

from mammolens.dicom.discovery import find_images
from mammolens.labelapp.datastore.folder_scan import FolderScan

NAMES = ("p1/s1/IM0001", "p1/s1/a.DCM", "p2/b.dicom", "p2/c.IMA", "p2/d.dc3", "p2/1.2.840.113619.2.66", "out/e.dcm")
ANY = ("*",)


@pytest.fixture
def a_messy_folder(two_phantom_exams: Path, tmp_path: Path) -> Path:
    """Images in several shapes among all that lies around in archives."""
    root = tmp_path / "archive"
    dicom = next(two_phantom_exams.rglob("*.dcm"))
    for name in (*NAMES, "labels/final/p2.dcm", ".trash/c.dcm", "p3/DICOMDIR", "out/e.secondary_capture.dcm"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(dicom, root / name)
    (root / "out" / "results.jsonl").write_text("{}\n")
    picture = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    for name in ("p2/picture.png", "p3/viewer.png", "out/e.overlay.png"):
        picture.save(root / name)
    (root / "README").write_text("not an image, and without extension")
    (root / "p2" / "fake.dcm").write_text("not DICOM")
    (root / "p2" / "empty.dcm").touch()
    (root / "datastore_v2.json").write_text("{}")
    return root


def test_images_are_found_whatever_their_name_and_the_rest_is_counted(a_messy_folder: Path) -> None:
    images, passed_over = FolderScan(a_messy_folder, ANY).find()
    assert [path.as_posix() for path in images] == sorted((*NAMES, "p2/picture.png"))
    assert passed_over == len(("DICOMDIR", "viewer.png", "results.jsonl", "README", "fake.dcm", "empty.dcm"))


def test_the_command_line_finds_the_same(a_messy_folder: Path) -> None:
    shutil.rmtree(a_messy_folder / "labels")  # which the server keeps
    found = find_images([a_messy_folder])
    images, passed_over = FolderScan(a_messy_folder, ANY).find()
    assert [a_messy_folder / path for path in images] == list(found.images)
    assert passed_over == len(found.passed_over) - len(("datastore_v2.json",))


def test_patterns_of_the_admin_choose_among_names_with_a_dot(a_messy_folder: Path) -> None:
    images, passed_over = FolderScan(a_messy_folder, ("*.dcm", "*.ima")).find()
    assert {path.name for path in images} == {"IM0001", "a.DCM", "c.IMA", "e.dcm"}
    assert passed_over == 6 + 4


def test_a_patients_folder_may_be_called_labels_too(a_messy_folder: Path) -> None:
    target = a_messy_folder / "p4" / "labels" / "x.dcm"
    target.parent.mkdir(parents=True)
    shutil.copy(a_messy_folder / "p2" / "b.dicom", target)
    assert PurePath("p4/labels/x.dcm") in FolderScan(a_messy_folder, ANY).find()[0]


def test_an_uploaded_picture_is_an_image_though_the_folder_is_a_cd(a_messy_folder: Path) -> None:
    shutil.copy(a_messy_folder / "p3" / "DICOMDIR", a_messy_folder / "DICOMDIR")
    (a_messy_folder / "uploads").mkdir()
    shutil.copy(a_messy_folder / "p2" / "picture.png", a_messy_folder / "uploads" / "mine.png")
    images = FolderScan(a_messy_folder, ANY).find()[0]
    assert PurePath("uploads/mine.png") in images
    assert PurePath("p2/picture.png") not in images
