import json

import pytest

from mammolens.config import FusionConfig
from mammolens.errors import DatasetError
from mammolens.evaluation.decision_rule import DecisionRule
from mammolens.evaluation.records import json_text, scores_csv
from mammolens.evaluation.score_evaluation import evaluate_scores
from mammolens.evaluation.scored_set import read_scored_set, read_scores

RULE = DecisionRule("conformal", 0.9)
HIGHEST = FusionConfig(views="max", breasts="max", asymmetry=0.5)
SAID = {"title": "T", "model": "m", "notes": [], "alpha": 0.1, "fusion": "mean"}


@pytest.fixture
def a_folder(images_with_everything, tmp_path):
    evaluation = evaluate_scores(images_with_everything, alpha=0.2, n_bootstrap=30, fusion=HIGHEST, rule=RULE)
    (tmp_path / "scores.csv").write_text(scores_csv(images_with_everything))
    (tmp_path / "evaluation.json").write_text(json_text(evaluation, title="T", model="m", notes=["n"]))
    return tmp_path


def test_every_image_comes_back_as_it_was(a_folder, images_with_everything):
    assert read_scores(a_folder / "scores.csv") == list(images_with_everything)


def test_what_is_unknown_comes_back_as_unknown(an_image, tmp_path):
    images = [an_image("a", laterality=None, view=None), an_image("b", covariates={"PatientAge": "061Y"})]
    (tmp_path / "scores.csv").write_text(scores_csv(images))
    assert read_scores(tmp_path / "scores.csv") == images


def test_measuring_again_gives_the_very_figures(a_folder):
    found = read_scored_set(a_folder / "scores.csv")
    assert (found.title, found.model, found.notes) == ("T", "m", ("n",))
    assert (found.alpha, found.fusion, found.rule) == (0.2, HIGHEST, RULE)
    again = evaluate_scores(found.images, alpha=found.alpha, n_bootstrap=30, fusion=found.fusion, rule=found.rule)
    text = json_text(again, title=found.title, model=found.model, notes=found.notes)
    assert text == (a_folder / "evaluation.json").read_text()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("evaluation.json", None, r"evaluation\.json: cannot be read .*; put it next to scores\.csv"),
        ("evaluation.json", "{}", r"evaluation\.json: cannot be read \(damaged"),
        ("evaluation.json", json.dumps({"fusion": "sum"}), r"fusion is 'sum'"),
        ("evaluation.json", json.dumps(SAID | {"rule": {"decision": "guess"}}), r"decision is 'guess'"),
        ("scores.csv", None, r"scores\.csv: cannot be read"),
        ("scores.csv", "path,patient_id\n", r"has no column 'exam_id'; give scores\.csv as"),
        (
            "scores.csv",
            "path,patient_id,exam_id,abnormal,pred_score,p_value,is_anomalous\na,b,c,,1,1,false\n",
            "line 2, column 'abnormal'",
        ),
    ],
)
def test_what_is_missing_or_damaged_is_named(a_folder, name, content, reason):
    path = a_folder / name
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(DatasetError, match=reason):
        read_scored_set(a_folder / "scores.csv")
