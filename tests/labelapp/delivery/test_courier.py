"""Deliveries over a channel of the test's own and a clock that it moves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mammolens.errors import PacsError, StorageError
from mammolens.labelapp.delivery.courier import Courier, DeliverySummary
from mammolens.labelapp.delivery.queue import Delivery, DeliveryKind, DeliveryQueue

KIND = DeliveryKind.DICOM
DOWN = PacsError("ARCHIVE@pacs:104", "cannot be reached", "start it")


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


class StandIn:
    """A channel that counts attempts; what it does with each exam is said by the test."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.doing: Callable[[Delivery], Delivery] = lambda delivery: delivery.model_copy(update={"trouble": None})

    def deliver(self, delivery: Delivery) -> Delivery:
        self.tried.append(delivery.exam)
        return self.doing(delivery)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def channel() -> StandIn:
    return StandIn()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> DeliveryQueue:
    return DeliveryQueue(tmp_path / "deliveries", clock)


@pytest.fixture
def courier(queue: DeliveryQueue, channel: StandIn, clock: Clock) -> Courier:
    return Courier(queue, {KIND: channel}, 72, clock)


def a_delivery(exam: str, clock: Clock, **more: object) -> Delivery:
    values = {"kind": KIND, "exam": exam, "fingerprint": "f", "images": ("i",), "queued_at": clock(), **more}
    return Delivery.model_validate(values)


def raising(error: Exception) -> Callable[[Delivery], Delivery]:
    def raised(delivery: Delivery) -> Delivery:
        raise error

    return raised


def told(courier: Courier) -> DeliverySummary:
    return courier.summaries()[KIND]


def test_what_is_delivered_leaves_no_file(
    queue: DeliveryQueue, channel: StandIn, courier: Courier, clock: Clock
) -> None:
    queue.put(a_delivery("e-1", clock))
    assert told(courier).waiting == 1
    courier.look()
    assert channel.tried == ["e-1"]
    assert not [path for path in queue.folder.rglob("*") if path.suffix == ".json"]


def test_the_queue_is_private_and_survives_the_server(
    queue: DeliveryQueue, channel: StandIn, courier: Courier, clock: Clock
) -> None:
    os.umask(0o077)  # as the server has it; the fixture of all tests gives the old one back
    queue.put(a_delivery("e-1", clock))
    channel.doing = lambda delivery: delivery.model_copy(update={"trouble": "busy", "stored": ("2.25.1",)})
    courier.look()
    assert {path.stat().st_mode & 0o777 for path in queue.folder.rglob("*.json")} == {0o600}
    again = DeliveryQueue(queue.folder, clock)
    [waiting] = again.waiting(KIND)
    assert (waiting.attempts, waiting.stored, waiting.trouble) == (1, ("2.25.1",), "busy")


def test_a_receiver_that_is_down_is_tried_ever_less_often_until_it_answers(
    queue: DeliveryQueue, channel: StandIn, courier: Courier, clock: Clock
) -> None:
    for exam in ("e-1", "e-2"):
        queue.put(a_delivery(exam, clock))
    channel.doing = raising(DOWN)
    attempts = []
    for second in range(0, 300, 10):
        before = len(channel.tried)
        courier.look()
        if len(channel.tried) > before:
            attempts.append(second)
        clock.seconds += 10
    assert attempts == [0, 30, 90, 210]
    assert set(channel.tried) == {"e-1"}  # nothing else can come through
    assert str(told(courier).trouble) == str(DOWN)
    channel.doing = StandIn().doing
    clock.seconds += 3600
    courier.look()
    assert (told(courier).waiting, told(courier).trouble) == (0, None)


def test_after_the_hours_it_is_given_up_and_told(
    queue: DeliveryQueue, channel: StandIn, courier: Courier, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    queue.put(a_delivery("e-1", clock))
    clock.seconds += 71 * 3600
    queue.put(a_delivery("e-2", clock))
    channel.doing = raising(DOWN)
    courier.look()
    assert told(courier).waiting == 2
    clock.seconds += 3601
    courier.look()
    assert (told(courier).waiting, told(courier).failures) == (1, {"e-1": str(DOWN)})
    assert "exam e-1 (dicom): given up after 72 hours: ARCHIVE@pacs:104: cannot be reached" in caplog.text
    queue.put(a_delivery("e-1", clock))  # inferred again
    assert told(courier).failed == 0
    clock.seconds += 40 * 24 * 3600
    courier.look()
    assert told(courier).failed == 2
    assert queue.failed(KIND) == []  # what is older than thirty days is forgotten


def test_what_is_refused_for_good_is_named_and_not_tried_again(
    queue: DeliveryQueue, channel: StandIn, courier: Courier, clock: Clock
) -> None:
    queue.put(a_delivery("e-1", clock))
    channel.doing = lambda delivery: delivery.model_copy(update={"refused": {"2.25.1": "Segmentation Storage: no"}})
    courier.look()
    clock.seconds += 7200
    courier.look()
    assert channel.tried == ["e-1"]
    assert told(courier).failures == {"e-1": "Segmentation Storage: no"}


@pytest.mark.parametrize("fails", [True, False])
def test_one_delivery_that_fails_does_not_hold_up_the_others(
    queue: DeliveryQueue, channel: StandIn, courier: Courier, clock: Clock, *, fails: bool
) -> None:
    for exam in ("e-1", "e-2"):
        queue.put(a_delivery(exam, clock))
    raised = raising(ZeroDivisionError())
    channel.doing = lambda delivery: (
        delivery.model_copy(update={"trouble": None if delivery.exam == "e-2" else "out of resources"})
        if fails or delivery.exam == "e-2"
        else raised(delivery)
    )
    courier.look()
    assert channel.tried == ["e-1", "e-2"]
    assert [one.exam for one in queue.waiting(KIND)] == ["e-1"]


def test_a_result_that_comes_while_an_older_one_is_sent_waits(
    queue: DeliveryQueue, channel: StandIn, courier: Courier, clock: Clock
) -> None:
    queue.put(a_delivery("e-1", clock))

    def overtaken(delivery: Delivery) -> Delivery:
        queue.put(a_delivery("e-1", clock, fingerprint="newer"))
        return delivery

    channel.doing = overtaken
    courier.look()
    assert [one.fingerprint for one in queue.waiting(KIND)] == ["newer"]


def test_a_damaged_file_and_a_full_disk_are_told(
    queue: DeliveryQueue, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    queue.put(a_delivery("e-1", clock))
    next(queue.folder.rglob("*.json")).write_text("{")
    assert queue.waiting(KIND) == []
    assert "cannot be read" in caplog.text

    def full(path: Path, text: str) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("mammolens.labelapp.delivery.queue.write_text", full)
    with pytest.raises(StorageError, match="cannot be written .Permission denied"):
        queue.put(a_delivery("e-1", clock))


def test_deliveries_of_an_erased_exam_are_dropped_the_failed_ones_too(
    queue: DeliveryQueue, courier: Courier, channel: StandIn, clock: Clock
) -> None:
    channel.doing = lambda delivery: delivery.model_copy(update={"trouble": None, "refused": {"1.2": "no such class"}})
    queue.put(a_delivery("e-1", clock))
    courier.look()
    assert [one.exam for one in queue.failed(KIND)] == ["e-1"]
    queue.put(a_delivery("e-2", clock))
    queue.put(a_delivery("e-3", clock))
    queue.forget(["e-1", "e-2"])
    assert [one.exam for one in queue.waiting(KIND)] == ["e-3"]
    assert queue.failed(KIND) == []
