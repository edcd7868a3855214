"""Fetching an exam, from a source in memory."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from MammoLensLib.answers import ExamDetail, ExamEntry, View
from MammoLensLib.errors import ServerError
from MammoLensLib.fetch import fetch_exam
from MammoLensLib.jobs import Cancelled, CancelToken

VIEWS = (View("a", name="R CC"), View("b", name="L CC"))
GONE = ServerError("the server", "the connection was cut", "try again")
REFUSED = ServerError("a", "is not a mammogram", "send another", status=422)


class Memory:
    """A server in memory; raises what it is told to."""

    def __init__(self, views: tuple[View, ...] = VIEWS, **failing: Exception) -> None:
        self.detail = ExamDetail(ExamEntry("e-1"), views=views)
        self.failing, self.asked = failing, list[str]()

    def infer(self, exam: str, again: bool = False, cancelled: CancelToken | None = None) -> ExamDetail:
        return self._do("infer", self.detail)

    def download_image(
        self,
        image: str,
        folder: Path | str,
        progress: Callable[[int, int | None], None] | None = None,
        cancelled: CancelToken | None = None,
    ) -> Path:
        return self._do(f"image_{image}", Path(folder) / f"{image}.dcm")

    def download_map(
        self,
        image: str,
        folder: Path | str,
        kind: str = "float",
        progress: Callable[[int, int | None], None] | None = None,
        cancelled: CancelToken | None = None,
    ) -> Path:
        return self._do(f"map_{image}", Path(folder) / f"{image}.{kind}.nrrd")

    def _do(self, what: str, result):
        self.asked.append(what)
        if what in self.failing:
            raise self.failing[what]
        return result


def test_every_view_comes_with_its_heat_and_the_progress_grows(tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    fetched = fetch_exam(Memory(), "e-1", tmp_path, progress=lambda *step: told.append(step))
    assert [(one.view.image, one.image.name, one.heat.name) for one in fetched.views] == [
        ("a", "a.dcm", "a.float.nrrd"),
        ("b", "b.dcm", "b.float.nrrd"),
    ]
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] < 1
    assert told[1][1] == "Loading R CC"


def test_an_image_that_is_here_is_not_downloaded(tmp_path: Path) -> None:
    source = Memory()
    fetched = fetch_exam(
        source, "e-1", tmp_path, find_local=lambda view: Path("/here.dcm") if view.image == "a" else None
    )
    assert fetched.views[0].image == Path("/here.dcm")
    assert "image_a" not in source.asked
    assert "image_b" in source.asked


def test_a_view_that_cannot_be_had_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    fetched = fetch_exam(Memory(image_a=REFUSED), "e-1", tmp_path)
    assert [one.view.image for one in fetched.views] == ["b"]
    assert fetched.problems == ("R CC: is not a mammogram; send another",)


def test_a_view_whose_heat_cannot_be_had_is_shown_without(tmp_path: Path) -> None:
    refused = replace(VIEWS[1], error="it is tomosynthesis")
    source = Memory((VIEWS[0], refused), map_a=REFUSED)
    fetched = fetch_exam(source, "e-1", tmp_path)
    assert [(one.heat, one.problem) for one in fetched.views] == [
        (None, "is not a mammogram; send another"),
        (None, "it is tomosynthesis"),
    ]
    assert "map_b" not in source.asked


@pytest.mark.parametrize(
    "source",
    [Memory(infer=GONE), Memory(image_a=REFUSED, image_b=REFUSED), Memory(())],
    ids=["infer", "images", "no views"],
)
def test_an_exam_of_which_nothing_can_be_had_is_an_error(source: Memory, tmp_path: Path) -> None:
    with pytest.raises(ServerError):
        fetch_exam(source, "e-1", tmp_path)


@pytest.mark.parametrize("step", ["image_b", "map_a"])
def test_a_server_that_goes_away_gives_no_half_exam(step: str, tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="was cut"):
        fetch_exam(Memory(**{step: GONE}), "e-1", tmp_path)


def test_cancelling_ends_it_between_two_steps(tmp_path: Path) -> None:
    token, source = CancelToken(), Memory()

    def progress(share: float, words: str) -> None:
        if words == "Loading L CC":
            token.cancel()

    with pytest.raises(Cancelled):
        fetch_exam(source, "e-1", tmp_path, progress=progress, cancelled=token, find_local=lambda view: token.check())
    assert source.asked == ["infer", "image_a", "map_a"]
