import math

import pytest

from mammolens.evaluation.bootstrap import Interval
from mammolens.evaluation.metrics import Metric
from mammolens.evaluation.score_evaluation import evaluate_scores
from mammolens.evaluation.texts import LABELS, interval_text, rows


@pytest.mark.parametrize(
    ("interval", "style", "text"),
    [
        (Interval(0.6241, 0.571, 0.684, 9), {}, "0.624 [0.57, 0.68]"),
        (Interval(0.413, 0.3621, 0.4688, 9), {"percent": True}, "41.3 % [36.2, 46.9]"),
        (Interval(0.031, -0.024, 0.081, 9), {"signed": True}, "+0.031 [-0.02, +0.08]"),
        (Interval(0.5, math.nan, math.nan, 1), {}, "0.500"),
        (Interval(math.nan, math.nan, math.nan, 0), {}, "n/a"),
    ],
)
def test_an_interval_reads_as_people_quote_it(interval, style, text):
    assert interval_text(interval, **style) == text


def test_every_metric_has_a_label():
    assert set(LABELS) == set(Metric)


def test_rows_name_group_metric_and_text_in_the_order_of_reading(images_of_two_sites):
    found = rows(evaluate_scores(images_of_two_sites, alpha=0.1, n_bootstrap=50))
    assert found[0][:2] == ("all", "AUROC, images")
    assert [line[0] for line in found] == sorted(line[0] for line in found)
    assert ("site 2", "AUROC, model minus age") in [line[:2] for line in found]
    assert all(isinstance(cell, str) and cell for line in found for cell in line)


def test_rows_end_with_the_maps(images_with_everything):
    found = rows(evaluate_scores(images_with_everything, alpha=0.1, n_bootstrap=20))
    assert [line[0] for line in found[-4:]] == ["map: model", "map: model", "map: blob", "map: blob"]
    assert found[-3][1] == "Strongest spot on a lesion"
