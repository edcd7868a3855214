from __future__ import annotations

import fsspec
import pytest

from mammolens.archive import locations
from mammolens.archive.exam_index import ListedImage, indexed
from mammolens.archive.exam_scoring import Scoring, score_exam
from mammolens.archive.locations import addresses, opened
from mammolens.archive.sources import open_archive
from mammolens.archive.tasks import ExamTask, ImageTask
from mammolens.dicom.reader import read_header
from mammolens.errors import InputError, StorageError
from mammolens.types import ImageAttributes


@pytest.fixture
def a_store(an_archive, tmp_path_factory):
    """The archive in an object store that lives in memory."""
    store = fsspec.filesystem("memory")
    folder = f"/{tmp_path_factory.mktemp('bucket').name}"
    store.put(str(an_archive), folder, recursive=True)
    store.pipe_file(f"{folder}/.hidden.dcm", b"x")
    yield f"memory://{folder}"
    store.rm(folder, recursive=True)


def test_images_of_an_object_store_are_found_by_address(a_store, an_archive):
    found = [image.name for image in open_archive(a_store).images()]
    assert found == list(addresses(a_store))
    assert sorted(name.removeprefix(f"{a_store}/") for name in found) == sorted(
        str(path.relative_to(an_archive)) for path in an_archive.rglob("*.dcm")
    )


def test_an_image_of_an_object_store_has_the_row_of_the_file(a_store, an_archive, a_trained_model):
    name = sorted(str(path.relative_to(an_archive)) for path in an_archive.rglob("L_CC.dcm"))[0]
    rows = [
        score_exam(Scoring(a_trained_model), ExamTask(1, "p", "e", (ImageTask(name, location),))).images[0]
        for location in (f"{a_store}/{name}", str(an_archive / name))
    ]
    assert rows[0] == rows[1]
    assert rows[0].pred_score is not None


def test_headers_need_only_the_beginning_of_a_file(a_store, an_archive, monkeypatch):
    name = sorted(str(path.relative_to(an_archive)) for path in an_archive.rglob("L_CC.dcm"))[0]
    expected = read_header(an_archive / name, ImageAttributes())
    for enough in (8192, 200):  # of the latter, the whole file is fetched
        monkeypatch.setattr(locations, "_HEADER_BYTES", enough)
        found = indexed(ListedImage(name, f"{a_store}/{name}"), ImageAttributes())
        assert (found.patient, found.exam, found.sop_instance_uid) == (
            expected.patient_id, expected.exam_id, expected.sop_instance_uid,
        )  # fmt: skip


def test_what_an_object_store_does_not_hold_is_an_error_of_the_image(a_store):
    with pytest.raises(InputError, match="does not exist"), opened(f"{a_store}/none.dcm"):
        pass
    with pytest.raises(InputError, match="does not exist"):
        list(addresses(f"{a_store}/none/"))
    with pytest.raises(InputError, match="check the address"):
        list(addresses("nonsense://bucket"))


def test_a_store_that_does_not_answer_is_asked_again_and_then_stops_the_run(a_store, an_archive, monkeypatch):
    monkeypatch.setattr(locations, "_PAUSES_S", (0.0, 0.0))
    store, name = fsspec.filesystem("memory"), next(iter(addresses(a_store)))
    whole, tries = store.cat_file(name), []

    def cat_file(path, start=None, end=None):
        tries.append(path)
        if len(tries) < working_try:
            raise TimeoutError("no answer")
        return whole

    monkeypatch.setattr(type(store), "cat_file", lambda self, *arguments, **options: cat_file(*arguments, **options))
    working_try = 3
    with opened(name) as path:
        assert path.read_bytes() == whole
    tries.clear()
    working_try = 9
    with pytest.raises(StorageError, match="no answer"), opened(name):
        pass
    assert len(tries) == 3
