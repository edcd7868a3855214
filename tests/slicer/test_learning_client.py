"""The routes about learning as the client asks for them."""

import json
from collections.abc import Callable

import pytest
from MammoLensLib.client import RECALIBRATE, TRAIN, Client, LearningClient
from MammoLensLib.errors import ServerError

from .trouble import a_server, tells

JOB = {"job": "j-1", "kind": "train", "state": "queued"}
MODELS = {"serving": "m", "models": [{"model": "m"}], "history": []}


@pytest.mark.parametrize(
    ("told", "ask", "line", "order"),
    [
        (JOB, lambda c: c.start(TRAIN, epochs=8, ask=True), "POST /mammolens/jobs", {"epochs": 8, "ask": True}),
        (JOB, lambda c: c.start(RECALIBRATE), "POST /mammolens/jobs", {}),
        (JOB, lambda c: c.stop("j/1"), "DELETE /mammolens/jobs/j%2F1", None),
        (JOB, lambda c: c.resume("j-1"), "POST /mammolens/jobs/j-1/resume", {}),
        (MODELS, lambda c: c.accept("m/1", "why"), "POST /mammolens/models/m%2F1/promote", {"why": "why"}),
        (MODELS, lambda c: c.keep_old("m"), "POST /mammolens/models/m/refuse", {"why": ""}),
        (MODELS, lambda c: c.roll_back("why"), "POST /mammolens/models/rollback", {"why": "why"}),
    ],
)
def test_what_is_asked_for_is_asked_as_the_server_takes_it(
    told: object, ask: Callable[[LearningClient], object], line: str, order: dict[str, object] | None
) -> None:
    with a_server(tells(told)) as server:
        ask(Client(server.url).learning)
    head, _, body = server.asked[0].partition("\r\n\r\n")
    assert head.startswith(f"{line} ")
    if order is None:
        assert body == ""
    else:
        assert {key: value for key, value in json.loads(body).items() if key != "kind"} == order


def test_a_job_that_is_gone_is_told_in_the_servers_words() -> None:
    told = tells({"detail": "j-1: there is no such job; see GET /mammolens/jobs"}, "404 Not Found")
    with a_server(told) as server, pytest.raises(ServerError, match="there is no such job"):
        Client(server.url).learning.resume("j-1")


@pytest.mark.parametrize("told", [None, [], {}, {"jobs": {}, "models": 3, "exams": "e"}])
def test_nonsense_is_an_error_with_a_remedy(told: object) -> None:
    for ask in (LearningClient.jobs, LearningClient.models, LearningClient.suspect_normals):
        with a_server(tells(told)) as server, pytest.raises(ServerError) as caught:
            ask(Client(server.url).learning)
        assert caught.value.remedy
