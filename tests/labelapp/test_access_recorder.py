from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mammolens.access_audit.event import AuditEvent
from mammolens.access_audit.log import AuditLog
from mammolens.access_audit.words import AuditEventId, AuditEventType, EventAction, EventOutcome
from mammolens.labelapp.access_recorder import AccessRecorder

from ..patience import until


class Site:
    """A log, its recorder, and a clock."""

    def __init__(self, path: Path, days: int | None = None) -> None:
        self.now = 0.0
        self.log = AuditLog(path)
        self.recorder = AccessRecorder(self.log, days, lambda: self.now)

    def record(self, action: EventAction = EventAction.READ, user: str = "anna", **changes: object) -> None:
        values = {"outcome": EventOutcome.SUCCESS, "patient": "P1", **changes}
        event = AuditEvent(AuditEventId.INSTANCES_ACCESSED, action, user=user, **values)  # type: ignore[arg-type]
        asyncio.run(self.recorder.record(event))

    def count(self) -> int:
        return self.log.head().sequence


@pytest.fixture
def a_site(tmp_path: Path) -> Site:
    return Site(tmp_path / "audit.sqlite")


def test_what_is_read_again_within_a_minute_is_recorded_once(a_site: Site) -> None:
    for _ in range(5):
        a_site.record()
    assert a_site.count() == 1
    for changes in ({"patient": "P2"}, {"address": "10.0.0.7"}, {"image": "i"}):
        a_site.record(**changes)
    a_site.record(user="berta")
    assert a_site.count() == 5
    a_site.now = 60.0
    a_site.record()
    assert a_site.count() == 6


def test_each_change_is_recorded(a_site: Site) -> None:
    for action in (EventAction.CREATE, EventAction.UPDATE, EventAction.DELETE, EventAction.EXECUTE):
        a_site.record(action)
        a_site.record(action)
    assert a_site.count() == 8


def test_refusals_cannot_fill_the_disk(a_site: Site) -> None:
    for number in range(50):
        a_site.record(outcome=EventOutcome.MINOR_FAILURE, image=f"guess-{number}")
    assert a_site.count() == 1
    a_site.record(outcome=EventOutcome.MINOR_FAILURE, user="berta")
    assert a_site.count() == 2


def test_start_and_stop_of_the_server_are_recorded_and_the_head_is_kept(a_site: Site, tmp_path: Path) -> None:
    a_site.recorder.start()
    until((tmp_path / "audit.sqlite.head").is_file, lambda: "the head was not stored")
    a_site.record()
    a_site.recorder.close()
    with AuditLog(tmp_path / "audit.sqlite") as log:
        kinds = [record.event.event_type for record in log.records()]
        assert kinds == [AuditEventType.APPLICATION_START, None, AuditEventType.APPLICATION_STOP]
        assert (tmp_path / "audit.sqlite.head").read_text().strip() == str(log.head())


def test_retention_is_applied_while_the_server_runs(tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    site = Site(tmp_path / "audit.sqlite", days=30)
    for days in (50, 40, 1):
        site.record(EventAction.CREATE, time=datetime.now(UTC) - timedelta(days=days))
    site.recorder.start()
    until(lambda: site.log.verify().removed == 2, lambda: "nothing was removed")
    site.recorder.close()
