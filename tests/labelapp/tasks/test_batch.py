from pathlib import Path
from typing import Any

import pytest

from mammolens.errors import InputError, RequestError, UnknownImageError
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.parameters import InferRequest
from mammolens.labelapp.tasks.batch import MammogramBatch


@pytest.fixture
def infer(tmp_path: Path) -> Any:
    """Infers all but the first image, which is damaged, and the second, over which it stumbles."""
    asked: list[str] = []

    def run(request: InferRequest, datastore: object) -> dict[str, Any]:
        asked.append(request.image)
        if len(asked) == 1:
            raise InputError(request.image, "damaged", "export again")
        if len(asked) == 2:
            raise ZeroDivisionError
        file = tmp_path / request.image
        file.touch()
        return {"label": request.image, "tag": request.label_tag, "file": str(file), "params": {}}

    return run


def test_bad_images_do_not_stop_the_others(a_folder_datastore: MammogramFolder, infer: Any, tmp_path: Path) -> None:
    results = MammogramBatch()({"device": "cuda", "multi_gpu": True}, a_folder_datastore, infer)
    first, second, third, *_ = results.values()
    assert len(results) == 8
    assert "damaged" in first["error"]
    assert "server's log" in second["error"]
    assert third["tag"] == "original"
    assert "file" not in third
    assert not list(tmp_path.glob("*.dcm*"))


@pytest.mark.parametrize(("wanted", "number"), [("all", 8), ("unlabeled", 8), ("labeled", 0)])
def test_images_are_chosen_by_word(a_folder_datastore: MammogramFolder, wanted: str, number: int) -> None:
    assert len(MammogramBatch().get_images({"images": wanted}, a_folder_datastore)) == number


def test_images_are_chosen_by_id_and_limited(a_folder_datastore: MammogramFolder, infer: Any) -> None:
    ids = a_folder_datastore.list_images()[3:6]
    assert list(MammogramBatch()({"images": ids, "max_batch_size": 2}, a_folder_datastore, infer)) == ids[:2]


def test_paths_and_unknown_words_are_refused(a_folder_datastore: MammogramFolder) -> None:
    with pytest.raises(RequestError):
        MammogramBatch().get_images({"images": ["/etc/passwd"]}, a_folder_datastore)
    with pytest.raises(UnknownImageError):
        MammogramBatch().get_images({"images": ["nobody.dcm"]}, a_folder_datastore)
    with pytest.raises(RequestError, match="all, labeled, unlabeled"):
        MammogramBatch().get_images({"images": "some"}, a_folder_datastore)


def test_a_batch_that_was_stopped_continues_with_the_images_without_a_label(
    a_folder_datastore: MammogramFolder, tmp_path: Path
) -> None:
    inferred: list[str] = []

    def infer(request: InferRequest, datastore: MammogramFolder) -> dict[str, Any]:
        if len(inferred) == 3:
            raise KeyboardInterrupt  # the server ends
        inferred.append(request.image)
        file = tmp_path / "map.nrrd"
        file.write_bytes(b"map")
        label = datastore.save_label(request.image, str(file), request.label_tag, {})
        return {"label": label, "tag": request.label_tag, "file": str(file), "params": {}}

    with pytest.raises(KeyboardInterrupt):
        MammogramBatch()({"images": "unlabeled"}, a_folder_datastore, infer)
    before, inferred = inferred, []
    for _ in range(2):  # five images are left, of which it infers three at a time
        try:
            MammogramBatch()({"images": "unlabeled"}, a_folder_datastore, infer)
        except KeyboardInterrupt:
            before, inferred = before + inferred, []
    assert sorted(before + inferred) == sorted(a_folder_datastore.list_images())
