"""`--conf results_days`: which results go, when, and what stays."""

from __future__ import annotations

import os
from contextlib import nullcontext

from mammolens.access_audit.event import AuditEvent
from mammolens.diagnostics.results import Status
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.result_retention import ResultRetention
from mammolens.labelapp.expiring_results import check_expiring
from mammolens.labelapp.keys import InfoKey

NOW, DAY = 1_800_000_000.0, 24 * 3600.0


def _store(images: MammogramFolder, exam: Exam, written_at: float) -> None:
    for of, name in [(Of.EXAM, exam.exam_id), *((Of.IMAGE, image_id) for image_id in exam.image_ids)]:
        images.results.put(of, name, "f", {}, {})
        os.utime(images.place / "results" / of / name / "result.json", (written_at, written_at))
    images.update_image_infos({one: {InfoKey.FINGERPRINT: "f", InfoKey.P_VALUE: 0.5} for one in exam.image_ids})


def test_results_go_after_their_days_first_the_exams_and_scores_stay(a_folder_datastore: MammogramFolder) -> None:
    exams = Exams(a_folder_datastore, seconds=0)
    old, young = exams.all().values()
    _store(a_folder_datastore, old, NOW - 30 * DAY - 60)
    _store(a_folder_datastore, young, NOW - 30 * DAY + 60)
    events, clock = list[AuditEvent](), [NOW]
    results = a_folder_datastore.results
    retention = ResultRetention(exams, a_folder_datastore, 30, lambda _: nullcontext(), events.append, lambda: clock[0])
    (check,) = check_expiring(a_folder_datastore.place, 30, NOW)
    assert (check.status, check.detail) == (
        Status.WARNING,
        "results of 1 exams and 4 images are older than 30 days and would be removed",
    )
    retention.look()
    assert [results.has(Of.EXAM, one.exam_id) for one in (old, young)] == [False, True]
    assert all(results.has(Of.IMAGE, image_id) for image_id in old.image_ids)
    info = a_folder_datastore.get_image_info(old.image_ids[0])
    assert (info[InfoKey.FINGERPRINT], info[InfoKey.P_VALUE]) == (None, 0.5)
    clock[0] += 3600
    retention.look()
    retention.look()
    assert not any(results.has(Of.IMAGE, image_id) for image_id in old.image_ids)
    assert all(results.has(Of.IMAGE, image_id) for image_id in young.image_ids)
    assert [event.detail for event in events] == [
        "results of 1 exams and 0 images removed after 30 days",
        "results of 1 exams and 4 images removed after 30 days",
    ]
    assert [check.status for check in check_expiring(a_folder_datastore.place, 31, NOW)] == [Status.OK]
    assert list(check_expiring(a_folder_datastore.place, None, NOW)) == []


def test_a_result_that_is_replaced_meanwhile_stays(a_folder_datastore: MammogramFolder) -> None:
    exams = Exams(a_folder_datastore, seconds=0)
    exam = next(iter(exams.all().values()))
    _store(a_folder_datastore, exam, NOW - 31 * DAY)

    def inferred(_: object) -> nullcontext[None]:
        _store(a_folder_datastore, exam, NOW)
        return nullcontext()

    ResultRetention(exams, a_folder_datastore, 30, inferred, lambda event: None, lambda: NOW).look()
    assert a_folder_datastore.results.has(Of.EXAM, exam.exam_id)
    assert a_folder_datastore.get_image_info(exam.image_ids[0])[InfoKey.FINGERPRINT] == "f"
