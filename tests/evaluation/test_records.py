import csv
import io
import json
from dataclasses import replace

from mammolens.evaluation.records import json_text, scores_csv
from mammolens.evaluation.score_evaluation import evaluate_scores


def a_record(images):
    return json_text(
        evaluate_scores(images, alpha=0.1, n_bootstrap=50), title="A test", model="m 12ab", notes=["a note"]
    )


def test_json_holds_figures_unrounded_with_how_they_came_about(images_of_two_sites):
    record = json.loads(a_record(images_of_two_sites))
    found = evaluate_scores(images_of_two_sites, alpha=0.1, n_bootstrap=50).groups[0].metrics["auroc"]
    assert record["groups"][0]["metrics"]["auroc"]["value"] == found.value
    assert (record["alpha"], record["n_bootstrap"], record["seed"], record["model"]) == (0.1, 50, 0, "m 12ab")
    assert record["groups"][0]["counts"]["patients"] == {"normal": 60, "abnormal": 60}


def test_what_is_undefined_is_null(images_of_two_sites):
    images = [image for image in images_of_two_sites if image.site == "1" or not image.abnormal]
    assert json.loads(a_record(images))["groups"][2]["metrics"]["auroc"]["value"] is None


def test_equal_input_gives_equal_text(images_of_two_sites):
    assert a_record(images_of_two_sites) == a_record(images_of_two_sites)


def test_the_csv_gives_every_image_back(images_of_two_sites):
    lines = list(csv.DictReader(io.StringIO(scores_csv(images_of_two_sites))))
    for line, image in zip(lines, images_of_two_sites, strict=True):
        assert line["path"] == image.path.as_posix()
        assert float(line["pred_score"]) == image.pred_score
        assert line["abnormal"] == str(image.abnormal).lower()
        assert (line["laterality"], line["view"]) == ("L", str(image.view))
        assert line["covariate.age"] == image.covariates["age"]


def test_what_is_unknown_is_empty_in_the_csv(an_image):
    images = [replace(an_image("a"), laterality=None, view=None), an_image("b", covariates={"density": "B"})]
    lines = list(csv.DictReader(io.StringIO(scores_csv(images))))
    assert [lines[0][name] for name in ("site", "laterality", "view", "covariate.density")] == [""] * 4
