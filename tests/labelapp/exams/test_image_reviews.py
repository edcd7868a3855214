from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from mammolens.enums import Verdict
from mammolens.errors import RequestError, UnknownImageError
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.exams.decisions import Decisions, NewDecision, ShownResult
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.image_reviews import ImageReviews
from mammolens.review.decision import Origin
from mammolens.review.ledger import Ledger
from mammolens.review.policy import PolicyName

SEEN = ShownResult("m-1", "c-1", 0.25, 1.5)


@pytest.fixture
def exams(a_folder_datastore: MammogramFolder) -> Exams:
    return Exams(a_folder_datastore)


@pytest.fixture
def an_exam(exams: Exams) -> Exam:
    return next(iter(exams.all().values()))


@pytest.fixture
def reviews(exams: Exams, decisions: Decisions) -> ImageReviews:
    return ImageReviews(exams, decisions, lambda exam: SEEN)


def _label(path: Path, value: int) -> Path:
    drawn = np.zeros((1, 8, 6), np.uint8)
    drawn[0, 2:4, 3] = value
    sitk.WriteImage(sitk.GetImageFromArray(drawn), str(path))
    return path


def test_a_mark_is_a_decision_on_that_image_alone(reviews: ImageReviews, decisions: Decisions, an_exam: Exam) -> None:
    image, other = an_exam.images[:2]
    mark = {"verdict": "finding", "comment": "here", "viewer": "curl", "regions": [[[1, 2], [3, 4], [1, 4]]]}
    mark["colour"] = "red"
    reviews.review(image.image_id, mark, "ada")
    (told,) = decisions.history(an_exam)
    assert (told.images, told.verdict, told.reviewer) == ((image.sop_instance_uid,), Verdict.FINDING, "ada")
    assert (told.comment, told.viewer, told.origin) == ("here", "curl", Origin.MONAI_LABEL)
    assert (told.model, told.exam_p_value) == ("m-1", 0.25)
    assert told.regions[0].points == ((1.0, 2.0), (3.0, 4.0), (1.0, 4.0))
    assert reviews.verdicts()[image.image_id] is Verdict.FINDING
    assert reviews.verdicts()[other.image_id] is None
    assert reviews.counts() == {"finding": 1}
    assert decisions.verdict(an_exam) is None


def test_marks_are_told_as_clients_knew_them(reviews: ImageReviews, an_exam: Exam, decisions: Decisions) -> None:
    image, other = an_exam.image_ids[:2]
    assert reviews.reviews_of(image) == {}
    decisions.record(an_exam, NewDecision(Verdict.NORMAL, "ada"))
    reviews.review(image, {"verdict": "finding"}, "grace")
    marks = reviews.reviews_of(image)
    assert (marks["review"]["verdict"], marks["review"]["user"]) == ("finding", "grace")
    assert marks["review"]["ts"] > 1_700_000_000
    assert [mark["verdict"] for mark in marks["reviews"]] == ["normal", "finding"]
    assert reviews.reviews_of(other)["review"]["verdict"] == "normal"
    assert reviews.all_reviews() == {name: reviews.reviews_of(name) for name in an_exam.image_ids}


@pytest.mark.parametrize("nothing", [{}, None])
def test_an_empty_mark_takes_the_last_decision_back_on_that_image(
    reviews: ImageReviews, an_exam: Exam, decisions: Decisions, nothing: Any
) -> None:
    image = an_exam.image_ids[0]
    reviews.review(image, nothing, "ada")
    assert decisions.now().entries == ()
    decisions.record(an_exam, NewDecision(Verdict.NORMAL, "ada"))
    reviews.review(image, nothing, "grace")
    assert reviews.verdicts()[image] is None
    assert reviews.reviews_of(image)["review"] == {}
    assert reviews.reviews_of(image)["reviews"][1]["undoes"] == reviews.reviews_of(image)["reviews"][0]["decision"]
    assert reviews.verdicts()[an_exam.image_ids[1]] is Verdict.NORMAL


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ({"verdict": "norml"}, "no known verdict"),
        ({"comment": "fine"}, "no known verdict"),
        ("normal", "no known verdict"),
        (["normal"], "no known verdict"),
        ({"verdict": {}}, "no known verdict"),
        ({"verdict": "normal", "comment": "x" * 2001}, "comment: "),
        ({"verdict": "finding", "regions": [5]}, "regions: "),
        ({"verdict": "finding", "regions": [[[1, 2], [3, 4]]]}, "regions: a region has 2 different points; draw"),
    ],
)
def test_a_mark_that_would_count_for_nothing_is_refused(
    reviews: ImageReviews, an_exam: Exam, decisions: Decisions, mark: Any, told: str
) -> None:
    with pytest.raises(RequestError, match=told):
        reviews.review(an_exam.image_ids[0], mark, "ada")
    assert decisions.now().entries == ()


def test_a_file_that_is_no_mammogram_is_not_decided_on_and_has_no_marks(
    reviews: ImageReviews, a_studies_folder: Path
) -> None:
    (a_studies_folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    with pytest.raises(UnknownImageError):
        reviews.review("broken.dcm", {"verdict": "normal"}, "ada")
    assert reviews.reviews_of("broken.dcm") == {}
    assert "broken.dcm" not in reviews.verdicts()


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz"])
def test_a_final_label_says_finding_where_something_is_drawn(
    reviews: ImageReviews, an_exam: Exam, decisions: Decisions, tmp_path: Path, suffix: str
) -> None:
    one, two, three, _ = an_exam.image_ids
    reviews.label(one, _label(tmp_path / f"drawn{suffix}", 2), None, "ada")
    reviews.label(two, _label(tmp_path / f"empty{suffix}", 0), {}, "ada")
    reviews.label(three, _label(tmp_path / f"empty{suffix}", 0), {"verdict": "poor_quality"}, "ada")
    verdicts = reviews.verdicts()
    assert [verdicts[image] for image in (one, two, three)] == [
        Verdict.FINDING,
        Verdict.NORMAL,
        Verdict.POOR_QUALITY,
    ]
    assert {one.origin for one in decisions.history(an_exam)} == {Origin.MONAI_LABEL}


def test_a_final_label_that_is_saved_again_decides_nothing_new(
    reviews: ImageReviews, an_exam: Exam, decisions: Decisions, tmp_path: Path
) -> None:
    image, drawn = an_exam.image_ids[0], _label(tmp_path / "drawn.nrrd", 2)

    def entries_after(file: Path, reviewer: str, mark: Any = None) -> int:
        reviews.label(image, file, mark, reviewer)
        return len(decisions.now().entries)

    assert [entries_after(drawn, "ada") for _ in range(2)] == [1, 1]
    assert entries_after(drawn, "grace") == 2  # somebody else
    assert entries_after(drawn, "ada") == 3  # no longer the last
    assert entries_after(_label(tmp_path / "empty.nrrd", 0), "ada") == 4
    reviews.review(image, {}, "ada")
    assert entries_after(drawn, "ada") == 5  # the one before counts again
    named = {"verdict": "finding", "id": "0c0f3c58-2f0b-4b0e-9d35-8f5f0a4f4c11"}
    assert [entries_after(drawn, "ada", named) for _ in range(2)] == [6, 6]


def test_a_final_label_confirms_an_exam_that_was_listed_for_a_second_look(
    exams: Exams, an_exam: Exam, decisions: Decisions, tmp_path: Path
) -> None:
    listed: list[datetime | None] = [None]
    reviews = ImageReviews(exams, decisions, lambda exam: SEEN, lambda image_id: listed[0])
    image, empty = an_exam.image_ids[0], _label(tmp_path / "empty.nrrd", 0)
    reviews.label(image, empty, None, "ada")
    listed[0] = datetime.now(UTC)
    for _ in range(2):
        reviews.label(image, empty, None, "ada")
    _, confirmed = decisions.history(an_exam)
    assert confirmed.time > listed[0]


def test_a_final_label_that_cannot_be_read_decides_nothing(
    reviews: ImageReviews, an_exam: Exam, decisions: Decisions, tmp_path: Path
) -> None:
    (tmp_path / "half.nrrd").write_bytes(b"NRRD0004")
    with pytest.raises(RequestError, match="label: cannot be read: .*; send a whole .nrrd"):
        reviews.label(an_exam.image_ids[0], tmp_path / "half.nrrd", None, "ada")
    assert decisions.now().entries == ()


def test_while_two_readers_disagree_no_mark_counts(exams: Exams, an_exam: Exam, a_ledger: Ledger) -> None:
    reviews = ImageReviews(exams, Decisions(a_ledger, PolicyName.TWO_READERS), lambda exam: ShownResult())
    image = an_exam.image_ids[0]
    reviews.review(image, {"verdict": "normal"}, "ada")
    reviews.review(image, {"verdict": "finding"}, "grace")
    assert reviews.reviews_of(image)["review"] == {}
    reviews.review(image, {"verdict": "normal"}, "grace")
    assert reviews.reviews_of(image)["review"]["user"] == "grace"
