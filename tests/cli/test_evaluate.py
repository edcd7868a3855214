from __future__ import annotations

import csv
import json
import shutil

import pytest


def errors_in(result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("error: ")]


@pytest.fixture
def split_phantoms(phantom_folder, tmp_path):
    """The CC views again; the two abnormal exams and four of the normal ones are the test split.

    Half of the images: three models score each.
    """
    folder = tmp_path / "data"
    shutil.copytree(phantom_folder, folder, ignore=shutil.ignore_patterns("*_MLO.dcm"))
    rows = [row for row in csv.DictReader((folder / "labels.csv").open()) if row["image"].endswith("_CC.dcm")]
    for row in rows:
        number = int(row["patient_id"].removeprefix("PHANTOM-"))
        row["split"] = "train" if number < 6 else "calibration" if number < 12 else "test"
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return folder


def test_from_training_to_figures(mammolens, a_config_file, split_phantoms, tmp_path):
    model, judged, report = tmp_path / "model", tmp_path / "judged", tmp_path / "report"
    trained = mammolens("train", "-c", a_config_file, "-d", split_phantoms, "-o", model)
    assert trained.exit_code == 0, trained.stderr
    record = json.loads((model / "training.json").read_text())
    assert record["patients"]["calibration"] == 6
    assert record["patients"]["train"] + record["patients"]["validation"] == 6

    predicted = mammolens("predict", split_phantoms / "PHANTOM-17", "-o", judged, "-m", model, "--no-overlays")
    assert predicted.exit_code == 0, predicted.stderr

    measured = mammolens("evaluate", "-d", split_phantoms, "-o", report, "-m", model, "--bootstrap", 20)
    assert measured.exit_code == 0, measured.stderr
    assert f"wrote {report / 'evaluation.html'}" in measured.stderr
    assert trained.stdout.strip() in (report / "evaluation.md").read_text()
    assert "warning" not in measured.stderr  # the test split taught nobody
    scores = {row["path"]: row for row in csv.DictReader((report / "scores.csv").open())}
    assert len(scores) == 12
    for line in (judged / "results.jsonl").read_text().splitlines():
        result = json.loads(line)
        assert float(scores[result["path"]]["pred_score"]) == pytest.approx(result["pred_score"], rel=1e-6)


def test_patients_of_the_training_are_noticed_if_all_are_scored(mammolens, phantom_folder, a_trained_model, tmp_path):
    arguments = ("-d", phantom_folder, "--split", "all", "-m", a_trained_model, "--bootstrap", 20, "--pictures", 0)
    result = mammolens("evaluate", *arguments, "-o", tmp_path / "report")
    assert result.exit_code == 0, result.stderr
    (warning,) = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert "was trained or calibrated on 16 of these 18 patients: its figures are too good" in warning
    assert warning.removeprefix("warning: ") in (tmp_path / "report" / "evaluation.md").read_text()


def test_unusable_images_are_said_and_the_others_are_measured(mammolens, split_phantoms, a_trained_model, tmp_path):
    broken = split_phantoms / "PHANTOM-12" / "L_CC.dcm"
    broken.write_bytes(broken.read_bytes()[:5000])
    arguments = ("-d", split_phantoms, "-o", tmp_path / "report", "-m", a_trained_model, "--bootstrap", 20)
    result = mammolens("evaluate", *arguments)
    assert [line.split(": ")[1] for line in errors_in(result)] == [str(broken)]
    assert len(list(csv.DictReader((tmp_path / "report" / "scores.csv").open()))) == 11
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--split", "test"], 5, "has no case with a known truth in split 'test'; use --split all"),
        (["--split", "dev"], 5, "there is no split 'dev'; use all or one of train, validation"),
        (["-m", "nothing"], 6, "is not a model directory"),
        (["-d", "nowhere"], 5, "is not there"),
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


def test_figures_can_be_recorded_in_the_model(mammolens, split_phantoms, a_trained_model, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(a_trained_model, model)
    arguments = ("-d", split_phantoms, "-o", tmp_path / "report", "-m", model, "--bootstrap", 20, "--record")
    for _ in range(2):
        assert mammolens("evaluate", *arguments).exit_code == 0
    assert (model / "MODEL_CARD.md").read_text().count("\n## Measured\n") == 1
    assert json.loads((model / "metrics.json").read_text())
    assert mammolens("predict", split_phantoms / "PHANTOM-0", "-o", tmp_path / "out", "-m", model).exit_code == 0


def test_one_page_stands_alone_and_the_rest_lies_in_a_folder_of_its_name(
    mammolens, split_phantoms, a_trained_model, tmp_path
):
    arguments = ("-d", split_phantoms, "--report", tmp_path / "page.html", "-m", a_trained_model, "--bootstrap", 20)
    result = mammolens("evaluate", *arguments)
    assert result.exit_code == 0, result.stderr
    assert f"wrote {tmp_path / 'page.html'}" in result.stderr
    page = (tmp_path / "page.html").read_text()
    assert "Worst errors" in page
    assert "AUROC, model" in page
    assert (tmp_path / "page" / "scores.csv").is_file()
    header = (tmp_path / "page" / "scores.csv").read_text().splitlines()[0]
    # The shipped detector and the original method are always compared with.
    assert "score.restorer-" in header
    assert "score.autoencoder-" in header


def test_earlier_scores_are_measured_again_without_model_and_images(
    mammolens, split_phantoms, a_trained_model, tmp_path
):
    first, again = tmp_path / "first", tmp_path / "again"
    assert (
        mammolens("evaluate", "-d", split_phantoms, "-o", first, "-m", a_trained_model, "--bootstrap", 20).exit_code
        == 0
    )
    shutil.rmtree(split_phantoms)
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


def test_a_reading_policy_is_simulated_from_the_scores_of_an_evaluation(
    mammolens, split_phantoms, a_trained_model, tmp_path
):
    folder, page = tmp_path / "evaluation", tmp_path / "policy.html"
    evaluated = mammolens("evaluate", "-d", split_phantoms, "-o", folder, "-m", a_trained_model, "--bootstrap", 20)
    assert evaluated.exit_code == 0, evaluated.stderr
    result = mammolens("simulate", folder, "--low", 0.5, "--bootstrap", 20, "--report", page)
    assert result.exit_code == 0, result.stderr
    assert "cancers found" in result.stdout
    assert "The 50 % lowest-scoring exams get one reading" in page.read_text()
    refused = mammolens("simulate", folder, "--low", 0.9, "--high", 0.2)
    assert refused.exit_code == 4
    assert "give shares that add up to 1 at most" in refused.stderr
