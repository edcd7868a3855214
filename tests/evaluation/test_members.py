from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mammolens.config import MembersConfig
from mammolens.evaluation.markdown_page import markdown
from mammolens.evaluation.report import write_report
from mammolens.evaluation.score_evaluation import evaluate_scores
from mammolens.evaluation.scored_set import read_scored_set
from mammolens.evaluation.texts import rows

ENSEMBLE = MembersConfig.model_validate({"members": [{"name": name, "model": name} for name in ("good", "noise")]})


@pytest.fixture
def scored(images_of_two_sites):
    """Two members: one has the model's own score, the other tells nothing."""
    rng = np.random.default_rng(3)
    return [
        replace(image, member_scores={"good": image.pred_score, "noise": 3 * float(rng.normal())})
        for image in images_of_two_sites
    ]


@pytest.fixture
def found(scored):
    return evaluate_scores(scored, alpha=0.1, n_bootstrap=200, ensemble=ENSEMBLE)


def test_a_member_without_which_the_ensemble_is_no_worse_does_not_help(found):
    good, noise = found.members
    assert good.alone.value == found.groups[0].metrics["auroc"].value == noise.without.value
    assert good.change.value < 0
    assert good.helps
    assert noise.change.low > 0
    assert not noise.helps


def test_the_page_and_the_command_name_it(found):
    page = markdown(found, title="A test", model="both", notes=[], figures=[])
    assert "## Members" in page
    assert "noise does not help on these images." in page
    assert "good does not help" not in page
    told = {(group, name): text for group, name, text in rows(found)}
    assert told["member: noise", "AUROC, ensemble without it minus ensemble"].endswith("does not help on these images")


def test_the_highest_score_may_count(scored):
    highest = ENSEMBLE.model_copy(update={"fusion": "max"})
    members = evaluate_scores(scored, alpha=0.1, n_bootstrap=50, ensemble=highest).members
    assert members[0].without.value == members[1].alone.value


@pytest.mark.slow
def test_what_a_report_wrote_gives_the_same_again(scored, found, tmp_path):
    write_report(found, scored, tmp_path, title="A test", model="both")
    again = read_scored_set(tmp_path / "scores.csv")
    assert again.ensemble == ENSEMBLE
    assert "member.good" in (tmp_path / "scores.csv").read_text().splitlines()[0]
    measured = evaluate_scores(
        again.images, alpha=again.alpha, n_bootstrap=200, fusion=again.fusion, rule=again.rule, ensemble=again.ensemble
    )
    assert measured.members == found.members


def test_a_single_model_has_no_members(images_of_two_sites):
    assert evaluate_scores(images_of_two_sites, alpha=0.1, n_bootstrap=10).members == ()
