"""The server against Orthanc: one item a SOP instance, however the views came in series."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import openjpeg.utils
import pydicom
import pytest

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.errors import PacsError
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.archive import Pacs

from ..patience import PATIENCE_S, until
from .conftest import TASK, Orthanc, Server, StartServer, assert_lies_over, share_inside_the_breast

pytestmark = pytest.mark.integration
SMALL = {"rows": 160, "columns": 128, "spacing": (1.6, 1.6)}


def write_exam(seed: int, folder: Path, *, one_series: bool = False) -> list[Path]:
    """Four small views of one phantom."""
    return write_phantom_exam(make_phantom_exam(seed, **SMALL), folder, one_series=one_series)


@pytest.fixture(scope="module")
def five_exams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files by UID: two women with all views in one series, three with one view a series."""
    folder = tmp_path_factory.mktemp("exams")
    files = [file for seed in range(5) for file in write_exam(seed, folder / str(seed), one_series=seed < 2)]
    return {str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID): file for file in files}


@pytest.fixture(scope="module")
def an_orthanc_with_five_exams_and_a_ct(
    an_orthanc: Orthanc, five_exams: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Orthanc:
    for file in five_exams.values():
        an_orthanc.store(file)
    ct = pydicom.dcmread(next(iter(five_exams.values())))
    ct.Modality, ct.SOPInstanceUID = "CT", pydicom.uid.generate_uid()
    ct.StudyInstanceUID, ct.SeriesInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    ct.file_meta.MediaStorageSOPInstanceUID = ct.SOPInstanceUID
    file = tmp_path_factory.mktemp("ct") / "ct.dcm"
    ct.save_as(file)
    an_orthanc.store(file)
    return an_orthanc


@pytest.fixture(scope="module")
def a_running_server(start_server: StartServer, an_orthanc_with_five_exams_and_a_ct: Orthanc) -> Server:
    return start_server(an_orthanc_with_five_exams_and_a_ct.dicomweb)


def test_every_mammogram_is_an_item_and_nothing_else_is(a_running_server: Server, five_exams: dict[str, Path]) -> None:
    assert set(a_running_server.images()) == set(five_exams)


def test_info_can_be_marked_before_the_image_was_downloaded(a_running_server: Server) -> None:
    image = a_running_server.images()[-1]
    assert "path" not in a_running_server.get(f"/datastore/image/info?image={image}").json()
    a_running_server.review(image, "finding")
    info = a_running_server.get(f"/datastore/image/info?image={image}").json()
    assert info["review"]["verdict"] == "finding"
    assert info["Modality"] == "MG"


def test_each_view_gets_its_own_map_in_its_own_geometry(
    a_running_server: Server, five_exams: dict[str, Path], tmp_path: Path
) -> None:
    for image, file in five_exams.items():
        heat = a_running_server.map(image, tmp_path, output_map="float", result_extension=".nii.gz")
        assert heat.GetSize()[2] == 1
        assert_lies_over(heat, file)
        assert share_inside_the_breast(heat, file) > 0.9


def test_a_study_in_two_series_and_a_jpeg_2000_image_are_analysed(
    a_running_server: Server, an_orthanc: Orthanc, tmp_path: Path
) -> None:
    files = write_exam(50, tmp_path)
    shared = pydicom.dcmread(files[0]).SeriesInstanceUID
    for number, file in enumerate(files[1:3]):
        dataset = pydicom.dcmread(file)
        dataset.SeriesInstanceUID = shared  # three views in one series, the fourth in its own
        if number == 0:
            as_jpeg_2000(dataset)
        dataset.save_as(file)
    for file in files:
        an_orthanc.store(file)
    uids = {str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID): file for file in files}
    until(lambda: set(uids) <= set(a_running_server.images()))
    for uid, file in uids.items():
        assert_lies_over(a_running_server.map(uid, tmp_path), file)
    assert len({round(a_running_server.record(uid)["exam_score"], 9) for uid in uids}) == 1
    info = a_running_server.get(f"/datastore/image/info?image={next(iter(uids))}").json()
    assert pydicom.dcmread(info["path"]).SeriesInstanceUID == shared
    compressed = a_running_server.get(f"/datastore/image/info?image={list(uids)[1]}").json()["path"]
    assert pydicom.dcmread(compressed).file_meta.TransferSyntaxUID == pydicom.uid.JPEG2000Lossless


def as_jpeg_2000(dataset: pydicom.Dataset) -> None:
    """Compress the one frame without loss (PS3.5 A.4.4)."""
    frame = openjpeg.utils.encode_array(
        dataset.pixel_array, bits_stored=dataset.BitsStored, photometric_interpretation=2
    )
    dataset.PixelData = pydicom.encaps.encapsulate([frame])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless


def test_laterality_and_view_are_known_before_the_image_is_fetched(
    a_running_server: Server, five_exams: dict[str, Path]
) -> None:
    for image, file in five_exams.items():
        info = a_running_server.get(f"/datastore/image/info?image={image}").json()
        header = pydicom.dcmread(file, stop_before_pixels=True)
        assert (info["ImageLaterality"], info["ViewPosition"]) == (header.ImageLaterality, header.ViewPosition)


def test_objects_are_stored_and_storing_them_again_is_fine(an_orthanc: Orthanc, tmp_path: Path) -> None:
    files = [pydicom.dcmread(file) for file in write_exam(60, tmp_path)]
    pacs = Pacs(PacsAccess(an_orthanc.dicomweb), {"Modality": "MG"})
    for _ in range(2):
        pacs.store(files)
    for file in files:
        found = pacs.find(file.SOPInstanceUID)
        assert found is not None
        pacs.fetch(found, tmp_path / "got.dcm")
        assert pydicom.dcmread(tmp_path / "got.dcm") == file


def test_what_orthanc_cannot_take_is_refused_with_a_reason(an_orthanc: Orthanc, tmp_path: Path) -> None:
    bad = pydicom.dcmread(write_exam(61, tmp_path)[0])
    del bad.StudyInstanceUID, bad.SeriesInstanceUID, bad.PatientID
    with pytest.raises(PacsError, match=r"refused 1 of 1|answers 4"):
        Pacs(PacsAccess(an_orthanc.dicomweb), {"Modality": "MG"}).store([bad])


def test_views_of_one_study_share_an_exam_score_in_either_kind_of_series(
    a_running_server: Server, five_exams: dict[str, Path]
) -> None:
    for woman in ("0", "4"):
        images = [image for image, file in five_exams.items() if file.parent.name == woman]
        records = [a_running_server.record(image) for image in images]
        assert len({round(record["exam_score"], 9) for record in records}) == 1
        assert {record["sop_instance_uid"] for record in records} == set(images)


def test_the_image_can_be_had_as_it_is_stored(
    a_running_server: Server, five_exams: dict[str, Path], tmp_path: Path
) -> None:
    image, file = next(iter(five_exams.items()))
    (tmp_path / "got.dcm").write_bytes(a_running_server.get(f"/datastore/image?image={image}").content)
    got, sent = pydicom.dcmread(tmp_path / "got.dcm"), pydicom.dcmread(file)
    assert got.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
    assert got == sent


def test_a_compressed_image_of_another_machine_is_analysed(
    a_running_server: Server, an_orthanc: Orthanc, development_data: Path, tmp_path: Path
) -> None:
    file = development_data / "dicom" / "GH133.dcm"
    header = pydicom.dcmread(file, stop_before_pixels=True)
    an_orthanc.store(file)
    until(lambda: header.SOPInstanceUID in a_running_server.images())
    assert_lies_over(a_running_server.map(str(header.SOPInstanceUID), tmp_path), file)
    (tmp_path / "got.dcm").write_bytes(a_running_server.get(f"/datastore/image?image={header.SOPInstanceUID}").content)
    got = pydicom.dcmread(tmp_path / "got.dcm", stop_before_pixels=True)
    assert got.file_meta.TransferSyntaxUID == header.file_meta.TransferSyntaxUID


def test_a_new_study_is_seen_within_seconds(a_running_server: Server, an_orthanc: Orthanc, tmp_path: Path) -> None:
    files = write_exam(99, tmp_path, one_series=True)
    new = {str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID) for file in files}
    assert not new & set(a_running_server.images())
    for file in files:
        an_orthanc.store(file)
    until(lambda: new <= set(a_running_server.images()))


def test_scoring_in_the_background_feeds_the_next_sample(a_running_server: Server) -> None:
    a_running_server.post("/scoring/anomaly", json={})
    assert a_running_server.finished("/scoring/")["status"] == "DONE"
    assert a_running_server.get("/info/").json()["datastore"]["scored"] == len(a_running_server.images())
    sample = a_running_server.post("/activelearning/most_anomalous", json={}).json()
    assert Path(sample["path"]).is_file()
    a_running_server.review(sample["id"], "poor_quality")
    assert a_running_server.post("/activelearning/most_anomalous", json={}).json()["id"] != sample["id"]


def test_accepted_normals_of_a_pacs_are_learned_from_and_the_new_model_serves_when_a_person_lets_it(
    a_running_server: Server, five_exams: dict[str, Path]
) -> None:
    for image in five_exams:
        a_running_server.review(image, "normal")
    before = a_running_server.record(image)["model"]
    a_running_server.post(f"/train/{TASK}", json={"epochs": 2, "from_scratch": True})
    status = a_running_server.finished("/train/")
    assert status["status"] == "DONE", status["details"]
    outcome = a_running_server.get("/mammolens/jobs").json()["jobs"][0]["outcome"]
    assert (outcome["serves"], status["details"][-1]) == (False, f"done: {outcome['reason']}")
    made = outcome["model"]
    assert a_running_server.record(image)["model"] == before != made
    answer = a_running_server.post(f"/mammolens/models/{made}/promote", json={"why": "five are all we have"})
    assert answer.status_code == 200, answer.text
    assert a_running_server.record(image)["model"] == made
    stats = a_running_server.get("/info/").json()["train_stats"][TASK]
    assert (stats["model"], stats["dataset"]["name"]) == (made, "accepted normals")


def test_ids_that_are_no_uids_meet_neither_disk_nor_pacs(a_running_server: Server) -> None:
    for image in ("../../etc/passwd", "1.2.03", "x.dcm"):
        answer = a_running_server.post(f"/infer/{TASK}?image={image}")
        assert answer.status_code == 400, answer.text
    assert a_running_server.post(f"/infer/{TASK}?image=1.2.3").status_code == 404


def test_the_proxy_shows_dicomweb_resources_and_nothing_else_of_the_pacs(a_running_server: Server) -> None:
    studies = a_running_server.get("/proxy/dicom/qido/studies?ModalitiesInStudy=MG&limit=100")
    assert studies.status_code == 200
    assert len(studies.json()) == len({str(study["0020000D"]["Value"]) for study in studies.json()}) >= 6
    for path in (
        "/proxy/dicom/wado/%2e%2e/system",
        "/proxy/dicom/%2e%2e/instances",
        "/proxy/dicom/servers",
        "/proxy/dicom/",
    ):
        connection = http.client.HTTPConnection(urlsplit(a_running_server.url).netloc, timeout=PATIENCE_S)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 400, path
        assert b"Orthanc" not in answer.read()
        connection.close()


def test_viewers_can_store_through_the_proxy(a_running_server: Server, tmp_path: Path) -> None:
    [file, *_] = write_exam(7, tmp_path)
    body = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + file.read_bytes() + b"\r\n--x--"
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
    answer = a_running_server.post("/proxy/dicom/stow/studies", data=body, headers=kind)
    assert answer.status_code == 200, answer.text


def test_a_pacs_that_goes_down_is_named_and_kept_images_still_open(
    a_running_server: Server, an_orthanc: Orthanc, five_exams: dict[str, Path]
) -> None:
    kept = next(iter(five_exams))
    an_orthanc.stop()
    before = len(a_running_server.images())
    until(lambda: "error" in a_running_server.get("/info/").json()["datastore"])  # it is tried a few times first
    info = a_running_server.get("/info/")
    assert "does not answer" in info.json()["datastore"]["error"]
    assert len(a_running_server.images()) == before  # the list is as it was
    assert info.json()["datastore"]["total"] == before > 0
    studies = a_running_server.get("/proxy/dicom/studies")
    assert studies.status_code == 503
    assert "the PACS does not answer" in studies.json()["detail"]
    assert a_running_server.record(kept, exam_scores=False)["sop_instance_uid"] == kept
    assert "Traceback" not in a_running_server.log.read_text(errors="replace")
