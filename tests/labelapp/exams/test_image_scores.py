from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mammolens.errors import InputError, PacsError
from mammolens.inference.exam import ImageScore
from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.datastore.stored_score import StoredScore, failed, is_processed
from mammolens.labelapp.exams.exam import Exams
from mammolens.labelapp.exams.image_scores import SiblingScores, score_and_store
from mammolens.types import Mammogram

from ..conftest import PacsStandIn


@dataclass
class ScorerStandIn:
    """Scores with the mean grey; remembers what it was asked."""

    model_id: str = "stand-in-1"
    calibration_id: str = "cal-1"
    asked: list[str] = field(default_factory=list)

    def score(self, mammogram: Mammogram) -> ImageScore:
        self.asked.append(mammogram.header.path.name)
        return ImageScore(mammogram.header, 10 * float(mammogram.pixels.mean()), float(mammogram.pixels.mean()))

    def image_p_value(self, score: ImageScore) -> float:
        return 0.5


def test_siblings_are_scored_on_demand_and_their_scores_kept(a_folder_datastore: MammogramFolder) -> None:
    image_id = a_folder_datastore.list_images()[0]
    scorer, siblings = ScorerStandIn(), SiblingScores(Exams(a_folder_datastore), a_folder_datastore)
    first = siblings.of(image_id, scorer)
    again = siblings.of(image_id, scorer)
    assert len(scorer.asked) == 3
    assert [score.pred_score for score in again] == [score.pred_score for score in first]
    assert [score.raw_score for score in again] == [score.raw_score for score in first]
    assert [score.header.laterality for score in again] == [score.header.laterality for score in first]


@pytest.mark.parametrize("newer", [ScorerStandIn(model_id="stand-in-2"), ScorerStandIn(calibration_id="cal-2")])
def test_scores_of_another_model_or_calibration_are_not_used(
    a_folder_datastore: MammogramFolder, newer: ScorerStandIn
) -> None:
    image_id = a_folder_datastore.list_images()[0]
    siblings = SiblingScores(Exams(a_folder_datastore), a_folder_datastore)
    siblings.of(image_id, ScorerStandIn())
    siblings.of(image_id, newer)
    assert len(newer.asked) == 3


def test_a_sibling_that_cannot_be_scored_is_left_out_and_not_tried_twice(
    a_folder_datastore: MammogramFolder,
) -> None:
    image_id = a_folder_datastore.list_images()[0]
    broken = Path(a_folder_datastore.get_image_uri(Exams(a_folder_datastore).siblings_of(image_id)[0]))
    broken.write_bytes(broken.read_bytes()[:2000])
    scorer, siblings = ScorerStandIn(), SiblingScores(Exams(a_folder_datastore), a_folder_datastore)
    assert len(siblings.of(image_id, scorer)) == 2
    assert len(siblings.of(image_id, scorer)) == 2
    assert len(scorer.asked) == 2


def test_why_an_image_cannot_be_scored_is_kept_with_it(a_folder_datastore: MammogramFolder) -> None:
    image_id = a_folder_datastore.list_images()[0]
    path = Path(a_folder_datastore.get_image_uri(image_id))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError):
        score_and_store(image_id, a_folder_datastore, ScorerStandIn())
    info = a_folder_datastore.get_image_info(image_id)
    assert path.name in info["score_error"]
    assert StoredScore.of(info) is None


def test_only_what_is_wrong_with_the_image_itself_is_kept_with_it(
    a_pacs: PacsStandIn, a_pacs_datastore: MammogramDicomWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = a_pacs_datastore.list_images()[0]
    a_pacs.is_up = False
    with pytest.raises(PacsError):
        score_and_store(image_id, a_pacs_datastore, ScorerStandIn())
    assert not failed(a_pacs_datastore.get_image_info(image_id))

    def damaged(*_: object) -> None:
        raise InputError(a_pacs.url, "the PACS sent no DICOM", "mend it")

    a_pacs.is_up = True
    monkeypatch.setattr(a_pacs, "fetch", damaged)
    with pytest.raises(InputError):
        score_and_store(image_id, a_pacs_datastore, ScorerStandIn())
    assert is_processed(a_pacs_datastore.get_image_info(image_id), "stand-in-1", "cal-1")
