from collections.abc import Iterator
from datetime import date

import pytest

from mammolens.errors import PacsError
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.listing import Listing
from mammolens.labelapp.pacs.search import Search

from ...patience import PATIENCE_S
from .fake_pacs import Answer, FakePacs, attribute, served


class Clock:
    """Goes on by itself as if each look at it took ``step`` seconds."""

    def __init__(self) -> None:
        self.now, self.step = 0.0, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def a_fake_pacs() -> Iterator[FakePacs]:
    with served(FakePacs()) as pacs:
        for number in range(3):
            pacs.add_study(f"1.2.{number}")
        yield pacs


@pytest.fixture
def a_clock() -> Clock:
    return Clock()


@pytest.fixture
def a_listing(a_fake_pacs: FakePacs, a_clock: Clock) -> Listing:
    search = Search(PacsAccess(a_fake_pacs.url, seconds=PATIENCE_S), {"Modality": "MG"})
    return Listing(search, clock=a_clock, today=lambda: date(2026, 3, 1))


def studies_in(listing: Listing) -> dict[str, int]:
    uids = [instance.study_instance_uid for instance in listing.instances()]
    return {uid: uids.count(uid) for uid in uids}


ALL = {"1.2.0": 4, "1.2.1": 4, "1.2.2": 4}


def test_the_first_time_the_whole_is_asked_for(a_listing: Listing, a_fake_pacs: FakePacs) -> None:
    assert studies_in(a_listing) == ALL
    assert set(a_fake_pacs.paths()) == {"/studies", "/instances"}


def test_afterwards_only_studies_are_and_what_changed_in_them(a_listing: Listing, a_fake_pacs: FakePacs) -> None:
    a_listing.instances()
    a_fake_pacs.asked.clear()
    assert studies_in(a_listing) == ALL
    assert set(a_fake_pacs.paths()) == {"/studies"}
    a_fake_pacs.add_study("1.2.3")
    a_fake_pacs.add_study("1.2.1", views=2)
    del a_fake_pacs.studies["1.2.0"]
    a_fake_pacs.asked.clear()
    assert studies_in(a_listing) == {"1.2.1": 2, "1.2.2": 4, "1.2.3": 4}
    assert set(a_fake_pacs.paths()) == {"/studies", "/studies/1.2.1/instances", "/studies/1.2.3/instances"}


def test_once_an_hour_the_whole_is_asked_for_again(a_listing: Listing, a_fake_pacs: FakePacs, a_clock: Clock) -> None:
    a_listing.instances()
    a_fake_pacs.studies["1.2.0"][0]["00080018"] = attribute("UI", "1.2.0.77")  # as many as before
    assert "1.2.0.77" not in [instance.sop_instance_uid for instance in a_listing.instances()]
    a_clock.now += 3601
    assert "1.2.0.77" in [instance.sop_instance_uid for instance in a_listing.instances()]


def test_where_studies_take_long_mostly_those_of_these_days_are_asked_for(
    a_listing: Listing, a_fake_pacs: FakePacs, a_clock: Clock
) -> None:
    a_clock.step = 3.0
    a_listing.instances()
    a_clock.step = 0.0
    a_fake_pacs.add_study("1.2.3", day="20260301")
    a_fake_pacs.add_study("1.2.4", day="20251231")
    a_fake_pacs.asked.clear()
    assert studies_in(a_listing) == {**ALL, "1.2.3": 4}
    assert a_fake_pacs.asked[0].query["StudyDate"] == ["20260228-20260302"]
    assert set(a_fake_pacs.paths()) == {"/studies", "/studies/1.2.3/instances"}
    a_clock.now += 61
    assert studies_in(a_listing) == {**ALL, "1.2.3": 4, "1.2.4": 4}


def test_a_server_that_searches_within_studies_only_is_read_study_by_study(
    a_listing: Listing, a_fake_pacs: FakePacs, a_clock: Clock
) -> None:
    a_fake_pacs.refuses_whole = True
    assert studies_in(a_listing) == ALL
    a_clock.now += 3601
    a_listing.instances()
    assert a_fake_pacs.paths().count("/instances") == 1


def test_a_server_that_cuts_the_whole_short_is_read_study_by_study_from_there(
    a_listing: Listing, a_fake_pacs: FakePacs
) -> None:
    a_fake_pacs.knows_offset, a_fake_pacs.cap = False, 6
    assert studies_in(a_listing) == ALL
    assert "/studies/1.2.0/instances" not in a_fake_pacs.paths()


def test_a_server_that_counts_nothing_is_asked_for_the_whole_again(a_listing: Listing, a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.tells_counts = False
    a_listing.instances()
    a_fake_pacs.studies["1.2.1"].pop()
    assert studies_in(a_listing) == {**ALL, "1.2.1": 3}


def test_one_study_that_the_pacs_cannot_search_hides_no_other_and_is_asked_for_again(
    a_listing: Listing, a_fake_pacs: FakePacs
) -> None:
    a_listing.instances()
    a_fake_pacs.add_study("1.2.3")
    found = [Answer(body=a_fake_pacs.answer(asked).body) for asked in a_fake_pacs.asked[:2]]
    a_fake_pacs.next_answers = [*found, Answer(500)]
    assert studies_in(a_listing) == ALL
    assert studies_in(a_listing) == {**ALL, "1.2.3": 4}


def test_a_pacs_that_goes_away_leaves_what_is_known(a_listing: Listing, a_fake_pacs: FakePacs) -> None:
    a_listing.instances()
    a_fake_pacs.next_answers = [Answer(500)]
    with pytest.raises(PacsError):
        a_listing.instances()
    a_fake_pacs.asked.clear()
    assert studies_in(a_listing) == ALL
    assert set(a_fake_pacs.paths()) == {"/studies"}
