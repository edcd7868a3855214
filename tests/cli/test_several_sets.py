"""Several data sets at once: each is a site."""

from __future__ import annotations

import pytest

from mammolens.errors import DatasetError


@pytest.fixture
def two_sites(tmp_path):
    """Two folders with a table of one image each, of patients of one id."""
    sites = []
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
        (tmp_path / name / "labels.csv").write_text("image,patient_id,cancer\na.png,1,0\n")
        sites += ["-d", tmp_path / name]
    return sites


@pytest.mark.parametrize(
    ("command", "library", "position"),
    [
        ("train", "mammolens.training.ensemble.train_plan", 1),
        ("calibrate", "mammolens.training.recalibrate.recalibrate", 1),
        ("cross-fit", "mammolens.experiments.cross_fit.cross_fit", 1),
        ("evaluate", "mammolens.cli.evaluate.cases_of", 0),
    ],
    ids=["train", "calibrate", "cross-fit", "evaluate"],
)
def test_the_commands_hand_on_all_sets_as_one(mammolens, two_sites, tmp_path, monkeypatch, command, library, position):
    taken = []

    def take(*arguments, **_):
        taken.append(arguments[position])
        raise DatasetError("here", "ends the test", "look at what was taken")

    monkeypatch.setattr("mammolens.cli.evaluate.models_to_compare", lambda *_: {})
    monkeypatch.setattr(library, take)
    model = [tmp_path / "model"] if command == "calibrate" else []
    result = mammolens(command, *model, *two_sites, "-o", tmp_path / "out")
    assert "here: ends the test" in result.stderr
    assert taken[0].name == "north + south"
    assert [(case.patient_id, case.site) for case in taken[0].cases] == [("north:1", "north"), ("south:1", "south")]


def test_a_kind_for_several_is_a_line_and_its_code(mammolens, two_sites, tmp_path):
    result = mammolens("calibrate", tmp_path / "model", *two_sites, "--kind", "table", "-o", tmp_path / "out")
    assert result.exit_code == 5
    assert "a table or kind belongs to one data set" in result.stderr
