import shutil
from pathlib import Path, PurePath

import numpy as np
import pytest
from PIL import Image

from mammolens.labelapp.datastore.folder_scan import scan

PATTERNS = ("*.dcm", "*.dicom", "*.png", "*.jpg")


@pytest.fixture
def a_messy_folder(two_phantom_exams: Path, tmp_path: Path) -> Path:
    """Images in several shapes among all that lies around in archives."""
    root = tmp_path / "archive"
    dicom = next(two_phantom_exams.rglob("*.dcm"))
    for name in ("p1/s1/IM0001", "p1/s1/a.DCM", "p2/b.dicom", "labels/final/p2.dcm", ".trash/c.dcm", "out/d.dcm"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(dicom, root / name)
    (root / "out" / "results.jsonl").write_text("{}\n")
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(root / "p2" / "picture.png")
    (root / "README").write_text("not an image, and without extension")
    (root / "p2" / "fake.dcm").write_text("not DICOM")
    (root / "p2" / "empty.dcm").touch()
    (root / "DICOMDIR").write_bytes(dicom.read_bytes())
    (root / "datastore_v2.json").write_text("{}")
    return root


def test_images_are_found_whatever_their_name_and_nothing_else(a_messy_folder: Path) -> None:
    found = [path.as_posix() for path in scan(a_messy_folder, PATTERNS)]
    assert found == ["p1/s1/IM0001", "p1/s1/a.DCM", "p2/b.dicom", "p2/picture.png"]


def test_labels_hidden_folders_and_results_are_never_listed(a_messy_folder: Path) -> None:
    tops = {path.parts[0] for path in scan(a_messy_folder, PATTERNS)}
    assert not tops & {"labels", ".trash", "out"}


def test_a_patients_folder_may_be_called_labels_too(a_messy_folder: Path) -> None:
    target = a_messy_folder / "p3" / "labels" / "x.dcm"
    target.parent.mkdir(parents=True)
    shutil.copy(a_messy_folder / "p2" / "b.dicom", target)
    assert PurePath("p3/labels/x.dcm") in scan(a_messy_folder, PATTERNS)


def test_known_files_are_not_opened_again(a_messy_folder: Path) -> None:
    assert PurePath("p2/fake.dcm") in scan(a_messy_folder, PATTERNS, known={PurePath("p2/fake.dcm")})


def test_links_to_folders_are_not_followed(a_messy_folder: Path, tmp_path: Path) -> None:
    (a_messy_folder / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(scan(a_messy_folder, PATTERNS)) == 4
