"""Exams of a patient's earlier days, over a folder and over a PACS."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pydicom
import pytest

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.enums import Laterality, QualityFlag, ViewPosition
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.priors import prior_cautions, priors_among
from mammolens.labelapp.exams.service import ExamService
from mammolens.labelapp.pacs.archive import Instance
from mammolens.labelapp.serving import ServingModel

from ..conftest import NO_REPORTS, PATTERNS, PacsStandIn


def an_exam(name: str, day: date | None, *doubts: QualityFlag) -> Exam:
    image = ImageDescription(name, ("p", name), name, study_date=day, identity_doubts=doubts)
    return Exam(name, "p", (image,))


def test_earlier_days_are_priors_and_neither_the_same_day_nor_one_without_a_date_is() -> None:
    current = an_exam("now", date(2024, 3, 1))
    others = [
        an_exam("undated", None),
        an_exam("same day", date(2024, 3, 1)),
        an_exam("first", date(2020, 3, 1)),
        an_exam("last", date(2022, 3, 1)),
        an_exam("later", date(2026, 3, 1)),
    ]
    assert [prior.exam_id for prior in priors_among(others, current)] == ["last", "first"]
    assert prior_cautions(others, current) == ["1 other exam of this patient has no date and cannot be compared."]
    assert prior_cautions(others[1:], current) == []


def test_an_exam_without_a_date_has_no_priors_and_says_so() -> None:
    current, other = an_exam("now", None), an_exam("other", date(2020, 1, 1))
    assert priors_among([other], current) == []
    assert prior_cautions([other], current)[0].startswith("This exam has no date")
    assert prior_cautions([], current) == []


def test_priors_that_may_be_of_another_person_are_doubted() -> None:
    current = an_exam("now", date(2024, 1, 1), QualityFlag.PATIENT_ID_OF_SEVERAL_ISSUERS)
    other = an_exam("other", date(2020, 1, 1), QualityFlag.PATIENT_ID_OF_SEVERAL_ISSUERS)
    assert "another person" in prior_cautions([other], current)[0]


@pytest.fixture
def a_folder_of_visits(tmp_path: Path) -> Path:
    """One woman's first visit, of which the left MLO is missing, and her second; and another woman's only one."""
    for seed, visit in ((3, 0), (3, 1), (4, 0)):
        exam = make_phantom_exam(seed, rows=96, columns=80, spacing=(2.6, 2.6), visit=visit)
        write_phantom_exam(exam, tmp_path / "visits" / f"{seed}-{visit}")
    (tmp_path / "visits" / "3-0" / "L_MLO.dcm").unlink()
    return tmp_path / "visits"


class APacs(PacsStandIn):
    """Its answers to searches name day, side and view."""

    def instances(self) -> list[Instance]:
        headers = {
            str(header.SOPInstanceUID): header
            for path in self.folder.rglob("*.dcm")
            if (header := pydicom.dcmread(path, stop_before_pixels=True))
        }
        keywords = ("StudyDate", "ImageLaterality", "ViewPosition")
        return [
            replace(
                one,
                attributes={
                    **one.attributes,
                    **{keyword: str(headers[one.sop_instance_uid][keyword].value) for keyword in keywords},
                },
            )
            for one in super().instances()
        ]


@pytest.fixture(params=["folder", "PACS"])
def images(request: pytest.FixtureRequest, a_folder_of_visits: Path, tmp_path: Path) -> ExamImages:
    if request.param == "folder":
        return MammogramFolder(a_folder_of_visits, PATTERNS, rescan_seconds=0)
    return MammogramDicomWeb(APacs(a_folder_of_visits), tmp_path / "cache", expiry_seconds=0)


@pytest.mark.slow
def test_an_exam_has_the_matching_images_of_its_priors(
    images: ExamImages, a_serving: ServingModel, decisions: Decisions
) -> None:
    service = ExamService(a_serving, Exams(images), images, decisions, NO_REPORTS, lambda work: work())
    entries = {(entry.patient, str(entry.study_date)): entry for entry in service.worklist.entries()}
    assert {key: entry.prior_exams for key, entry in entries.items()} == {
        ("PHANTOM-3", "2020-01-01"): 0,
        ("PHANTOM-3", "2022-01-01"): 1,
        ("PHANTOM-4", "2020-01-01"): 0,
    }
    current = service.exams.get(entries["PHANTOM-3", "2022-01-01"].exam)
    first = service.exams.get(entries["PHANTOM-3", "2020-01-01"].exam)
    detail = service.detail(current)
    (prior,) = detail.priors
    assert (prior.exam, prior.study_date, prior.state, prior.exam_decile) == (
        first.exam_id, date(2020, 1, 1), "new", None,
    )  # fmt: skip
    assert prior.unmatched == ["L MLO"]
    sides = {image.image_id: (image.laterality, image.view) for image in (*current.images, *first.images)}
    assert [sides[one.current] for one in prior.views] == [sides[one.image] for one in prior.views]
    assert [one.name for one in prior.views] == ["R CC", "L CC", "R MLO"]
    assert sides[prior.views[0].image] == (Laterality.RIGHT, ViewPosition.CC)
    assert service.detail(first).priors == []

    service.infer(first)
    (prior,) = service.detail(current).priors
    assert prior.state == "done"
    assert prior.score_text == service.detail(first).score_text
    assert all(one.segmentation for one in prior.views)

    service.infer(current)
    detail = service.detail(current)
    told = {view.name: {one.prior.status for one in view.findings if one.prior} for view in detail.views_in_detail}
    assert told.pop("L MLO") <= {"not_comparable"}
    assert set().union(*told.values()) <= {"new", "seen"}
    assert all(one.prior is None for view in service.detail(first).views_in_detail for one in view.findings)


def test_a_new_prior_is_counted_at_once(
    a_folder_of_visits: Path, a_serving: ServingModel, decisions: Decisions
) -> None:
    images = MammogramFolder(a_folder_of_visits, PATTERNS, rescan_seconds=0)
    service = ExamService(a_serving, Exams(images), images, decisions, NO_REPORTS, lambda work: work())
    assert sorted(entry.prior_exams for entry in service.worklist.entries()) == [0, 0, 1]
    for path in (a_folder_of_visits / "4-0").glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.PatientID = "PHANTOM-3"
        dataset.StudyDate = "20180101"
        dataset.save_as(a_folder_of_visits / f"another-{path.name}")
        path.unlink()
    assert sorted(entry.prior_exams for entry in service.worklist.entries()) == [0, 1, 2]
