from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

SPLITS = {number: "train" if number < 6 else "calibration" for number in range(12)}
SPLITS |= dict.fromkeys((12, 13, 16, 17), "test")  # two normal and the two abnormal exams


def errors_in(result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("error: ")]


def copy_with_splits(phantom_folder: Path, folder: Path) -> Path:
    """The CC views of the phantoms in SPLITS, a few: three models score each image."""
    rows = []
    for row in csv.DictReader((phantom_folder / "labels.csv").open()):
        split = SPLITS.get(int(row["patient_id"].removeprefix("PHANTOM-")))
        if split is not None and row["image"].endswith("_CC.dcm"):
            (folder / row["image"]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(phantom_folder / row["image"], folder / row["image"])
            rows.append(row | {"split": split})
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return folder


@pytest.fixture
def split_phantoms(phantom_folder, tmp_path):
    return copy_with_splits(phantom_folder, tmp_path / "data")


@pytest.fixture
def no_shipped_models(monkeypatch, a_trained_model):
    """Nothing but this model scores the images: what is shipped is slow, and a_page compares with it."""
    monkeypatch.setattr("mammolens.models.store.pretrained_directory", lambda name: a_trained_model)


@pytest.fixture(scope="module")
def a_page(mammolens, phantom_folder, a_trained_model, tmp_path_factory):
    """The report of the test split as one page; what is behind it lies in the folder of its name."""
    folder = tmp_path_factory.mktemp("evaluated")
    data = copy_with_splits(phantom_folder, folder / "data")
    page = folder / "page.html"
    result = mammolens("evaluate", "-d", data, "--report", page, "-m", a_trained_model, "--bootstrap", 20)
    assert result.exit_code == 0, result.stderr
    assert f"wrote {page}" in result.stderr
    shutil.rmtree(data)
    return page


@pytest.mark.usefixtures("no_shipped_ensembles")
def test_from_training_to_figures(mammolens, a_config_file, split_phantoms, tmp_path):
    model, analysed, report = tmp_path / "model", tmp_path / "analysed", tmp_path / "report"
    trained = mammolens("train", "-c", a_config_file, "-d", split_phantoms, "-o", model)
    assert trained.exit_code == 0, trained.stderr
    record = json.loads((model / "training.json").read_text())
    assert record["patients"]["calibration"] == 6
    assert record["patients"]["train"] + record["patients"]["validation"] == 6

    predicted = mammolens("predict", split_phantoms / "PHANTOM-17", "-o", analysed, "-m", model, "--no-overlays")
    assert predicted.exit_code == 0, predicted.stderr

    measured = mammolens("evaluate", "-d", split_phantoms, "-o", report, "-m", model, "--bootstrap", 20)
    assert measured.exit_code == 0, measured.stderr
    assert f"wrote {report / 'evaluation.html'}" in measured.stderr
    assert trained.stdout.strip() in (report / "evaluation.md").read_text()
    assert "warning" not in measured.stderr  # the test split taught nobody
    scores = {row["path"]: row for row in csv.DictReader((report / "scores.csv").open())}
    assert len(scores) == 8
    for line in (analysed / "results.jsonl").read_text().splitlines():
        result = json.loads(line)
        assert float(scores[result["path"]]["pred_score"]) == pytest.approx(result["pred_score"], rel=1e-6)


@pytest.mark.usefixtures("no_shipped_models")
def test_patients_of_the_training_are_noticed_if_all_are_scored(mammolens, phantom_folder, a_trained_model, tmp_path):
    arguments = ("-d", phantom_folder, "--split", "all", "-m", a_trained_model, "--bootstrap", 20, "--pictures", 0)
    result = mammolens("evaluate", *arguments, "-o", tmp_path / "report")
    assert result.exit_code == 0, result.stderr
    (warning,) = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert "was trained or calibrated on 16 of these 18 patients: its figures are optimistic" in warning
    assert warning.removeprefix("warning: ") in (tmp_path / "report" / "evaluation.md").read_text()


@pytest.mark.slow
def test_a_folder_of_normals_is_refused_before_it_is_scored(mammolens, an_exam_folder, tmp_path):
    result = mammolens("evaluate", "-d", an_exam_folder, "--split", "all", "-o", tmp_path / "report")
    assert result.exit_code == 5
    [error] = errors_in(result)
    assert "none of its 4 cases is known to be abnormal; add some, or give a --table" in error
    assert error.endswith("run 'mammolens predict --csv'")
    assert "scoring" not in result.stderr


@pytest.mark.usefixtures("no_shipped_models")
def test_unusable_images_are_said_and_the_others_are_measured(mammolens, split_phantoms, a_trained_model, tmp_path):
    broken = split_phantoms / "PHANTOM-12" / "L_CC.dcm"
    broken.write_bytes(broken.read_bytes()[:5000])
    arguments = ("-d", split_phantoms, "-o", tmp_path / "report", "-m", a_trained_model, "--bootstrap", 20)
    result = mammolens("evaluate", *arguments)
    assert [line.split(": ")[1] for line in errors_in(result)] == [str(broken)]
    assert len(list(csv.DictReader((tmp_path / "report" / "scores.csv").open()))) == 7
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--split", "test"], 5, "has no case with a known truth in split 'test'; use --split all"),
        (["--split", "dev"], 5, "there is no split 'dev'; use all or one of train, validation"),
        (["-m", "nothing"], 6, "is not a model directory"),
        (["-d", "nowhere"], 5, "does not exist"),
        (["--bootstrap", "0"], 2, None),
        (["--report", "page"], 2, None),
        (["--against", "nothing"], 6, "is not a model directory"),
    ],
)
def test_a_mistake_is_one_line_and_its_code(
    mammolens, phantom_folder, a_trained_model, tmp_path, arguments, code, reason
):
    given = {"-d": phantom_folder, "-m": a_trained_model, "-o": tmp_path / "report"}
    if arguments[0] == "--report":
        del given["-o"]
    given |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    result = mammolens("evaluate", *(word for pair in given.items() for word in pair))
    assert result.exit_code == code
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "report").exists()
    if reason:
        (line,) = errors_in(result)
        assert reason in line


@pytest.mark.usefixtures("no_shipped_models")
def test_figures_can_be_recorded_in_the_model(mammolens, split_phantoms, a_trained_model, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(a_trained_model, model)
    arguments = ("-d", split_phantoms, "-o", tmp_path / "report", "-m", model, "--bootstrap", 20, "--record")
    for _ in range(2):
        assert mammolens("evaluate", *arguments).exit_code == 0
    assert (model / "MODEL_CARD.md").read_text().count("\n## Measured\n") == 1
    assert json.loads((model / "metrics.json").read_text())
    assert mammolens("predict", split_phantoms / "PHANTOM-0", "-o", tmp_path / "out", "-m", model).exit_code == 0


def test_one_page_stands_alone_and_the_rest_lies_in_a_folder_of_its_name(a_page):
    page = a_page.read_text()
    assert "Worst errors" in page
    assert "AUROC, model" in page
    header = (a_page.with_suffix("") / "scores.csv").read_text().splitlines()[0]
    # The shipped detector and the original method are always compared with.
    assert "score.restorer-" in header
    assert "score.autoencoder-" in header


def test_earlier_scores_are_measured_again_without_model_and_images(mammolens, a_page, tmp_path):
    first, again = a_page.with_suffix(""), tmp_path / "again"
    result = mammolens("evaluate", "--from-scores", first / "scores.csv", "-o", again, "--bootstrap", 20)
    assert result.exit_code == 0, result.stderr
    for name in ("evaluation.json", "evaluation.md", "scores.csv", "roc.png", "triage.png"):
        assert (again / name).read_bytes() == (first / name).read_bytes()


@pytest.mark.parametrize(
    "ignored",
    [["--model", "m"], ["--against", "m"], ["--split", "test"], ["--pictures", "6"], ["--table", "t"], ["--kind", "k"]],
)
def test_earlier_scores_refuse_what_they_would_ignore(mammolens, tmp_path, ignored):
    given = ("--from-scores", tmp_path / "scores.csv", "-o", tmp_path / "out", "--record", *ignored)
    result = mammolens("evaluate", *given)
    assert result.exit_code == 2
    told = " ".join(result.stderr.replace("│", " ").split())
    assert "leave out" in told
    assert "--record" in told
    assert ignored[0] in told


@pytest.mark.parametrize("wrong", [[], ["-d", "x"], ["--record"]])
def test_scores_and_data_exclude_each_other(mammolens, tmp_path, wrong):
    given = ["--from-scores", tmp_path / "scores.csv"] if wrong else []
    result = mammolens("evaluate", "-o", tmp_path / "out", *given, *wrong)
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_reading_policy_is_simulated_from_the_scores_of_an_evaluation(mammolens, a_page, tmp_path):
    folder, page = a_page.with_suffix(""), tmp_path / "policy.html"
    result = mammolens("simulate", folder, "--low", 0.5, "--bootstrap", 20, "--report", page)
    assert result.exit_code == 0, result.stderr
    assert "cancers found" in result.stdout
    assert "The 50 % lowest-scoring exams get one reading" in page.read_text()
    refused = mammolens("simulate", folder, "--low", 0.9, "--high", 0.2)
    assert refused.exit_code == 4
    assert "give shares that add up to 1 at most" in refused.stderr
