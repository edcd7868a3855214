import pytest
from prometheus_client import generate_latest

from mammolens.errors import RequestError
from mammolens.labelapp.tasks.infer_times import InferTimes


def _count(times: InferTimes, ending: str) -> float | None:
    return times.registry.get_sample_value("mammolens_infer_seconds_count", {"ending": ending})


def test_each_request_is_counted_by_how_it_ended() -> None:
    times = InferTimes()
    for _ in range(2):
        with times.timed():
            pass
    with pytest.raises(RequestError), times.timed():
        raise RequestError("image", "is missing", "give one")
    with pytest.raises(ZeroDivisionError), times.timed():
        1 / 0  # noqa: B018
    assert [_count(times, ending) for ending in ("answered", "refused", "failed")] == [2, 1, 1]


def test_before_the_first_request_every_ending_is_told_as_zero() -> None:
    times = InferTimes()
    assert [_count(times, ending) for ending in ("answered", "refused", "failed")] == [0, 0, 0]
    assert b"mammolens_infer_seconds_bucket" in generate_latest(times.registry)


def test_two_apps_count_apart() -> None:
    one, other = InferTimes(), InferTimes()
    with one.timed():
        pass
    assert _count(other, "answered") == 0
