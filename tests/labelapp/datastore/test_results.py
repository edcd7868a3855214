from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.errors import StorageError
from mammolens.labelapp.datastore import results as results_module
from mammolens.labelapp.datastore.results import Of, ResultStore

MARK = "model, calibration and images"


def _an_object(comment: str) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SegmentationStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    dataset.ImageComments = comment
    return dataset


@pytest.fixture
def kept(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "results")


def test_a_new_result_replaces_the_old_one_and_leaves_nothing_of_it(kept: ResultStore, tmp_path: Path) -> None:
    kinds = {DerivedKind.SEGMENTATION: _an_object("old"), DerivedKind.PARAMETRIC_MAP: _an_object("old")}
    kept.put(Of.IMAGE, "a", MARK, {"n": 1}, kinds)
    before = kept.get(Of.IMAGE, "a", MARK)
    kept.put(Of.IMAGE, "a", MARK, {"n": 2}, {DerivedKind.SEGMENTATION: _an_object("new")})
    after = kept.get(Of.IMAGE, "a", MARK)
    assert before is not None
    assert after is not None
    assert after.version != before.version
    assert after.facts == {"n": 2}
    assert b"new" in (kept.read(Of.IMAGE, "a", MARK, DerivedKind.SEGMENTATION) or b"")
    assert kept.read(Of.IMAGE, "a", MARK, DerivedKind.PARAMETRIC_MAP) is None
    assert len(list((tmp_path / "results/images/a").iterdir())) == 2


def test_a_process_that_dies_before_the_end_leaves_the_old_result_whole(
    kept: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.put(Of.IMAGE, "a", MARK, {"n": 1}, {DerivedKind.SEGMENTATION: _an_object("old")})

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ResultStore, "_write_index", die)
    with pytest.raises(KeyboardInterrupt):
        kept.put(Of.IMAGE, "a", MARK, {"n": 2}, {DerivedKind.SEGMENTATION: _an_object("new")})
    assert b"old" in (kept.read(Of.IMAGE, "a", MARK, DerivedKind.SEGMENTATION) or b"")
    result = kept.get(Of.IMAGE, "a", MARK)
    assert result is not None
    assert result.facts == {"n": 1}


def test_a_full_disk_is_said_to_be_one_and_the_old_result_stays(
    kept: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.put(Of.EXAM, "e", MARK, {"n": 1}, {DerivedKind.REPORT: _an_object("old")})

    def no_space(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results_module, "write_derived", no_space)
    with pytest.raises(StorageError, match="No space left on device"):
        kept.put(Of.EXAM, "e", MARK, {"n": 2}, {DerivedKind.REPORT: _an_object("new")})
    assert b"old" in (kept.read(Of.EXAM, "e", MARK, DerivedKind.REPORT) or b"")


def test_facts_can_be_added_without_touching_the_objects(kept: ResultStore) -> None:
    kept.note(Of.EXAM, "e", "0", {"stored_at": "now"})
    assert kept.get(Of.EXAM, "e", MARK) is None
    kept.put(Of.EXAM, "e", MARK, {"n": 1}, {DerivedKind.REPORT: _an_object("old")})
    before = kept.get(Of.EXAM, "e", MARK)
    assert before is not None
    kept.note(Of.EXAM, "e", before.version, {"stored_at": "now"})
    after = kept.get(Of.EXAM, "e", MARK)
    assert after is not None
    assert after.facts == {"n": 1, "stored_at": "now"}
    assert kept.read(Of.EXAM, "e", MARK, DerivedKind.REPORT)


def test_facts_of_a_result_are_not_added_to_the_one_that_replaced_it(kept: ResultStore) -> None:
    kept.put(Of.EXAM, "e", MARK, {"n": 1}, {})
    before = kept.get(Of.EXAM, "e", MARK)
    assert before is not None
    kept.put(Of.EXAM, "e", MARK, {"n": 2}, {})
    kept.note(Of.EXAM, "e", before.version, {"stored_at": "now"})
    after = kept.get(Of.EXAM, "e", MARK)
    assert after is not None
    assert after.facts == {"n": 2}


def test_a_result_of_another_fingerprint_is_none(kept: ResultStore) -> None:
    kept.put(Of.IMAGE, "a", MARK, {}, {DerivedKind.SEGMENTATION: _an_object("old")})
    assert kept.get(Of.IMAGE, "a", "another model") is None
    assert kept.read(Of.IMAGE, "a", "another model", DerivedKind.SEGMENTATION) is None


def test_a_damaged_index_counts_as_no_result(kept: ResultStore, tmp_path: Path) -> None:
    kept.put(Of.IMAGE, "a", MARK, {}, {})
    (tmp_path / "results/images/a/result.json").write_text("{")
    assert kept.get(Of.IMAGE, "a", MARK) is None


def test_a_dropped_result_is_gone(kept: ResultStore) -> None:
    kept.put(Of.IMAGE, "a", MARK, {}, {DerivedKind.SEGMENTATION: _an_object("old")})
    kept.drop(Of.IMAGE, "a")
    kept.drop(Of.IMAGE, "a")
    assert kept.get(Of.IMAGE, "a", MARK) is None
