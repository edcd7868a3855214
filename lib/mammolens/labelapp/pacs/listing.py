"""The mammograms of a PACS, kept up to date without asking for all of them each time.

A PACS with ten thousand studies needs seconds to list them. So the whole is asked for rarely; in between the
studies are, and the instances of those that are new or have changed; and where even the studies take long, mostly
the studies of these days.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

from mammolens.labelapp.pacs.errors import PacsRefusalError
from mammolens.labelapp.pacs.instance import Instance
from mammolens.labelapp.pacs.search import Search

_log = logging.getLogger(__name__)
_AT_ONCE = 4
_WHOLE_EVERY_S = 3600.0  # finds what counting instances does not: one replaced by another, a corrected name
_SHARE = 10  # the PACS lists all studies for at most a tenth of the time,
_QUICK_S = 2.0  # unless that is as quick as this


@dataclass(frozen=True, slots=True)
class _Study:
    """``count`` is the PACS's number of instances of any kind; ``None`` asks again next time."""

    count: int | None
    instances: tuple[Instance, ...]


class Listing:
    """What is known of the PACS.

    Args:
        clock: seconds that never go back.
        today: the day that it is.
    """

    def __init__(
        self, search: Search, clock: Callable[[], float] = time.monotonic, today: Callable[[], date] = date.today
    ) -> None:
        self._search = search
        self._clock = clock
        self._today = today
        self._one_at_a_time = threading.Lock()
        self._studies: dict[str, _Study] = {}
        self._searches_whole = True
        self._whole_due = self._studies_due = float("-inf")

    def instances(self) -> list[Instance]:
        """All mammograms; asks the PACS for as much as is due.

        Raises:
            PacsError: no answer, or one that cannot be understood; what is known stays.
        """
        with self._one_at_a_time:
            started = self._clock()
            if started >= self._whole_due:
                counts = self._search.studies()
                self._studies_due = self._due_again(started)
                self._studies = self._list_all(counts)
                self._whole_due = max(self._due_again(started), self._clock() + _WHOLE_EVERY_S)
            elif started >= self._studies_due:
                counts = self._search.studies()
                uncounted = self._searches_whole and None in counts.values()
                self._studies = self._list_all(counts) if uncounted else self._changed(counts)
                self._studies_due = self._due_again(started)
            else:
                self._studies |= self._changed(self._search.studies(StudyDate=self._these_days()))
            return [instance for study in self._studies.values() for instance in study.instances]

    def _due_again(self, started: float) -> float:
        """When to do again what began at ``started`` and ends now; at once if it was quick."""
        now = self._clock()
        taken = now - started
        return now + _SHARE * taken if taken > _QUICK_S else now

    def _list_all(self, counts: Mapping[str, int | None]) -> dict[str, _Study]:
        found, surely_all = self._whole(_total(counts))
        complete = {
            uid: _Study(counts.get(uid), tuple(instances))
            for uid, instances in found.items()
            if surely_all or len(instances) == counts.get(uid)
        }
        return complete | self._asked({uid: count for uid, count in counts.items() if uid not in complete})

    def _whole(self, at_most: int | None) -> tuple[dict[str, list[Instance]], bool]:
        """The mammograms by study, in one search; none if the PACS refuses it (PS3.18 10.6: optional)."""
        by_study: dict[str, list[Instance]] = {}
        if not self._searches_whole:
            return by_study, True
        try:
            instances, surely_all = self._search.all_instances(at_most)
        except PacsRefusalError as error:
            if not error.is_of_the_request:
                raise
            _log.info("the PACS is searched study by study: %s", error)
            self._searches_whole = False
            return by_study, True
        for instance in instances:
            by_study.setdefault(instance.study_instance_uid, []).append(instance)
        return by_study, surely_all

    def _changed(self, counts: Mapping[str, int | None]) -> dict[str, _Study]:
        """The studies, each as it is known, or asked for if it is new or of another size than it was."""
        same = {
            uid: known
            for uid, count in counts.items()
            if (known := self._studies.get(uid)) is not None and count is not None and known.count == count
        }
        return same | self._asked({uid: count for uid, count in counts.items() if uid not in same})

    def _asked(self, counts: Mapping[str, int | None]) -> dict[str, _Study]:
        if not counts:
            return {}
        with ThreadPoolExecutor(min(_AT_ONCE, len(counts))) as pool:
            return dict(zip(counts, pool.map(self._ask, counts.items()), strict=True))

    def _ask(self, study: tuple[str, int | None]) -> _Study:
        uid, count = study
        try:
            return _Study(count, tuple(self._search.instances_of(uid, count)))
        except PacsRefusalError as error:
            if not error.is_of_the_request:
                raise
            _log.warning("the study %s is not up to date: %s", uid, error)  # the others go on
            known = self._studies.get(uid)
            return _Study(None, known.instances if known else ())

    def _these_days(self) -> str:
        """Yesterday to tomorrow, since clocks and time zones differ (PS3.4 C.2.2.2.5, range matching)."""
        days = (self._today() + timedelta(days=offset) for offset in (-1, 1))
        return "-".join(day.strftime("%Y%m%d") for day in days)


def _total(counts: Mapping[str, int | None]) -> int | None:
    """All instances of the studies; ``None`` if one is not counted."""
    known = [count for count in counts.values() if count is not None]
    return sum(known) if len(known) == len(counts) else None
