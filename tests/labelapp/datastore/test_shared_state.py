import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mammolens.errors import DatasetError, RequestError, UnknownImageError
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.datastore.stored_score import StoredScore

from ...fork_server import ForkServer
from ...patience import PATIENCE_S

PATTERNS = ("*.dcm",)
_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.datastore.stored_score import StoredScore
store = MammogramFolder(Path(sys.argv[1]), ("*.dcm",), rescan_seconds=None)
for number in range(20):
    store.update_image_info(sys.argv[2], {f"theirs{number}": number})
"""


def test_what_one_datastore_writes_another_on_the_same_folder_sees(a_studies_folder: Path) -> None:
    one, other = (MammogramFolder(a_studies_folder, PATTERNS) for _ in range(2))
    image_id = one.list_images()[0]
    one.update_image_info(image_id, {"device": "old"})
    assert other.get_image_info(image_id)["device"] == "old"


def test_threads_and_processes_that_write_at_once_lose_nothing(
    a_studies_folder: Path, fork_server: ForkServer, tmp_path: Path
) -> None:
    store = MammogramFolder(a_studies_folder, PATTERNS, rescan_seconds=None)
    image_id = store.list_images()[0]
    (tmp_path / "other.py").write_text(_ANOTHER_PROCESS)
    process = fork_server.start(tmp_path / "other.py", a_studies_folder, image_id)
    with ThreadPoolExecutor(4) as threads:
        for number in range(20):
            threads.submit(store.update_image_info, image_id, {f"ours{number}": number})
    _, trouble = process.communicate(PATIENCE_S)
    assert process.returncode == 0, trouble
    info = store.get_image_info(image_id)
    assert {f"ours{number}" for number in range(20)} | {f"theirs{number}" for number in range(20)} <= info.keys()


def test_infos_survive_that_the_folder_is_away_for_a_while(a_studies_folder: Path) -> None:
    store = MammogramFolder(a_studies_folder, PATTERNS, rescan_seconds=0)
    image_id = store.list_images()[0]
    store.update_image_info(image_id, {"device": "old"})
    path = Path(store.get_image_uri(image_id))
    path.rename(path.with_suffix(".away"))
    assert image_id not in store.list_images()
    assert image_id not in store.json()["objects"]
    path.with_suffix(".away").rename(path)
    assert store.get_image_info(image_id)["device"] == "old"


def test_a_damaged_state_file_is_named_with_its_remedy(a_studies_folder: Path) -> None:
    (a_studies_folder / "datastore_v2.json").write_text('{"name": ')
    with pytest.raises(DatasetError, match=r"datastore_v2\.json: is damaged .* restore it"):
        MammogramFolder(a_studies_folder, PATTERNS)


def test_the_state_file_is_json_that_other_tools_can_read(a_folder_datastore: MammogramFolder) -> None:
    path = Path(a_folder_datastore._datastore_config_path)
    assert json.loads(path.read_text())["objects"].keys() == set(a_folder_datastore.list_images())


def test_status_counts_images_and_scores(a_folder_datastore: MammogramFolder) -> None:
    second = a_folder_datastore.list_images()[1]
    score = StoredScore(pred_score=1.0, raw_score=0.1, p_value=0.5, model="m", calibration="c")
    a_folder_datastore.update_image_info(second, score.as_info())
    status = a_folder_datastore.status()
    assert status["total"] == 8
    assert status["scored"] == 1


def test_ids_that_are_none_and_ids_of_nothing_are_told_apart(a_folder_datastore: MammogramFolder) -> None:
    with pytest.raises(RequestError, match="is not an image id"):
        a_folder_datastore.get_image_info("../../etc/passwd")
    with pytest.raises(UnknownImageError, match="no such image"):
        a_folder_datastore.update_image_info("nobody.dcm", {})


@pytest.mark.parametrize("key", ["review", "reviews"])
def test_a_decision_is_not_taken_for_an_info(a_folder_datastore: MammogramFolder, key: str) -> None:
    image_id = a_folder_datastore.list_images()[0]
    with pytest.raises(RequestError, match="is a decision, which the ledger keeps"):
        a_folder_datastore.update_image_info(image_id, {key: {"verdict": "normal"}, "comment": "x"})
    assert "comment" not in a_folder_datastore.get_image_info(image_id)


def test_when_an_image_was_first_scored_is_never_replaced(a_folder_datastore: MammogramFolder) -> None:
    image_id = a_folder_datastore.list_images()[0]
    score = StoredScore(pred_score=1.0, raw_score=0.1, p_value=0.5, model="m", calibration="c")
    a_folder_datastore.update_image_info(image_id, {**score.as_info(), "first_scored": 5.0})
    a_folder_datastore.update_image_info(image_id, {**score.as_info(), "model": "other"})
    info = a_folder_datastore.get_image_info(image_id)
    assert (info["model"], info["first_scored"]) == ("other", 5.0)


def test_what_was_put_aside_of_another_image_is_never_replaced(a_folder_datastore: MammogramFolder) -> None:
    image_id = a_folder_datastore.list_images()[0]
    a_folder_datastore.update_image_info(image_id, {"earlier": ["forged"], "comment": "x"})
    info = a_folder_datastore.get_image_info(image_id)
    assert info["comment"] == "x"
    assert "earlier" not in info
