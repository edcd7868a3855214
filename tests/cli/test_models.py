from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mammolens.errors import ModelError
from mammolens.models.directory import load_model
from mammolens.models.store import ModelStore
from mammolens.promotion.gate_result import CheckName, CheckResult, CheckStatus, GateResult
from mammolens.promotion.policy import PromotionPolicy


@pytest.fixture
def a_store(a_trained_model, tmp_path):
    store = ModelStore(tmp_path / "store")
    store.publish(a_trained_model, by="trainer")
    return store


@pytest.fixture
def one_exam(phantoms) -> Path:
    return phantoms.cases[0].path.parent


def test_versions_are_listed_with_who_let_them_serve(mammolens, a_store):
    version = a_store.serving_version()
    result = mammolens("models", "list", "--store", a_store.root)
    assert result.exit_code == 0, result.stderr
    assert "Research use only" in result.stdout
    assert "trainer" in result.stdout
    assert version[:12] in result.stdout.replace("\n", "")
    (found,) = json.loads(mammolens("models", "list", "--store", a_store.root, "--json").stdout)
    assert (found["version"], found["serves"], found["promoted_by"]) == (version, True, "trainer")


def test_a_version_is_shown_with_its_history(mammolens, a_store):
    version = a_store.serving_version()
    shown = json.loads(mammolens("models", "show", version, "--store", a_store.root, "--json").stdout)
    assert shown["lineage"]["data_fingerprint"]
    assert [entry["event"] for entry in shown["history"]] == ["added", "promoted"]
    assert shown["gate_result"] is None
    assert "put in use" in mammolens("models", "show", version, "--store", a_store.root).stdout


def test_a_configuration_edited_by_hand_is_accepted_by_seal_alone(mammolens, a_trained_model, tmp_path):
    model = tmp_path / "mine"
    shutil.copytree(a_trained_model, model)
    config = model / "config.yaml"
    config.write_text(config.read_text().replace("name: ", "name: edited-", 1))
    refused = mammolens("models", "seal", tmp_path / "nothing")
    assert refused.exit_code == 6
    with pytest.raises(ModelError, match="was changed"):
        load_model(model)
    result = mammolens("models", "seal", model)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{load_model(model).model_id}\n"


def test_a_refused_candidate_ends_with_code_6_and_the_reason_and_serves_not(
    mammolens, a_store, a_trained_model, one_exam
):
    before = a_store.serving_version()
    result = mammolens("models", "promote", a_trained_model, "-d", one_exam, "--store", a_store.root)
    assert result.exit_code == 6
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "rejected: only 1 held-out normal patients could be scored" in line
    assert a_store.serving_version() == before
    refused = a_store.versions()[-1]
    shown = json.loads(mammolens("models", "show", refused, "--store", a_store.root, "--json").stdout)
    assert shown["lineage"]["refused"]
    assert shown["gate_result"]["checks"][0]["outcome"] == "inconclusive"
    assert "could be scored" in mammolens("models", "show", refused, "--store", a_store.root).stdout.replace("\n", " ")


def test_an_override_serves_and_keeps_who_and_why(mammolens, a_store, a_trained_model, one_exam):
    arguments = ("models", "promote", a_trained_model, "-d", one_exam, "--store", a_store.root)
    result = mammolens(*arguments, "--override", "a trial", "--by", "Dr Example")
    assert result.exit_code == 0, result.stderr
    last = a_store.history()[-1]
    assert (last.by, last.overridden, last.version) == ("Dr Example", True, a_store.serving_version())
    assert "a trial" in last.why


def test_an_override_needs_no_data(mammolens, a_store, a_trained_model, monkeypatch):
    monkeypatch.setenv("LOGNAME", "ada")
    result = mammolens("models", "promote", a_trained_model, "--store", a_store.root, "--override", "no normals yet")
    assert result.exit_code == 0, result.stderr
    last = a_store.history()[-1]
    assert (last.by, last.why, last.overridden) == ("ada", "no normals yet", True)
    assert result.stdout.strip() == a_store.serving_version() == a_store.versions()[-1]


def test_patients_of_the_training_are_left_out_of_the_comparison(mammolens, a_store, a_trained_model, phantom_folder):
    result = mammolens("models", "compare", a_trained_model, "-d", phantom_folder, "--store", a_store.root)
    assert result.exit_code == 5
    assert "16 patients are left out: one of the models was trained or calibrated on them" in result.stderr
    assert "error: " in result.stderr
    assert "has no clean normal image" in result.stderr


def test_comparing_changes_nothing(mammolens, a_store, a_trained_model, one_exam):
    before = a_store.history()
    result = mammolens("models", "compare", a_trained_model, "-d", one_exam, "--store", a_store.root, "--json")
    assert result.exit_code == 6
    assert json.loads(result.stdout)["candidate"] == a_store.serving_version()
    assert a_store.history() == before


def test_a_policy_is_taken(mammolens, a_store, a_trained_model, one_exam, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text("min_patients: 7\nresamples: 100\n")
    result = mammolens(
        "models", "compare", a_trained_model, "-d", one_exam, "--store", a_store.root, "--policy", policy, "--json"
    )
    assert json.loads(result.stdout)["policy"]["min_patients"] == 7


def test_rolling_back_tells_what_serves_now(mammolens, a_store, a_trained_model):
    first = a_store.serving_version()
    a_store.publish(a_trained_model)
    arguments = ("models", "rollback", "--store", a_store.root, "--why", "too many marks", "--by", "Dr Example")
    assert mammolens(*arguments).stdout.strip() == first
    assert mammolens(*arguments).stdout.strip() == "the model of the package"
    assert (a_store.history()[-1].by, a_store.history()[-1].why) == ("Dr Example", "too many marks")
    assert mammolens(*arguments).exit_code == 6


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["list", "--store", "nowhere"], 6, "is not a model store"),
        (["show", "other", "--store", "STORE"], 6, "has no version 'other'"),
        (["promote", "other", "--store", "STORE"], 2, "give --data FOLDER"),
        (["promote", "other", "--store", "STORE", "-d", "DATA"], 6, "is not a model directory"),
        (["compare", "other", "--store", "STORE", "-d", "nowhere"], 5, "does not exist"),
        (["compare", "other", "--store", "STORE", "-d", "DATA", "--policy", "none.yaml"], 4, "cannot be read"),
    ],
)
def test_a_mistake_has_its_code_and_reason(
    mammolens, a_store, one_exam, tmp_path, monkeypatch, arguments, code, reason
):
    monkeypatch.chdir(tmp_path)
    places = {"STORE": a_store.root, "DATA": one_exam}
    result = mammolens("models", *(places.get(argument, argument) for argument in arguments))
    assert result.exit_code == code, result.output
    assert reason in result.stderr


def test_a_version_that_waits_is_accepted_or_refused(mammolens, a_store, a_trained_model):
    passed = CheckResult(name=CheckName.RATE, outcome=CheckStatus.PASSED, sentence="kept")
    gate_result = GateResult(serving="a", candidate="b", checks=(passed,), policy=PromotionPolicy()).to_json()
    before = a_store.serving_version()
    version = a_store.add(a_trained_model, by="trainer")
    arguments = (version, "--store", a_store.root, "--by", "Dr Example")
    assert mammolens("models", "promote", *arguments).exit_code == 2
    a_store.wait(version, by="trainer", why="not worse", gate_result=a_store.save_gate_result(version, gate_result))
    assert "waits" in mammolens("models", "list", "--store", a_store.root).stdout
    assert mammolens("models", "refuse", *arguments, "--why", "too many marks").exit_code == 0
    assert (a_store.serving_version(), a_store.history()[-1].why) == (before, "too many marks")
    assert mammolens("models", "promote", *arguments).exit_code == 0
    assert (a_store.serving_version(), a_store.history()[-1].overridden) == (version, False)
    assert mammolens("models", "refuse", *arguments).exit_code == 2
