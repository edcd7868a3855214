import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mammolens.enums import Verdict
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.reading import old_marks
from mammolens.labelapp.reading.decisions import Decisions, Order
from mammolens.labelapp.reading.exams import Exam, Exams
from mammolens.labelapp.reading.old_marks import import_old_marks
from mammolens.review.decision import Origin
from mammolens.review.ledger import Ledger

DAY = 1_760_000_000


def _mark(verdict: str, number: str, seconds: int, **more: Any) -> dict[str, Any]:
    return {"verdict": verdict, "decision": number, "user": "ada", "ts": DAY + seconds, "model": "m-1", **more}


def _write(datastore: MammogramFolder, marks: Mapping[str, list[dict[str, Any]]]) -> None:
    """As versions before the ledger did."""
    with datastore.writing() as objects:
        for image_id, ours in marks.items():
            known = objects[image_id]
            info = {**known.image.info, "p_value": 0.5, "review": ours[-1], "reviews": ours}
            objects[image_id] = known.model_copy(update={"image": known.image.model_copy(update={"info": info})})


@pytest.fixture
def an_exam(a_folder_datastore: MammogramFolder) -> Exam:
    return next(iter(Exams(a_folder_datastore).all().values()))


def test_decisions_of_old_keep_who_when_what_and_where(
    a_folder_datastore: MammogramFolder, a_ledger: Ledger, decisions: Decisions, an_exam: Exam
) -> None:
    first, second, third, fourth = an_exam.image_ids
    both = _mark("finding", "n1", 5, comment="upper outer", viewer="OHIF", exam_p_value=0.03)
    plain = {"status": "normal", "user": "grace", "ts": DAY}  # the oldest marks have no number
    _write(
        a_folder_datastore,
        {
            first: [plain, {**both, "regions": [[[1, 2], [3, 4]], "nonsense"]}],
            second: [{**both, "regions": []}],
            third: [_mark("normal", "n2", 9)],
            fourth: [_mark("normal", "n3", 9)],
        },
    )
    assert import_old_marks(a_folder_datastore, a_ledger) == 4
    old, finding, *_ = decisions.history(an_exam)
    assert (old.verdict, old.reviewer, old.images) == (Verdict.NORMAL, "grace", an_exam.sop_instance_uids[:1])
    assert set(finding.images) == set(an_exam.sop_instance_uids[:2])
    assert (finding.reviewer, finding.comment, finding.viewer) == ("ada", "upper outer", "OHIF")
    assert (finding.model, finding.exam_p_value, finding.time.timestamp()) == ("m-1", 0.03, DAY + 5)
    assert [(one.image, one.points) for one in finding.regions] == [
        (an_exam.sop_instance_uids[0], ((1.0, 2.0), (3.0, 4.0)))
    ]
    assert {one.origin for one in decisions.history(an_exam)} == {Origin.IMPORT}
    assert decisions.verdict(an_exam) is Verdict.FINDING


def test_what_was_undone_stays_undone(
    a_folder_datastore: MammogramFolder, a_ledger: Ledger, decisions: Decisions, an_exam: Exam
) -> None:
    normal, finding = _mark("normal", "n1", 0), _mark("finding", "n2", 0)
    undo = {"verdict": "normal", "decision": "n3", "undoes": "n2", "user": "grace", "ts": DAY}
    emptied = {"decision": "n4", "user": "client", "ts": DAY + 1, "model": None}
    marks = {key: [normal, finding, undo] for key in an_exam.image_ids}
    _write(a_folder_datastore, {**marks, an_exam.image_ids[0]: [normal, finding, undo, emptied, emptied]})
    assert import_old_marks(a_folder_datastore, a_ledger) == 4
    ours = decisions.of(an_exam)
    assert [(one.verdict, len(ours.images_of(one))) for one in ours.told] == [
        (Verdict.NORMAL, 3),
        (Verdict.FINDING, 0),
    ]
    assert decisions.verdict(an_exam) is None


def test_marks_are_imported_once_and_leave_the_infos(
    a_folder_datastore: MammogramFolder, a_ledger: Ledger, decisions: Decisions, an_exam: Exam
) -> None:
    _write(a_folder_datastore, {key: [_mark("normal", "n1", 0)] for key in an_exam.image_ids})
    assert import_old_marks(a_folder_datastore, a_ledger) == 1
    info = a_folder_datastore.get_image_info(an_exam.image_ids[0])
    assert info["p_value"] == 0.5
    assert not {"review", "reviews"} & info.keys()
    decisions.undo(an_exam, "grace")
    assert import_old_marks(a_folder_datastore, a_ledger) == 0
    assert decisions.verdict(an_exam) is None


def test_a_server_that_is_killed_before_the_marks_are_forgotten_imports_nothing_twice(
    a_folder_datastore: MammogramFolder,
    a_ledger: Ledger,
    decisions: Decisions,
    an_exam: Exam,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _write(
        a_folder_datastore, {key: [_mark("normal", "n1", 0), _mark("finding", "n2", 1)] for key in an_exam.image_ids}
    )
    with monkeypatch.context() as killed:
        killed.setattr(old_marks, "_forget", lambda *_: None)
        import_old_marks(a_folder_datastore, a_ledger)
    decisions.decide(an_exam, Order(Verdict.NORMAL, "ada"))
    assert import_old_marks(a_folder_datastore, a_ledger) == 0
    assert decisions.verdict(an_exam) is Verdict.NORMAL
    assert len(decisions.history(an_exam)) == 3


def test_marks_of_an_image_that_is_away_wait_for_it(
    a_folder_datastore: MammogramFolder, a_ledger: Ledger, decisions: Decisions, an_exam: Exam
) -> None:
    away = Path(a_folder_datastore.get_image_uri(an_exam.image_ids[0]))
    _write(a_folder_datastore, {key: [_mark("normal", "n1", 0)] for key in an_exam.image_ids})
    away.rename(away.with_suffix(".away"))
    assert import_old_marks(a_folder_datastore, a_ledger) == 1
    assert decisions.verdict(an_exam) is None
    away.with_suffix(".away").rename(away)
    assert import_old_marks(a_folder_datastore, a_ledger) == 1
    assert decisions.verdict(an_exam) is Verdict.NORMAL


@pytest.mark.parametrize("odd", [{"verdict": ["normal"]}, {"verdict": "maybe", "user": 5}, {"regions": 5}, {}])
def test_a_mark_that_counted_for_nothing_is_dropped(
    a_folder_datastore: MammogramFolder, a_ledger: Ledger, an_exam: Exam, odd: dict[str, Any]
) -> None:
    _write(a_folder_datastore, {an_exam.image_ids[0]: [odd]})
    assert import_old_marks(a_folder_datastore, a_ledger) == 0
    state = json.loads(Path(a_folder_datastore._datastore_config_path).read_text())
    assert "reviews" not in state["objects"][an_exam.image_ids[0]]["image"]["info"]


def test_odd_values_of_other_clients_are_made_to_fit(
    a_folder_datastore: MammogramFolder, a_ledger: Ledger, decisions: Decisions, an_exam: Exam
) -> None:
    odd = {"verdict": "normal", "user": "a" * 300, "ts": 9e12, "exam_p_value": 7.0, "comment": "c" * 3000, "model": 5}
    _write(a_folder_datastore, {an_exam.image_ids[0]: [odd]})
    assert import_old_marks(a_folder_datastore, a_ledger) == 1
    (told,) = decisions.history(an_exam)
    assert (len(told.reviewer), len(told.comment), told.exam_p_value, told.model) == (128, 2000, None, "5")
