from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.errors import StorageError
from mammolens.labelapp.datastore import results as results_module
from mammolens.labelapp.datastore.results import KeptResults, Of


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
def kept(tmp_path: Path) -> KeptResults:
    return KeptResults(tmp_path / "results")


def test_a_new_result_replaces_the_old_one_and_leaves_nothing_of_it(kept: KeptResults, tmp_path: Path) -> None:
    kinds = {DerivedKind.SEGMENTATION: _an_object("old"), DerivedKind.PARAMETRIC_MAP: _an_object("old")}
    kept.keep(Of.IMAGE, "a", {"n": 1}, kinds)
    before = kept.get(Of.IMAGE, "a")
    kept.keep(Of.IMAGE, "a", {"n": 2}, {DerivedKind.SEGMENTATION: _an_object("new")})
    after = kept.get(Of.IMAGE, "a")
    assert before is not None
    assert after is not None
    assert after.version != before.version
    assert after.facts == {"n": 2}
    assert b"new" in (kept.read(Of.IMAGE, "a", DerivedKind.SEGMENTATION) or b"")
    assert kept.read(Of.IMAGE, "a", DerivedKind.PARAMETRIC_MAP) is None
    assert len(list((tmp_path / "results/images/a").iterdir())) == 2


def test_a_process_that_dies_before_the_end_leaves_the_old_result_whole(
    kept: KeptResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.keep(Of.IMAGE, "a", {"n": 1}, {DerivedKind.SEGMENTATION: _an_object("old")})

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(results_module, "_write_index", die)
    with pytest.raises(KeyboardInterrupt):
        kept.keep(Of.IMAGE, "a", {"n": 2}, {DerivedKind.SEGMENTATION: _an_object("new")})
    assert b"old" in (kept.read(Of.IMAGE, "a", DerivedKind.SEGMENTATION) or b"")
    result = kept.get(Of.IMAGE, "a")
    assert result is not None
    assert result.facts == {"n": 1}


def test_a_full_disk_is_said_to_be_one_and_the_old_result_stays(
    kept: KeptResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.keep(Of.EXAM, "e", {"n": 1}, {DerivedKind.REPORT: _an_object("old")})

    def no_space(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results_module, "write_derived", no_space)
    with pytest.raises(StorageError, match="No space left on device"):
        kept.keep(Of.EXAM, "e", {"n": 2}, {DerivedKind.REPORT: _an_object("new")})
    assert b"old" in (kept.read(Of.EXAM, "e", DerivedKind.REPORT) or b"")


def test_facts_can_be_added_without_touching_the_objects(kept: KeptResults) -> None:
    kept.note(Of.EXAM, "e", {"stored_at": "now"})
    assert kept.get(Of.EXAM, "e") is None
    kept.keep(Of.EXAM, "e", {"n": 1}, {DerivedKind.REPORT: _an_object("old")})
    kept.note(Of.EXAM, "e", {"stored_at": "now"})
    result = kept.get(Of.EXAM, "e")
    assert result is not None
    assert result.facts == {"n": 1, "stored_at": "now"}
    assert kept.read(Of.EXAM, "e", DerivedKind.REPORT)


def test_a_damaged_index_counts_as_no_result(kept: KeptResults, tmp_path: Path) -> None:
    kept.keep(Of.IMAGE, "a", {}, {})
    (tmp_path / "results/images/a/result.json").write_text("{")
    assert kept.get(Of.IMAGE, "a") is None


def test_a_dropped_result_is_gone(kept: KeptResults) -> None:
    kept.keep(Of.IMAGE, "a", {}, {DerivedKind.SEGMENTATION: _an_object("old")})
    kept.drop(Of.IMAGE, "a")
    kept.drop(Of.IMAGE, "a")
    assert kept.get(Of.IMAGE, "a") is None
