"""From an exam's inference to a storage SCP."""

from __future__ import annotations

from mammolens.access_audit.event import AuditEvent
from mammolens.dicom.sop_classes import RESULTS
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.delivery.courier import Courier
from mammolens.labelapp.delivery.dicom_results import DicomResults
from mammolens.labelapp.delivery.queue import DeliveryKind, DeliveryQueue
from mammolens.labelapp.dimse.sender import StorageSender
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.exam import Exams
from mammolens.labelapp.exams.exam_deliveries import ExamDeliveries
from mammolens.labelapp.exams.service import ExamService
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import DeliveredExams, ServerSettings
from mammolens.labelapp.webhook_settings import WebhookSettings

from ..conftest import NO_REPORTS
from ..storage_scp import storage_scp

WEBHOOK = WebhookSettings("https://ris.example.org/done", bytes(32))


def test_results_of_received_exams_arrive_once_however_often_they_are_sent(
    a_serving: ServingModel, a_folder_datastore: MammogramFolder, decisions: Decisions
) -> None:
    images, events = a_folder_datastore, list[AuditEvent]()
    queue = DeliveryQueue(images.place / "deliveries")
    with storage_scp() as scp:
        settings = ServerSettings(dimse_destination=scp.settings(), deliver=DeliveredExams.RECEIVED, webhook=WEBHOOK)
        deliver = ExamDeliveries(images, queue, settings, lambda name: "pseudonym", lambda: 1_800_000_000.0)
        service = ExamService(
            a_serving, Exams(images), images, decisions, NO_REPORTS, lambda work: work(), deliver=deliver
        )
        channel = DicomResults(StorageSender(scp.settings()), scp.settings(), images.results, events.append)
        clock = [1_800_000_000.0]
        courier = Courier(queue, {DeliveryKind.DICOM: channel}, 72, lambda: clock[0])
        copied, received = service.exams.all().values()
        images.update_image_info(received.image_ids[0], {InfoKey.RECEIVED.value: "MODALITY"})
        scp.answering = lambda dataset: 0xA700 if len(scp.stored) == 3 else 0x0000
        for exam in (copied, received):
            service.infer(exam)
        assert [one.exam for one in queue.waiting(DeliveryKind.DICOM)] == [received.exam_id]
        courier.look()
        [waiting] = queue.waiting(DeliveryKind.DICOM)
        assert len(waiting.stored) == 3
        scp.answering = lambda dataset: 0x0000
        clock[0] += 30
        courier.look()
    [told] = queue.waiting(DeliveryKind.WEBHOOK)  # which nobody delivers here
    assert told.done is not None
    assert (told.exam, told.done.study_instance_uid, told.done.study_pseudonym) == (received.exam_id, None, "pseudonym")
    assert (told.done.images, told.done.images_without_result) == (4, 0)
    entry = next(one for one in service.worklist.entries() if one.exam == received.exam_id)
    assert (told.done.score, told.done.category) == (entry.exam_decile, entry.exam_category)
    uids = [str(one.SOPInstanceUID) for one in scp.stored]
    assert len(uids) == len(set(uids)) == 4
    assert {one.SOPClassUID for one in scp.stored} <= set(RESULTS)
    assert queue.waiting(DeliveryKind.DICOM) == queue.failed(DeliveryKind.DICOM) == []
    assert [(one.exam, one.detail) for one in events] == [
        (received.exam_id, "C-STORE of 3 results"),
        (received.exam_id, "C-STORE of 1 results"),
    ]
    assert {one.patient for one in events} == {scp.stored[0].PatientID}
    images.results.drop(Of.EXAM, received.exam_id)
    queue.put(waiting)
    courier.look()
    assert "infer the exam again" in queue.failed(DeliveryKind.DICOM)[0].reasons
