from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml

from mammolens.errors import ConfigError, DatasetError, ModelError
from mammolens.experiments.cross_fit import cross_fit
from mammolens.experiments.cross_report import report
from mammolens.experiments.fields import with_values
from mammolens.models.directory import TRAINING, load_model
from mammolens.training.engine import train
from mammolens.training.ensemble import read_plan
from mammolens.training.progress import Stage


@pytest.fixture(scope="module")
def found(a_quick_config, few_phantoms, tmp_path_factory):
    """A cross-fitting in two folds, and its folder."""
    folder = tmp_path_factory.mktemp("cross-fit")
    return cross_fit(a_quick_config, few_phantoms, folder, folds=2), folder


def test_every_normal_and_every_abnormal_image_is_scored(found, few_phantoms):
    result, _ = found
    wanted = {case.path for case in few_phantoms.cases if case.clean_normal or case.abnormal}
    assert len(result.images) == len(wanted)
    assert {image.path for image in result.images} == wanted
    assert [len(fold.images) for fold in result.folds] == [5 * 2 + 2, 5 * 2 + 2]


def test_each_fold_leaves_its_own_model_and_scores(found, a_quick_config):
    result, folder = found
    assert sorted(path.name for path in folder.iterdir()) == ["cross-fit.json", "fold-1", "fold-2"]
    models = [load_model(folder / f"fold-{number}" / "model") for number in (1, 2)]
    assert [fold.model_id for fold in result.folds] == [model.model_id for model in models]
    assert models[0].model_id != models[1].model_id
    assert all(model.config == a_quick_config for model in models)
    for number in (1, 2):
        record = json.loads((folder / f"fold-{number}" / "model" / TRAINING).read_text())
        assert sum(record["patients"].values()) == 5
        assert record["patients"]["calibration"] == 2


def test_an_abnormal_image_has_the_mean_of_the_models_scores(found, few_phantoms):
    result, _ = found
    path = next(case.path for case in few_phantoms.cases if case.abnormal)
    scores = [image.pred_score for fold in result.folds for image in fold.images if image.path == path]
    (image,) = [image for image in result.images if image.path == path]
    assert len(scores) == 2
    assert image.pred_score == pytest.approx(sum(scores) / 2)


def test_a_run_that_was_stopped_goes_on_to_the_same_scores(found, a_quick_config, few_phantoms, tmp_path):
    trainings = 0

    def stop(progress):
        nonlocal trainings
        trainings += progress.stage is Stage.LEARN
        if trainings == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cross_fit(a_quick_config, few_phantoms, tmp_path, folds=2, progress=stop)
    steps = []
    resumed = cross_fit(a_quick_config, few_phantoms, tmp_path, folds=2, resume=True, progress=steps.append)
    assert resumed == found[0]
    assert sum(step.stage is Stage.CALIBRATE and step.done == 1 for step in steps) == 1


def test_a_finished_run_is_only_read(found, a_quick_config, few_phantoms):
    result, folder = found
    steps = []
    again = cross_fit(a_quick_config, few_phantoms, folder, folds=2, resume=True, progress=steps.append)
    assert again == result
    assert steps == []


def test_an_earlier_run_is_not_mixed_up_with_a_new_one(found, a_quick_config, few_phantoms):
    _, folder = found
    with pytest.raises(DatasetError, match=r"cross-fit\.json: contains an earlier cross-fitting; add --resume"):
        cross_fit(a_quick_config, few_phantoms, folder, folds=2)
    fewer = few_phantoms.where(lambda case: case.patient_id != "PHANTOM-0")
    for dataset, folds, seed in ((few_phantoms, 3, 0), (few_phantoms, 2, 1), (fewer, 2, 0)):
        with pytest.raises(
            DatasetError, match="is of another configuration, starting model, other data, folds or seed"
        ):
            cross_fit(a_quick_config, dataset, folder, folds=folds, seed=seed, resume=True)


def test_a_model_that_learns_from_known_cancers_is_refused(a_quick_config, few_phantoms, tmp_path):
    exposed = with_values(a_quick_config, {"training.exposure_share": 0.5})
    with pytest.raises(ConfigError, match=r"exposure_share: .*; give lesions of other patients as --exposure"):
        cross_fit(exposed, few_phantoms, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_lesions_of_other_patients_teach_every_fold_s_model(few_phantoms, a_lesion_bank, an_exposed_config, tmp_path):
    cross_fit(an_exposed_config, few_phantoms, tmp_path / "out", exposure=a_lesion_bank, folds=2)
    for number in (1, 2):
        record = json.loads((tmp_path / "out" / f"fold-{number}" / "model" / TRAINING).read_text())
        assert record["images"]["exposure"] == len(a_lesion_bank.cases)
        assert record["exposure"]["name"] == a_lesion_bank.name
    fewer = a_lesion_bank.where(lambda case: case is not a_lesion_bank.cases[0])
    with pytest.raises(DatasetError, match="is of another configuration, starting model, other data"):
        cross_fit(an_exposed_config, few_phantoms, tmp_path / "out", exposure=fewer, folds=2, resume=True)


def test_lesions_that_are_scored_do_not_teach(few_phantoms, an_exposed_config, tmp_path):
    with pytest.raises(DatasetError, match="of its images are in .*, too, whose cancers are scored; give lesions"):
        cross_fit(an_exposed_config, few_phantoms, tmp_path / "out", exposure=few_phantoms, folds=2)


def test_every_fold_begins_with_the_weights_of_a_model_that_saw_none_of_it(a_quick_config, few_phantoms, tmp_path):
    learned_here = tmp_path / "learned-here"
    train(a_quick_config, few_phantoms, learned_here)
    refusal = f"was trained on {few_phantoms.name}, .*; start from a model not trained on them"
    with pytest.raises(ModelError, match=refusal):
        cross_fit(a_quick_config, few_phantoms, tmp_path / "refused", start_from=learned_here, folds=2)
    assert not (tmp_path / "refused").exists()
    elsewhere = tmp_path / "elsewhere"
    train(a_quick_config, few_phantoms.where(lambda case: case.patient_id >= "PHANTOM-6"), elsewhere)
    arriving = few_phantoms.where(lambda case: case.patient_id < "PHANTOM-6" or bool(case.abnormal))
    cross_fit(a_quick_config, arriving, tmp_path / "out", start_from=elsewhere, folds=2)
    for number in (1, 2):
        record = json.loads((tmp_path / "out" / f"fold-{number}" / "model" / TRAINING).read_text())
        assert record["started_from"] == load_model(elsewhere).model_id
    with pytest.raises(DatasetError, match="is of another configuration, starting model"):
        cross_fit(a_quick_config, arriving, tmp_path / "out", folds=2, resume=True)


def test_an_image_that_cannot_be_used_is_told_and_the_others_go_on(a_quick_config, few_phantoms, tmp_path):
    broken = tmp_path / "broken.dcm"
    ill = next(case for case in few_phantoms.cases if case.abnormal)
    broken.write_bytes(ill.path.read_bytes()[:3000])
    cases = tuple(replace(case, path=broken) if case is ill else case for case in few_phantoms.cases)
    errors, scored = [], []
    result = cross_fit(
        a_quick_config, replace(few_phantoms, cases=cases), tmp_path / "out", folds=2,
        on_error=errors.append, on_scored=lambda done, total: scored.append((done, total)),
    )  # fmt: skip
    assert len(errors) == 2
    assert broken not in {image.path for image in result.images}
    assert scored[-1] == (11, 12)


@pytest.fixture
def an_ensemble_plan(a_quick_config, tmp_path):
    """Reads an ensemble of two models of the quick configuration, one of them wider; or of a trained model."""

    def read(second: str = "wide.yaml"):
        (tmp_path / "quick.yaml").write_text(a_quick_config.to_yaml())
        (tmp_path / "wide.yaml").write_text(with_values(a_quick_config, {"network.options.width": 4}).to_yaml())
        members = [{"name": "quick", "model": "quick.yaml"}, {"name": "wide", "model": second}]
        (tmp_path / "ensemble.yaml").write_text(yaml.safe_dump({"ensemble": {"members": members}}))
        return read_plan(tmp_path / "ensemble.yaml")

    return read


def test_an_ensemble_is_trained_for_each_fold_and_its_members_are_measured(an_ensemble_plan, few_phantoms, tmp_path):
    plan = an_ensemble_plan()
    found = cross_fit(plan, few_phantoms, tmp_path / "out", folds=2)
    assert {name for image in found.images for name in image.member_scores} == {"quick", "wide"}
    abnormal = next(image for image in found.images if image.abnormal)
    own = [image.member_scores["wide"] for fold in found.folds for image in fold.images if image.path == abnormal.path]
    assert abnormal.member_scores["wide"] == pytest.approx(sum(own) / 2)
    measured = report(found, plan.config, few_phantoms, tmp_path / "out", n_bootstrap=20)
    assert [member.name for member in measured.members] == ["quick", "wide"]
    assert cross_fit(plan, few_phantoms, tmp_path / "out", folds=2, resume=True) == found


def test_a_member_that_is_trained_already_may_know_who_is_scored(
    an_ensemble_plan, a_trained_model, few_phantoms, tmp_path
):
    with pytest.raises(
        ConfigError, match="wide may have been trained on patients that are scored here; give their conf"
    ):
        cross_fit(an_ensemble_plan(str(a_trained_model)), few_phantoms, tmp_path / "out", folds=2)
