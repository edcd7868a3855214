from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.errors import MammoLensError, PacsError, StorageError, UnknownImageError
from mammolens.labelapp.datastore.stored_score import failed
from mammolens.labelapp.reading.second_look import SecondLook
from mammolens.labelapp.tasks.serving import Serving
from mammolens.labelapp.tasks.site import Site
from mammolens.training.progress import unobserved


@pytest.fixture
def a_guarded_site(a_site: Site, a_site_serving: Serving) -> Site:
    """The guard sets aside a share that is too small for any of so few to exceed it."""
    second_look = SecondLook(a_site.exams, a_site.decisions, a_site.images, a_site_serving, 0.01)
    return Site(a_site.exams, a_site.decisions, a_site.images, second_look)


def _fail_once(site: Site, name: str, error: MammoLensError, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call fails, and only that."""
    method, errors = getattr(site.images, name), iter([error])

    def fail(*arguments: object) -> object:
        for due in errors:
            raise due
        return method(*arguments)

    monkeypatch.setattr(site.images, name, fail)


@pytest.fixture
def first_exam(a_guarded_site: Site) -> str:
    return next(iter(a_guarded_site.exams.all()))


def test_of_usual_exams_none_is_set_aside(a_guarded_site: Site, a_site_serving: Serving) -> None:
    assert a_guarded_site.set_aside(a_site_serving.predictor(), unobserved) == frozenset()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("get_image_uri", PacsError("http://pacs.example", "does not answer", "try again")),
        ("update_image_info", StorageError("infos.json", "the disk is full", "make room")),
    ],
)
def test_where_an_image_cannot_be_scored_now_nobody_is_let_pass(
    a_guarded_site: Site,
    a_site_serving: Serving,
    name: str,
    error: MammoLensError,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _fail_once(a_guarded_site, name, error, monkeypatch)
    with pytest.raises(type(error)):
        a_guarded_site.set_aside(a_site_serving.predictor(), unobserved)


def test_an_exam_of_which_an_image_has_no_score_is_set_aside(
    a_guarded_site: Site, a_site_serving: Serving, first_exam: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_once(a_guarded_site, "get_image_uri", UnknownImageError("an image", "is gone", "look again"), monkeypatch)
    assert a_guarded_site.set_aside(a_site_serving.predictor(), unobserved) == {first_exam}
    assert a_guarded_site.set_aside(a_site_serving.predictor(), unobserved) == frozenset()


def test_an_image_that_cannot_be_scored_ever_sets_nobody_aside(
    a_guarded_site: Site, a_site_serving: Serving, first_exam: str
) -> None:
    image_id = a_guarded_site.exams.all()[first_exam].image_ids[0]
    path = Path(a_guarded_site.images.get_image_uri(image_id))
    path.write_bytes(path.read_bytes()[:-2000])
    assert a_guarded_site.set_aside(a_site_serving.predictor(), unobserved) == frozenset()
    assert failed(a_guarded_site.images.get_image_info(image_id))
