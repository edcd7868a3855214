import zipfile
from pathlib import Path

import pytest
from monailabel.interfaces.datastore import DefaultLabelTag

from mammolens.errors import RequestError, UnknownImageError
from mammolens.labelapp.datastore.folder import MammogramFolder


@pytest.fixture
def a_label_file(tmp_path: Path) -> Path:
    path = tmp_path / "label.nrrd"
    path.write_bytes(b"NRRD0004")
    return path


def test_a_label_is_kept_beside_the_images(a_folder_datastore: MammogramFolder, a_label_file: Path) -> None:
    image_id = a_folder_datastore.list_images()[0]
    assert a_folder_datastore.save_label(image_id, str(a_label_file), "final", {"by": "ada"}) == image_id
    uri = Path(a_folder_datastore.get_label_uri(image_id, "final"))
    assert uri.name == f"{image_id}.nrrd"
    assert uri.read_bytes() == a_label_file.read_bytes()
    assert a_folder_datastore.get_label_info(image_id, "final")["by"] == "ada"
    assert a_folder_datastore.get_labeled_images() == [image_id]
    assert image_id not in a_folder_datastore.get_unlabeled_images()
    assert len(a_folder_datastore.list_images()) == 8


def test_monai_labels_enum_of_tags_means_the_same_as_its_text(
    a_folder_datastore: MammogramFolder, a_label_file: Path
) -> None:
    image_id = a_folder_datastore.list_images()[0]
    a_folder_datastore.save_label(image_id, str(a_label_file), DefaultLabelTag.ORIGINAL, {})
    assert a_folder_datastore.get_label_uri(image_id, "original")


def test_a_label_of_another_format_replaces_the_earlier_one(
    a_folder_datastore: MammogramFolder, a_label_file: Path, tmp_path: Path
) -> None:
    image_id = a_folder_datastore.list_images()[0]
    a_folder_datastore.save_label(image_id, str(a_label_file), "final", {})
    first = Path(a_folder_datastore.get_label_uri(image_id, "final"))
    nifti = tmp_path / "label.nii.gz"
    nifti.write_bytes(b"x")
    a_folder_datastore.save_label(image_id, str(nifti), "final", {})
    assert a_folder_datastore.get_label_uri(image_id, "final").endswith(".nii.gz")
    assert not first.exists()


def test_an_earlier_final_label_stays_as_a_version(
    a_folder_datastore: MammogramFolder, a_label_file: Path, tmp_path: Path
) -> None:
    image_id = a_folder_datastore.list_images()[0]
    another = tmp_path / "another.nii.gz"
    for content in (b"first", b"second", b"second"):  # the last one: sent once more
        another.write_bytes(content)
        a_folder_datastore.save_label(image_id, str(another), "final", {"by": content.decode()})
    a_folder_datastore.save_label(image_id, str(a_label_file), "final", {"by": "third"})
    for tag, by in (("final-1", "first"), ("final-2", "second"), ("final", "third")):
        assert a_folder_datastore.get_label_info(image_id, tag)["by"] == by
    assert Path(a_folder_datastore.get_label_uri(image_id, "final-1")).read_bytes() == b"first"
    assert Path(a_folder_datastore.get_label_uri(image_id, "final-2")).read_bytes() == b"second"
    assert not a_folder_datastore.get_label_uri(image_id, "final-3")
    a_folder_datastore.save_label(image_id, str(a_label_file), "draft", {})
    another.write_bytes(b"another draft")
    a_folder_datastore.save_label(image_id, str(another), "draft", {})
    assert not a_folder_datastore.get_label_uri(image_id, "draft-1")


@pytest.mark.parametrize("tag", ["../../x", "a/b", ""])
def test_a_tag_that_leaves_the_label_folder_is_refused(
    a_folder_datastore: MammogramFolder, a_label_file: Path, tag: str
) -> None:
    with pytest.raises(RequestError, match="is not a label tag"):
        a_folder_datastore.save_label(a_folder_datastore.list_images()[0], str(a_label_file), tag, {})


def test_other_formats_and_other_images_are_refused(
    a_folder_datastore: MammogramFolder, a_label_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=r"send \.nrrd or \.nii\.gz"):
        a_folder_datastore.save_label(a_folder_datastore.list_images()[0], str(tmp_path / "x.bin"), "final", {})
    with pytest.raises(UnknownImageError):
        a_folder_datastore.save_label("nobody.dcm", str(a_label_file), "final", {})


def test_a_removed_label_is_gone_with_its_file(a_folder_datastore: MammogramFolder, a_label_file: Path) -> None:
    image_id = a_folder_datastore.list_images()[0]
    a_folder_datastore.save_label(image_id, str(a_label_file), "final", {})
    path = Path(a_folder_datastore.get_label_uri(image_id, "final"))
    a_folder_datastore.update_label_info(image_id, "final", {"comment": "x"})
    a_folder_datastore.remove_label(image_id, "final")
    assert not path.exists()
    assert a_folder_datastore.get_label_uri(image_id, "final") == ""
    with pytest.raises(UnknownImageError, match="has no label"):
        a_folder_datastore.remove_label(image_id, "final")
    with pytest.raises(UnknownImageError, match="has no label"):
        a_folder_datastore.update_label_info(image_id, "final", {})


def test_a_label_whose_file_vanished_is_forgotten_at_the_next_start(
    a_folder_datastore: MammogramFolder, a_label_file: Path, a_studies_folder: Path
) -> None:
    image_id = a_folder_datastore.list_images()[0]
    a_folder_datastore.save_label(image_id, str(a_label_file), "final", {})
    Path(a_folder_datastore.get_label_uri(image_id, "final")).unlink()
    assert MammogramFolder(a_studies_folder, ("*.dcm",)).get_labeled_images() == []


def test_the_archive_holds_images_and_final_labels(a_folder_datastore: MammogramFolder, a_label_file: Path) -> None:
    with pytest.raises(RequestError, match="no image has a label 'final'"):
        a_folder_datastore.get_dataset_archive(None)
    image_id = a_folder_datastore.list_images()[0]
    a_folder_datastore.save_label(image_id, str(a_label_file), "final", {})
    path = a_folder_datastore.get_dataset_archive(None)
    with zipfile.ZipFile(path) as archive:
        assert f"label/{image_id}.nrrd" in archive.namelist()
    Path(path).unlink()
