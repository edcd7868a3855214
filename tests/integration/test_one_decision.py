"""One act of a person, one decision: the ledger of a real server before and after, for each kind of client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK as sitk
from MammoLensLib.answers import ExamDetail, Region, Verdict
from MammoLensLib.client import Client
from MammoLensLib.errors import ServerError
from MammoLensLib.jobs import JobRunner
from MammoLensLib.session import Session
from monailabel.client import MONAILabelClient

from mammolens.datasets.phantom_dataset import write_phantom_dataset

from ..patience import patient, until
from .conftest import Server, StartServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.integration
SQUARE = ((10.0, 20.0), (30.0, 20.0), (30.0, 40.0))


@pytest.fixture(scope="module")
def a_server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Over three exams of four views, one a test."""
    folder = tmp_path_factory.mktemp("studies")
    write_phantom_dataset(folder, normals=3, rows=160, columns=128, spacing=(1.6, 1.6))
    return start_server(folder)


@pytest.fixture
def exam(a_server: Server) -> dict[str, Any]:
    """An exam on which nobody has decided yet."""
    exams = a_server.get("/mammolens/worklist").json()["exams"]
    return next(one for one in exams if not ledger(a_server, one["exam"]))


def ledger(server: Server, exam: str) -> list[dict[str, Any]]:
    """An exam's entries, the oldest first."""
    return list(server.get(f"/mammolens/decisions?exam={exam}").json()["decisions"])


def verdict(server: Server, exam: str) -> str | None:
    """What counts for an exam."""
    told: str | None = server.get(f"/mammolens/exams/{exam}").json()["verdict"]
    return told


def uids(server: Server, exam: str) -> list[str]:
    """SOP Instance UIDs of an exam's images."""
    return [view["sop_instance_uid"] for view in server.get(f"/mammolens/exams/{exam}").json()["views_in_detail"]]


def reviewed(server: Server) -> dict[str, int]:
    """How many images have each verdict, as MONAI Label's clients see it."""
    return dict(server.get("/info/").json()["datastore"]["reviewed"])


class CutClient(Client):
    """Slicer's client on a line that is cut after the server has understood, once."""

    cuts = 1

    def decide(self, *arguments: Any, **options: Any) -> ExamDetail:
        return self._cut(super().decide(*arguments, **options))

    def undo(self, *arguments: Any, **options: Any) -> ExamDetail:
        return self._cut(super().undo(*arguments, **options))

    def _cut(self, answer: ExamDetail) -> ExamDetail:
        if self.cuts:
            self.cuts -= 1
            raise ServerError(self.url, "the connection was cut", "try again")
        return answer


class NoDesk:
    """Shows nothing."""

    problems = ()

    def open(self, exam: Any) -> None:
        pass

    close = forget = lambda self: None


def test_slicers_finding_with_regions_is_one_decision_and_one_undo_takes_all_of_it_back(
    a_server: Server, exam: dict[str, Any]
) -> None:
    runner = JobRunner()
    session = Session(NoDesk(), runner, lambda fetched, **_: fetched, connect=CutClient)

    def wait() -> None:
        until(lambda: session.busy is None, meanwhile=runner.drain)

    session.connect(a_server.url)
    wait()
    session.open(exam["exam"])
    wait()
    assert session.error is None
    before = reviewed(a_server)
    regions = [Region(image, SQUARE) for image in exam["images"][:2]]
    for error in ("the connection was cut", None):  # whoever got no answer tries again
        session.decide(Verdict.FINDING, "upper outer", regions)
        wait()
        assert (session.error and session.error.reason) == error
        (entry,) = ledger(a_server, exam["exam"])
    assert (entry["verdict"], entry["origin"], entry["viewer"]) == ("finding", "viewer", "3D Slicer")
    assert sorted(entry["images"]) == sorted(uids(a_server, exam["exam"]))
    assert len(entry["regions"]) == 2
    assert reviewed(a_server) == {**before, "finding": before.get("finding", 0) + 4}
    session.client.cuts = 1
    for _ in range(2):
        session.undo()
        wait()
    told = ledger(a_server, exam["exam"])
    assert [one["undoes"] for one in told] == [None, entry["decision_id"]]
    assert verdict(a_server, exam["exam"]) is None
    assert reviewed(a_server) == before


@pytest.fixture
def a_page(a_browser: Browser, a_server: Server) -> Iterator[Page]:
    """A page of the server, in which the modules of OHIF's mode can be imported."""
    page = patient(a_browser.new_page())
    page.goto(a_server.url)
    yield page
    page.close()


OHIF = """async ([exam, regions]) => {
  const { createApi } = await import('/mammolens/browser/shared/api.js');
  const { Session } = await import('/mammolens/browser/ohif/session.js');
  const api = createApi();
  let cuts = 1;
  const cut = ask => async (...rest) => {
    const answer = await ask(...rest);
    if (cuts) { cuts -= 1; throw new Error('cut'); }
    return answer;
  };
  const session = new Session({ ...api, recordDecision: cut(api.recordDecision), undoDecision: cut(api.undoDecision) });
  await session.open(exam);
  const head = async () => (await (await fetch('/mammolens/decisions?exam=' + exam)).json()).decisions;
  const told = [await head()];
  const ask = async what => { const done = await what(); told.push(await head()); return done; };
  const decide = () => session.recordDecision('finding', 'upper outer', regions);
  const done = [await ask(decide), await ask(decide)];
  cuts = 1;
  done.push(await ask(() => session.undo()), await ask(() => session.undo()));
  return { told, done, verdict: session.exam.verdict };
}"""


def test_what_ohifs_panel_asks_is_one_decision_and_one_undo(
    a_server: Server, a_page: Page, exam: dict[str, Any]
) -> None:
    before = reviewed(a_server)
    regions = [{"image": image, "points": [list(point) for point in SQUARE]} for image in exam["images"][:2]]
    answer = a_page.evaluate(OHIF, [exam["exam"], regions])
    assert answer["done"] == [False, True, False, True]
    assert [len(entries) for entries in answer["told"]] == [0, 1, 1, 2, 2]
    decided, undone = answer["told"][-1]
    assert (decided["verdict"], decided["viewer"], len(decided["regions"])) == ("finding", "OHIF", 2)
    assert sorted(decided["images"]) == sorted(undone["images"]) == sorted(uids(a_server, exam["exam"]))
    assert undone["undoes"] == decided["decision_id"]
    assert answer["verdict"] is None
    assert reviewed(a_server) == before


def test_final_labels_of_monai_labels_client_are_a_decision_each_and_can_be_taken_back(
    a_server: Server, exam: dict[str, Any], tmp_path: Path
) -> None:
    client = MONAILabelClient(a_server.url, str(tmp_path))
    before = reviewed(a_server)
    for number, image in enumerate(exam["images"][:2]):
        drawn = np.zeros((1, 160, 128), np.uint8)
        drawn[0, 40:50, 60:70] = 1 - number  # on the first image something is drawn, on the second nothing
        label = tmp_path / f"{number}.nrrd"
        sitk.WriteImage(sitk.GetImageFromArray(drawn), str(label))
        for _ in range(2):  # the client gives no id: it cannot say that it tries again
            client.save_label(image, str(label), tag="final")
            assert len(ledger(a_server, exam["exam"])) == number + 1
    told = ledger(a_server, exam["exam"])
    first, second = uids(a_server, exam["exam"])[:2]
    assert [(one["verdict"], one["images"], one["origin"]) for one in told] == [
        ("finding", [first], "monailabel"),
        ("normal", [second], "monailabel"),
    ]
    assert reviewed(a_server) == {
        **before,
        "finding": before.get("finding", 0) + 1,
        "normal": before.get("normal", 0) + 1,
    }
    for _ in range(2):
        assert a_server.post(f"/mammolens/exams/{exam['exam']}/decisions/undo").status_code == 200
    assert [one["undoes"] for one in ledger(a_server, exam["exam"])[2:]] == [
        told[1]["decision_id"],
        told[0]["decision_id"],
    ]
    assert reviewed(a_server) == before
    client.save_label(exam["images"][0], str(tmp_path / "0.nrrd"), tag="final")  # once more, as it was taken back
    assert len(ledger(a_server, exam["exam"])) == 5
    a_server.put(f"/datastore/image/info?image={exam['images'][0]}", data={"info": '{"review": {}}'})
    assert reviewed(a_server) == before
