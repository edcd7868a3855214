"""Scores of an archive in the server's worklist: what is stored, what is left as it was, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from mammolens.archive.exam_scoring import Scoring
from mammolens.archive.score import score_archive
from mammolens.archive.sources import open_archive
from mammolens.archive.worklist import read_worklist
from mammolens.errors import PixelDataError
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.datastore.stored_score import StoredScore, failure_as_info
from mammolens.labelapp.keys import InfoKey

from ...archive.engines import OneByOne
from ...command_line import run_mammolens

ADMIN = {"Authorization": "Bearer user,annotator,admin"}
READER = {"Authorization": "Bearer user,annotator"}


@pytest.fixture(scope="module")
def results(two_phantom_exams: Path, a_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``mammolens score`` writes of the server's images."""
    folder = tmp_path_factory.mktemp("results")
    score_archive(open_archive(str(two_phantom_exams)), folder, Scoring(a_model), OneByOne())
    return folder


@pytest.fixture
def send(results: Path, a_guarded_client: TestClient) -> Any:
    """Runs the command with the client in the place of the network; returns its lines and what was answered."""
    answers = []

    def ask(server: str, path: str, *, method: str, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        answer = a_guarded_client.request(method, path, json=body, headers=ADMIN)
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
        return answers[-1]

    def command(output: Path) -> tuple[str, list[dict[str, int]]]:
        answers.clear()
        with patch("mammolens.cli.worklist.ask", ask), patch("mammolens.cli.worklist._AT_ONCE", 5):
            result = run_mammolens("worklist", results, "-o", output, "--server", "http://host")
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split()), list(answers)

    return command


def test_an_archives_scores_rank_exams_that_stay_new_and_are_stored_once(
    results: Path, send: Any, a_guarded_client: TestClient, tmp_path: Path
) -> None:
    words, answers = send(tmp_path)
    assert [answer["stored"] for answer in answers] == [5, 3]
    assert "the server stored the scores of 8 images" in words
    listed = a_guarded_client.get("/mammolens/worklist", headers=READER).json()["exams"]
    of_archive = {row["patient"]: row for row in read_worklist(results).exams.to_pylist()}
    assert len(listed) == 2
    for exam in listed:
        row = of_archive[exam["patient"]]
        assert (exam["exam_p_value"], exam["exam_is_anomalous"]) == (row["exam_p_value"], row["exam_is_anomalous"])
        assert (exam["exam_score"], exam["state"]) == (pytest.approx(row["exam_score"]), "new")
    words, answers = send(tmp_path)
    assert [(answer["stored"], answer["already_processed"]) for answer in answers] == [(0, 5), (0, 3)]


def test_what_the_server_found_itself_stays(results: Path, send: Any, an_app: MammoLensApp, tmp_path: Path) -> None:
    images = an_app._datastore
    scored, failed = images.list_images()[:2]
    damaged = PixelDataError("image", "is damaged", "export it again")
    own = {InfoKey.RAW_SCORE: 7.0, InfoKey.PRED_SCORE: 7.0}
    send(tmp_path)
    images.update_image_infos(
        {scored: own, failed: failure_as_info(damaged, read_worklist(results).scored_by()["model"])}
    )
    _, answers = send(tmp_path)
    assert sum(answer["already_processed"] for answer in answers) == 8
    infos = images.infos([scored, failed])
    assert infos[scored][InfoKey.RAW_SCORE] == 7.0
    assert StoredScore.of(infos[failed]) is None


def test_images_that_the_server_lacks_are_counted_and_others_not_refused(
    results: Path, a_guarded_client: TestClient, an_app: MammoLensApp
) -> None:
    exam = next(iter(an_app.exam_service.exams.all().values()))
    score = {"raw_score": 1.0, "pred_score": 1.0}
    rows = [{"sop_instance_uid": uid, **score} for uid in (exam.images[0].sop_instance_uid, "1.2.3")]
    body = {**read_worklist(results).scored_by(), "images": rows}
    answer = a_guarded_client.post("/mammolens/scores", json=body, headers=ADMIN)
    assert answer.json() == {"stored": 1, "already_processed": 0, "unknown": 1}


@pytest.mark.parametrize("name", ["model", "calibration", "mammolens"])
def test_scores_of_another_model_are_refused(results: Path, a_guarded_client: TestClient, name: str) -> None:
    body = {**read_worklist(results).scored_by(), name: "another", "images": []}
    answer = a_guarded_client.post("/mammolens/scores", json=body, headers=ADMIN)
    assert answer.status_code == 400
    assert f"{name}: the scores are of 'another', this server uses" in answer.json()["detail"]


def test_only_admins_may_send_scores(results: Path, a_guarded_client: TestClient) -> None:
    body = {**read_worklist(results).scored_by(), "images": []}
    assert a_guarded_client.post("/mammolens/scores", json=body, headers=READER).status_code == 403


def test_a_score_that_is_no_number_is_refused(results: Path, a_guarded_client: TestClient) -> None:
    rows = '[{"sop_instance_uid": "1.2", "raw_score": NaN, "pred_score": 1}]'
    body = '{"model": "m", "calibration": "c", "mammolens": "v", "images": ' + rows + "}"
    headers = {**ADMIN, "Content-Type": "application/json"}
    assert a_guarded_client.post("/mammolens/scores", content=body, headers=headers).status_code == 422
