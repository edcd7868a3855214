import threading
from contextlib import suppress

import pytest

from mammolens.errors import PacsError
from mammolens.labelapp.datastore.refreshing_value import RefreshingValue

from ...patience import PATIENCE_S, until


class Source:
    """Gives 1, 2, 3 ..., as long as it is free to."""

    def __init__(self) -> None:
        self.calls, self.at_once, self.most_at_once = 0, 0, 0
        self.free = threading.Event()
        self.free.set()
        self.error: Exception | None = None

    def __call__(self) -> int:
        self.calls += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.free.wait(PATIENCE_S)
        self.at_once -= 1
        if self.error:
            raise self.error
        return self.calls


def test_a_young_value_is_kept() -> None:
    source = Source()
    kept = RefreshingValue(source, expiry_seconds=3600)
    assert [kept.value(), kept.value()] == [1, 1]


def test_an_old_value_is_renewed_before_it_is_given_if_that_is_quick() -> None:
    kept = RefreshingValue(Source(), expiry_seconds=0, patience_seconds=PATIENCE_S)
    assert [kept.value(), kept.value()] == [1, 2]


def test_while_a_slow_renewal_runs_everybody_sees_the_value_before() -> None:
    source = Source()
    kept = RefreshingValue(source, expiry_seconds=0, patience_seconds=0.1)
    assert kept.value() == 1
    source.free.clear()
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(kept.value())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 8
    assert source.calls == 2
    source.free.set()
    until(lambda: kept.value() >= 2)


def test_the_first_value_is_waited_for_and_made_once() -> None:
    source = Source()
    source.free.clear()
    kept = RefreshingValue(source, expiry_seconds=3600, patience_seconds=0.01)
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(kept.value())) for _ in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: source.calls)
    assert seen == []
    source.free.set()
    for thread in threads:
        thread.join()
    assert seen == [1] * 8
    assert (source.calls, source.most_at_once) == (1, 1)


def test_a_failing_renewal_leaves_the_value_and_says_why() -> None:
    source = Source()
    kept = RefreshingValue(source, expiry_seconds=0, patience_seconds=PATIENCE_S)
    kept.value()
    source.error = PacsError("pacs", "is down", "start it")
    assert kept.value() == 1
    assert kept.trouble is source.error
    with pytest.raises(PacsError, match="is down"):
        kept.renewed()
    source.error = None
    assert kept.value() == source.calls
    assert kept.trouble is None


def test_without_a_value_the_failure_is_raised_and_not_tried_again_at_once() -> None:
    source = Source()
    source.error = PacsError("pacs", "is down", "start it")
    kept = RefreshingValue(source, expiry_seconds=3600)
    for _ in range(3):
        with pytest.raises(PacsError, match="is down"):
            kept.value()
    assert source.calls == 1


def test_an_expired_value_is_renewed_by_the_next_request() -> None:
    kept = RefreshingValue(Source(), expiry_seconds=3600)
    kept.value()
    kept.expire()
    assert kept.value() == 2


def test_a_request_need_not_wait_for_the_first_value_as_long_as_it_takes() -> None:
    source = Source()
    source.free.clear()
    kept = RefreshingValue(source, expiry_seconds=3600, first_patience_seconds=0.1)
    with pytest.raises(TimeoutError):
        kept.value()
    source.free.set()

    def value() -> int | None:
        with suppress(TimeoutError):
            return kept.value()
        return None

    assert until(value) == 1
    assert source.calls == 1
