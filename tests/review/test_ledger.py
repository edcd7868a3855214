from __future__ import annotations

import itertools
import os
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from mammolens.enums import BiradsCategory, FindingType, Verdict
from mammolens.errors import LedgerError, RequestError
from mammolens.review.audit import FaultKind
from mammolens.review.chain import GENESIS, Head
from mammolens.review.decision import Origin, Region
from mammolens.review.ledger import Ledger
from mammolens.review.policy import two_readers

from ..patience import PATIENCE_S
from .conftest import NOON, WRITER, decision, tampering, undo


def test_a_decision_comes_back_as_it_was_given(a_ledger):
    given = decision(
        comment='upper outer, "quoted"\r\nsecond line \u2013 \U0001f600\t',
        verdict=Verdict.FINDING,
        regions=(Region("1.2.2", ((0.1, -0.0), (30, 1e-300), (30, 40)), FindingType.MASS, BiradsCategory.BENIGN),),
        model="restorer-1234",
        calibration="abcd",
        exam_p_value=0.1 + 0.2,
        exam_score=-3.3333333333333335,
        viewer="OHIF",
        origin=Origin.MONAI_LABEL,
    )
    entry = a_ledger.append(given)
    assert entry.decision == given
    assert a_ledger.history("e-1") == [entry]
    assert a_ledger.get(given.decision_id) == entry
    assert list(a_ledger.all()) == [entry]


def test_an_empty_ledger_is_intact_and_its_head_is_the_beginning(a_ledger):
    assert a_ledger.head() == Head(0, GENESIS)
    assert a_ledger.audit().is_intact
    assert a_ledger.history("e-1") == []
    assert a_ledger.get(uuid.uuid4()) is None


def test_entries_are_counted_and_tied_to_each_other(a_ledger):
    first, second = a_ledger.append(decision()), a_ledger.append(decision(reviewer="berta"))
    assert (first.sequence, second.sequence) == (1, 2)
    assert second.previous_hash == first.hash
    assert a_ledger.head() == second.head


def test_it_is_there_after_it_was_opened_again(where):
    with Ledger.open(where) as ledger:
        entry = ledger.append(decision())
    with Ledger.open(where, create=False) as ledger:
        assert ledger.history("e-1") == [entry]
        assert ledger.audit(entry.head).is_intact


def test_who_tries_again_is_not_kept_twice_and_gets_the_first_entry(a_ledger):
    first = a_ledger.append(decision(decision_id=uuid.UUID(int=1)))
    again = decision(decision_id=uuid.UUID(int=1), model="swapped-meanwhile", exam_p_value=0.5)
    assert a_ledger.append(again) == first
    assert a_ledger.head() == first.head


def test_another_decision_of_the_same_id_is_refused(a_ledger):
    first = a_ledger.append(decision())
    with pytest.raises(RequestError, match="a different decision with this id; use a new id"):
        a_ledger.append(decision(decision_id=first.decision.decision_id, verdict=Verdict.FINDING))
    assert a_ledger.head() == first.head


def test_two_annotators_on_one_exam_are_both_kept_and_the_policy_decides(a_ledger):
    a_ledger.append(decision(reviewer="anna", verdict=Verdict.NORMAL))
    a_ledger.append(decision(reviewer="berta", verdict=Verdict.FINDING))
    assert [entry.decision.reviewer for entry in a_ledger.history("e-1")] == ["anna", "berta"]
    assert a_ledger.current("e-1").verdict() is Verdict.FINDING
    assert a_ledger.current("e-1", two_readers).verdict() is None
    a_ledger.append(decision(reviewer="anna", verdict=Verdict.FINDING))
    assert a_ledger.current("e-1", two_readers).verdict() is Verdict.FINDING


def test_an_undo_is_an_entry_and_what_was_before_counts_again(a_ledger):
    a_ledger.append(decision(verdict=Verdict.NORMAL))
    last = a_ledger.append(decision(verdict=Verdict.FINDING))
    a_ledger.append(undo(last.decision))
    assert len(a_ledger.history("e-1")) == 3
    assert a_ledger.current("e-1").verdict() is Verdict.NORMAL


def test_an_undo_of_what_does_not_count_is_refused(a_ledger):
    taken = a_ledger.append(decision()).decision
    with pytest.raises(RequestError, match="is not a decision on this exam"):
        a_ledger.append(undo(decision()))
    with pytest.raises(RequestError, match="is not a decision on this exam"):
        a_ledger.append(undo(taken, exam_id="e-2"))
    with pytest.raises(RequestError, match="does not count for image 1.2.9"):
        a_ledger.append(undo(taken, images=("1.2.1", "1.2.9")))
    first = a_ledger.append(undo(taken))
    with pytest.raises(RequestError, match="does not count for image 1.2.1"):
        a_ledger.append(undo(taken))
    with pytest.raises(RequestError, match="is not a decision on this exam"):
        a_ledger.append(undo(first.decision))
    assert a_ledger.append(first.decision) == first  # another try of the undo itself


def test_what_is_decided_last_counts_though_the_clock_went_back(a_ledger):
    a_ledger.append(decision(verdict=Verdict.FINDING, time=NOON))
    later = a_ledger.append(decision(verdict=Verdict.NORMAL, time=NOON - timedelta(minutes=3)))
    assert later.decision.time == NOON
    assert a_ledger.current("e-1").verdict() is Verdict.NORMAL


def test_of_several_all_or_none_are_kept(a_ledger):
    known = a_ledger.append(decision()).decision
    with pytest.raises(RequestError):
        a_ledger.append_all([decision(), decision(decision_id=known.decision_id, comment="other")])
    assert a_ledger.head().sequence == 1
    done = a_ledger.append_all([decision(), known, decision()])
    assert done.added == 2
    assert [entry.sequence for entry in done.entries] == [2, 1, 3]


@pytest.mark.parametrize("statement", ["UPDATE decisions SET comment = 'x'", "DELETE FROM decisions"])
def test_the_database_itself_refuses_to_change_an_entry(a_ledger, statement):
    a_ledger.append(decision())
    with pytest.raises(LedgerError, match="entries are never changed"), a_ledger._database.writing() as connection:
        connection.exec_driver_sql(statement)
    assert a_ledger.audit().entries == 1


def test_an_audit_names_the_entry_that_somebody_changed(a_ledger):
    entries = a_ledger.append_all([decision(comment=str(number)) for number in range(5)]).entries
    with tampering(a_ledger) as connection:
        connection.exec_driver_sql("UPDATE decisions SET verdict = 'finding' WHERE sequence = 3")
    fault = a_ledger.audit().fault
    assert (fault.kind, fault.sequence) == (FaultKind.CHANGED, 3)
    assert fault.decision_id == str(entries[2].decision.decision_id)


def test_an_audit_names_the_entry_that_somebody_removed(a_ledger):
    a_ledger.append_all([decision() for _ in range(5)])
    with tampering(a_ledger) as connection:
        connection.exec_driver_sql("DELETE FROM decisions WHERE sequence = 2")
    fault = a_ledger.audit().fault
    assert (fault.kind, fault.sequence) == (FaultKind.REMOVED, 2)


def test_an_audit_sees_an_entry_that_was_put_before_the_first(a_ledger):
    a_ledger.append(decision())
    with tampering(a_ledger) as connection:
        columns = "exam_id, images, reviewer, time, comment, regions, viewer, origin, previous_hash, hash"
        connection.exec_driver_sql(
            f"INSERT INTO decisions (sequence, decision_id, {columns}) SELECT -5, 'x', {columns} FROM decisions"  # noqa: S608
        )
    fault = a_ledger.audit().fault
    assert (fault.kind, fault.sequence) == (FaultKind.INSERTED, -5)


def test_an_end_that_was_cut_off_is_seen_by_a_head_that_was_kept(a_ledger):
    a_ledger.append_all([decision() for _ in range(5)])
    kept = a_ledger.head()
    with tampering(a_ledger) as connection:
        connection.exec_driver_sql("DELETE FROM decisions WHERE sequence > 3")
    Path(f"{a_ledger.name}.head").unlink(missing_ok=True)
    assert a_ledger.audit().is_intact
    fault = a_ledger.audit(kept).fault
    assert (fault.kind, fault.sequence) == (FaultKind.CUT_OFF, 4)


def test_an_entry_that_holds_no_decision_any_more_is_told(a_ledger):
    a_ledger.append(decision())
    with tampering(a_ledger) as connection:
        connection.exec_driver_sql("UPDATE decisions SET verdict = 'perhaps'")
    with pytest.raises(LedgerError, match="entry 1 of the decision ledger: was changed .*; run 'mammolens decisions"):
        a_ledger.history("e-1")


def test_pages_hold_every_entry_once(a_file_ledger, monkeypatch):
    monkeypatch.setattr("mammolens.review.ledger._PAGE", 3)
    a_file_ledger.append_all([decision() for _ in range(9)])
    assert [entry.sequence for entry in a_file_ledger.all()] == list(range(1, 10))
    assert [entry.sequence for entry in a_file_ledger.all(after=7)] == [8, 9]
    assert a_file_ledger.audit().entries == 9


def test_readers_go_on_while_somebody_writes(a_ledger):
    a_ledger.append(decision())

    def slowly():
        yield decision()
        assert len(a_ledger.history("e-1")) == 1
        yield decision()

    assert a_ledger.append_all(slowly()).added == 2


@pytest.mark.slow
def test_of_twenty_writers_in_processes_and_threads_no_decision_is_lost_or_kept_twice(where, fork_server):
    processes, threads, count = 4, 5, 15
    running = [
        fork_server.start(WRITER, where, "share", str(writer), str(threads), str(count)) for writer in range(processes)
    ]
    for process in running:
        _, trouble = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, trouble
    with Ledger.open(where, create=False) as ledger:
        kept = [entry.decision for entry in ledger.all()]
        expected = set(itertools.product((f"reviewer-{one}" for one in range(10)), range(count)))
        assert len(kept) == len(expected)
        assert {(one.reviewer, int(one.images[0].rpartition(".")[2])) for one in kept} == expected
        assert ledger.audit().is_intact


@pytest.mark.slow
@pytest.mark.usefixtures("patient_writers")
def test_of_the_decisions_of_twenty_annotators_none_is_lost_or_kept_twice(a_ledger):
    """By hand: ``MAMMOLENS_DECISIONS=10000`` for as many."""
    size = int(os.environ.get("MAMMOLENS_DECISIONS", "2000")) // 100  # of a batch

    def annotate(annotator):
        for batch in range(5):
            decisions = [
                decision(exam_id=f"e-{annotator}-{batch}-{number}", images=(f"1.{annotator}.{batch}.{number}",))
                for number in range(size)
            ]
            assert a_ledger.append_all(decisions).added == size
            assert a_ledger.append(decisions[size // 2]).decision == decisions[size // 2]

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(annotate, range(20)))
    exams = [entry.decision.exam_id for entry in a_ledger.all()]
    assert len(exams) == len(set(exams)) == 100 * size
    audit = a_ledger.audit()
    assert audit.is_intact
    assert audit.head == a_ledger.head() == Head(100 * size, a_ledger.head().hash)


@pytest.mark.slow
def test_a_writer_may_be_killed_at_any_moment(where, fork_server):
    moments = random.Random(20260131)
    confirmed = []
    for _ in range(8):
        writer = fork_server.start(WRITER, where, "endless")
        assert writer.stdout.readline() == "ready\n"
        confirmed += [writer.stdout.readline().strip() for _ in range(moments.randrange(2, 20))]
        time.sleep(moments.uniform(0, 0.05))  # anywhere within the next ones
        writer.kill()
        confirmed += [line.strip() for line in writer.stdout if line.endswith("\n")]
        writer.wait()
        with Ledger.open(where, create=False) as ledger:
            kept = [str(entry.decision.decision_id) for entry in ledger.all()]
            assert ledger.audit().is_intact
            assert set(confirmed) <= set(kept)
            assert len(kept) == len(set(kept))
            assert ledger.append(decision()).sequence == len(kept) + 1


def test_errors_of_the_database_never_leave_raw(a_ledger):
    with pytest.raises(LedgerError, match="the database reports") as caught, a_ledger._database.reading() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")
    assert isinstance(caught.value.__cause__, DBAPIError)
