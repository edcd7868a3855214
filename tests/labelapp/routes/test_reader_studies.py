import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mammolens.errors import ServerError
from mammolens.labelapp.app import MammoLensApp

from ...command_line import run_mammolens

STUDIES = "/mammolens/reader-studies"
RESULTS = ("exam_p_value", "exam_score", "exam_decile", "sentence", "exam_is_anomalous", "exam_category")


@pytest.fixture
def two_exams(a_client: TestClient) -> list[str]:
    return [exam["exam"] for exam in a_client.get("/mammolens/worklist").json()["exams"]]


@pytest.fixture
def a_study(a_client: TestClient, two_exams: list[str]) -> str:
    plan = {"name": "pilot", "readers": ["admin", "ben"], "exams": two_exams, "washout_days": 0}
    answer = a_client.post(STUDIES, json=plan)
    assert answer.status_code == 200, answer.text
    return "pilot"


def _next(client: TestClient, study: str = "pilot") -> dict[str, Any]:
    answer = client.get(f"{STUDIES}/{study}/next")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def _answer(client: TestClient, case: dict[str, Any], number: int, **changes: Any) -> Any:
    stated = {"likelihood": 30, "recall": False, "seconds": 4.5, "id": str(uuid.UUID(int=number))}
    of_case = {"exam": case["exam"]["exam"], "session": case["session"]}
    return client.post(f"{STUDIES}/pilot/readings", json={**stated, **of_case, **changes})


def test_a_study_is_read_blind_to_its_end(a_client: TestClient, an_app: MammoLensApp, a_study: str) -> None:
    seen = []
    for number in range(1, 5):
        case = _next(a_client)["case"]
        exam, heat = case["exam"], case["heat"]
        seen.append((case["session"], case["number"], exam["exam"], heat))
        # What others decide on the exam meanwhile stays unseen, and so does the result of the model without heat.
        a_client.post(f"/mammolens/exams/{exam['exam']}/decisions", json={"verdict": "finding"})
        exam = _next(a_client)["case"]["exam"]
        assert (exam["decisions"], exam["verdict"], exam["readers"]) == ([], None, [])
        assert exam["state"] == "done"
        assert all((exam[name] is not None) == heat for name in RESULTS[:5]), exam
        assert any(view["segmentation"] for view in exam["views_in_detail"]) == heat
        manifest = a_client.get(f"{STUDIES}/pilot/exams/{exam['exam']}/ohif.json").json()
        modalities = {series["Modality"] for series in manifest["studies"][0]["series"]}
        assert modalities == ({"MG", "SEG"} if heat else {"MG"})
        answered = _answer(a_client, case, number, recall=heat)
        assert answered.status_code == 200, answered.text
    assert len({(exam, heat) for _, _, exam, heat in seen}) == 4
    assert [(session, number) for session, number, *_ in seen] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    end = answered.json()
    assert (end["finished"], end["case"], end["viewer"]) == (True, None, None)
    assert _next(a_client)["sentence"] == "You have read all cases of this study. Thank you."
    assert a_client.get(f"{STUDIES}/pilot/open").headers["location"] == "/"
    found = a_client.get(f"{STUDIES}/pilot/readings").json()
    assert [one["heat"] for one in found["readings"]] == [heat for *_, heat in seen]
    assert all((one["model"] is not None) == one["heat"] for one in found["readings"])
    assert [(one["treatment"], one["recalled"]) for one in found["treatments"]] == [
        ("without_heat", 0.0), ("with_heat", 1.0),
    ]  # fmt: skip
    progress = {one["reader"]: (one["read"], one["cases"]) for one in found["study"]["progress"]}
    assert progress == {"admin": (4, 4), "ben": (0, 4)}
    assert len(an_app.reader_studies.readings("pilot")) == 4


def test_a_repeated_answer_is_stored_once_and_another_case_is_refused(
    a_client: TestClient, two_exams: list[str], a_study: str
) -> None:
    case = _next(a_client)["case"]
    first, again = _answer(a_client, case, 1), _answer(a_client, case, 1)
    assert (first.status_code, again.json()) == (200, first.json())
    refused = _answer(a_client, case, 2)
    assert (refused.status_code, "is not the reader's next case" in refused.json()["detail"]) == (400, True)
    other = a_client.get(f"{STUDIES}/pilot/exams/{case['exam']['exam']}/ohif.json")
    assert (other.status_code, "is not your next case" in other.json()["detail"]) == (400, True)
    opened = a_client.get(f"{STUDIES}/pilot/open")
    assert opened.status_code == 307
    assert opened.headers["location"] == first.json()["viewer"]


def test_studies_that_cannot_be_are_refused(a_client: TestClient, two_exams: list[str]) -> None:
    plan = {"name": "other", "readers": ["ben"], "exams": two_exams}
    unknown = a_client.post(STUDIES, json={**plan, "exams": ["e-nobody"]})
    assert (unknown.status_code, "'e-nobody'" in unknown.json()["detail"]) == (400, True)
    assert a_client.post(STUDIES, json=plan).status_code == 200
    assert a_client.get(f"{STUDIES}/other/next").status_code == 400  # nobody of its readers is logged in
    assert a_client.get(f"{STUDIES}/nothing/next").status_code == 404
    assert [one["name"] for one in a_client.get(STUDIES).json()["studies"]] == ["other"]


def test_the_command_line_creates_a_study_and_writes_its_table(
    a_client: TestClient, two_exams: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mammolens.cli.study as command

    def ask(server: str, path: str, *, method: str = "GET", body: Any = None, token: str | None = None) -> Any:
        answer = a_client.request(method, path, json=body)
        if answer.status_code != 200:
            raise ServerError(path, answer.json()["detail"], "see its log")
        return answer.json()

    def mammolens(*words: object) -> str:
        result = run_mammolens("study", *words)
        assert result.exit_code == 0, result.output
        return result.output

    monkeypatch.setattr(command, "ask", ask)
    (tmp_path / "pilot.yaml").write_text("name: pilot\nreaders: [admin]\ndesign: without_heat\n")
    assert "2 exams; readers open http://127.0.0.1:8000/mammolens/reader-studies/pilot/open" in " ".join(
        mammolens("create", tmp_path / "pilot.yaml").split()
    )
    for number in (1, 2):
        _answer(a_client, _next(a_client)["case"], number)
    assert json.loads(mammolens("list", "--json"))[0]["progress"] == [{"reader": "admin", "read": 2, "cases": 2}]
    assert "without_heat" in mammolens("results", "pilot")
    (tmp_path / "truth.csv").write_text("exam,truth\n" + "".join(f"{exam},0\n" for exam in two_exams))
    mammolens("export", "pilot", tmp_path / "out.csv", "--truth", tmp_path / "truth.csv", "--format", "imrmc")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 1 + 2 + 2
    (tmp_path / "bad.yaml").write_text("name: pilot\n")
    refused = run_mammolens("study", "create", tmp_path / "bad.yaml")
    assert refused.exit_code != 0
    assert "readers: Field required" in refused.output
