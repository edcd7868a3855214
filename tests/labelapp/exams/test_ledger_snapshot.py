from datetime import UTC, datetime
from pathlib import Path

import pytest

from mammolens.enums import Verdict
from mammolens.labelapp.exams.ledger_snapshot import LedgerFollower
from mammolens.review.decision import Decision
from mammolens.review.ledger import Ledger
from mammolens.review.policy import latest


def _decision(exam: str, verdict: Verdict = Verdict.NORMAL) -> Decision:
    return Decision(exam_id=exam, images=("1.2.1", "1.2.2"), verdict=verdict, reviewer="ada")


def test_nothing_is_read_twice(a_ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    followed, read_after, read = LedgerFollower(a_ledger, latest), [], a_ledger.chain
    monkeypatch.setattr(a_ledger, "chain", lambda after=0: read_after.append(after) or read(after))
    assert followed.now() is followed.now()
    a_ledger.append(_decision("e-1"))
    a_ledger.append(_decision("e-2"))
    before = followed.now()
    assert followed.now() is before
    other = before.of("e-2")
    a_ledger.append(_decision("e-1", Verdict.FINDING))
    after = followed.now()
    assert read_after == [0, 2]
    assert [entry.sequence for entry in after.entries] == [1, 2, 3]
    assert after.of("e-1").effective.verdict() is Verdict.FINDING
    assert before.of("e-1").effective.verdict() is Verdict.NORMAL
    assert after.of("e-2") is other


def test_what_another_process_appends_is_seen(a_ledger: Ledger) -> None:
    followed = LedgerFollower(a_ledger, latest)
    assert followed.now().of("e-1").entries == ()
    with Ledger.open(a_ledger.name) as theirs:
        theirs.append(_decision("e-1"))
    assert followed.now().of("e-1").effective.verdict() is Verdict.NORMAL
    assert followed.now().head == a_ledger.head()


@pytest.mark.parametrize("kept", [0, 1, 4])
def test_a_ledger_that_was_replaced_by_a_backup_is_read_anew(a_ledger: Ledger, tmp_path: Path, kept: int) -> None:
    followed = LedgerFollower(a_ledger, latest)
    for _ in range(3):
        a_ledger.append(_decision("e-1"))
    assert len(followed.now().entries) == 3
    with Ledger.open(tmp_path / "backup.sqlite") as backup:
        for _ in range(kept):
            backup.append(_decision("e-2"))
        followed._ledger = backup
        assert followed.now().head == backup.head()
        assert [entry.decision.exam_id for entry in followed.now().entries] == ["e-2"] * kept
        assert set(followed.now().exams) == ({"e-2"} if kept else set())


def test_the_last_decision_is_that_of_the_latest_time(a_ledger: Ledger) -> None:
    a_ledger.append(_decision("e-1"))
    old = Decision("e-1", ("1.2.1",), Verdict.FINDING, "ada", time=datetime(2020, 1, 1, tzinfo=UTC))
    a_ledger.append_all([old], historic=True)
    ours = LedgerFollower(a_ledger, latest).now().of("e-1")
    assert [one.verdict for one in ours.history] == [Verdict.FINDING, Verdict.NORMAL]
    assert ours.last() is ours.history[1]
    assert ours.last("1.2.1") is ours.history[1]
    assert ours.last("1.2.9") is None
    assert ours.images_of(old) == ("1.2.1",)
