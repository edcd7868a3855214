from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import jsonschema
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from PIL import Image
from pydicom.uid import BreastTomosynthesisImageStorage, ComprehensiveSRStorage, CTImageStorage, SegmentationStorage

from mammolens.cli.exit_codes import ExitCode
from mammolens.enums import MapSize
from mammolens.inference import outputs
from mammolens.inference.outputs import RESULTS
from mammolens.inference.predictor import Predictor
from mammolens.inference.schema import record_schema
from mammolens.models.directory import seal_model

DEMANDED = {
    "path", "sop_instance_uid", "patient", "laterality", "view", "pred_score", "p_value", "breast_score", "exam_score",
    "exam_p_value", "quality_flags", "model", "calibration",
}  # fmt: skip


def results_in(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / RESULTS).read_text().splitlines()]


def errors_in(result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("error: ")]


def test_a_folder_leaves_results_maps_and_pictures(mammolens, an_exam_folder, a_trained_model, tmp_path):
    output = tmp_path / "new" / "out"
    result = mammolens("predict", an_exam_folder, "-o", output, "-m", a_trained_model)
    assert result.exit_code == 0
    assert "4 images analysed, 0 unusable" in result.stderr
    assert not errors_in(result)
    stems = ("L_CC", "L_MLO", "R_CC", "R_MLO")
    suffixes = (".anomaly.nrrd", ".anomaly.nii.gz", ".overlay.png")
    assert {path.name for path in output.iterdir()} == {f"{stem}{suffix}" for stem in stems for suffix in suffixes} | {
        RESULTS
    }


def test_each_line_of_the_results_holds_what_is_demanded(mammolens, an_exam_folder, a_trained_model, tmp_path):
    mammolens("predict", an_exam_folder, "-o", tmp_path, "-m", a_trained_model, "--maps", "none", "--no-overlays")
    records, schema = results_in(tmp_path), json.loads(record_schema())
    assert len(records) == 4
    for record in records:
        assert set(record) >= DEMANDED
        jsonschema.Draft7Validator(schema).validate(record)
    assert len({record["exam_score"] for record in records}) == 1
    assert len({record["breast_score"] for record in records}) == 2
    assert [path.name for path in tmp_path.iterdir()] == [RESULTS]


def test_tables_have_a_row_per_image_and_a_row_per_exam(mammolens, phantom_folder, phantoms, a_trained_model, tmp_path):
    folders = [phantom_folder / patient for patient in phantoms.patients[:2]]
    mammolens("predict", *folders, "-o", tmp_path, "-m", a_trained_model, "--maps", "none", "--no-overlays", "--csv")
    records = results_in(tmp_path)
    images, exams = (list(csv.DictReader((tmp_path / name).open())) for name in ("images.csv", "exams.csv"))
    assert [row["path"] for row in images] == [record["path"] for record in records]
    assert [row["patient"] for row in exams] == list(phantoms.patients[:2])
    for row, record in zip(exams, (records[0], records[4]), strict=True):
        assert float(row["exam_p_value"]) == record["exam_p_value"]
        assert row["exam_is_anomalous"] == str(record["exam_is_anomalous"])
        assert (row["images"], row["views"].count(",")) == ("4", 3)
        assert row["notice"].startswith("Research use only")


def test_the_float_map_lies_on_the_image(mammolens, an_exam_folder, a_trained_model, tmp_path):
    mammolens("predict", an_exam_folder / "R_MLO.dcm", "-o", tmp_path, "-m", a_trained_model, "--no-overlays")
    image, heat = (
        sitk.ReadImage(str(path)) for path in (an_exam_folder / "R_MLO.dcm", tmp_path / "R_MLO.anomaly.nrrd")
    )
    assert heat.GetPixelID() == sitk.sitkFloat32
    assert heat.GetSize() == image.GetSize()
    for ask in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(heat, ask)() == pytest.approx(getattr(image, ask)())


def test_maps_are_written_small_or_not_at_all(mammolens, an_exam_folder, a_trained_model, tmp_path, monkeypatch):
    monkeypatch.setattr(outputs, "_SMALL_MAP", 64)
    for size in MapSize:
        arguments = ("-o", tmp_path / size, "-m", a_trained_model, "--no-overlays", "--maps", size)
        assert mammolens("predict", an_exam_folder / "L_CC.dcm", *arguments).exit_code == 0
    assert [path.name for path in (tmp_path / "none").iterdir()] == [RESULTS]
    full, small = (sitk.ReadImage(str(tmp_path / size / "L_CC.anomaly.nrrd")) for size in ("full", "small"))
    assert max(small.GetSize()) <= 64 < max(full.GetSize())
    assert small.GetSpacing()[0] > full.GetSpacing()[0]
    extents = [np.multiply(image.GetSize(), image.GetSpacing()) for image in (full, small)]
    assert np.all(extents[0] - extents[1] < small.GetSpacing())


def test_json_lines_on_stdout_are_those_of_the_file(mammolens, an_exam_folder, a_trained_model, tmp_path):
    result = mammolens("predict", an_exam_folder, "-o", tmp_path, "-m", a_trained_model, "--json", "--maps", "none")
    assert result.stdout == (tmp_path / RESULTS).read_text()


def test_the_table_for_people_names_every_image_and_the_notice(mammolens, an_exam_folder, a_trained_model, tmp_path):
    result = mammolens(
        "predict", an_exam_folder, "-o", tmp_path, "-m", a_trained_model, "--maps", "none", "--no-overlays"
    )
    for words in ("L_CC.dcm", "R_MLO.dcm", "R MLO", "Research use only", "image %"):
        assert words in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


def test_a_table_wins_over_headers_and_groups_exams(mammolens, phantom_folder, phantoms, a_trained_model, tmp_path):
    first, second = phantoms.patients[:2]
    table = tmp_path / "table.csv"
    table.write_text(
        f"image,patient_id,exam_id,machine_id,view\n{first}/L_CC.dcm,Anna,1,49,XCCL\n{second}/L_CC.dcm,Anna,1,49,\n"
    )
    files = [phantom_folder / patient / "L_CC.dcm" for patient in (first, second)]
    result = mammolens("predict", *files, "-o", tmp_path / "out", "-m", a_trained_model, "-t", table, "--maps", "none")
    assert result.exit_code == 0
    records = results_in(tmp_path / "out")
    assert [record["patient"] for record in records] == ["Anna", "Anna"]
    assert [record["acquisition_group"] for record in records] == ["49", "49"]
    assert [(record["view"], record["view_source"]) for record in records] == [("XCCL", "table"), ("CC", "header")]
    assert len({record["exam_score"] for record in records}) == 1
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {RESULTS, f"{first}_L_CC.overlay.png", f"{second}_L_CC.overlay.png"}


# ---------------------------------------------------------------- stopped


@pytest.fixture
def stopped(mammolens, phantom_folder, phantoms, a_trained_model, tmp_path, monkeypatch):
    """A run over three exams that was stopped while it wrote the second image of the second; its arguments."""
    folders = [phantom_folder / patient for patient in phantoms.patients[:3]]
    arguments = ("predict", *folders, "-o", tmp_path, "-m", a_trained_model, "--maps", "none", "--dicom", "report")
    drawn = []

    def interrupted(result, mammogram, folder, stem):
        drawn.append(stem)
        if len(drawn) == 6:
            raise KeyboardInterrupt
        return outputs_write_overlay(result, mammogram, folder, stem)

    outputs_write_overlay = outputs.write_overlay
    with monkeypatch.context() as patch:
        patch.setattr(outputs, "write_overlay", interrupted)
        result = mammolens(*arguments)
    assert result.exit_code == ExitCode.INTERRUPTED
    assert "stopped; the images analysed so far are in" in result.stderr
    return arguments


def test_what_was_analysed_before_ctrl_c_is_there_and_the_same_command_continues(
    mammolens, stopped, tmp_path, monkeypatch
):
    before = results_in(tmp_path)
    assert len(before) == 5
    analysed = []
    analyse = Predictor.analyse
    monkeypatch.setattr(Predictor, "analyse", lambda self, image: analysed.append(image) or analyse(self, image))
    result = mammolens(*stopped)
    assert result.exit_code == 0, result.stderr
    assert "continuing: 4 of 12 images are already analysed" in result.stderr
    assert "12 images analysed, 0 unusable" in result.stderr
    assert len(analysed) == 8
    lines = (tmp_path / RESULTS).read_text()
    assert results_in(tmp_path)[:4] == before[:4]
    assert len(list(tmp_path.glob("*.report.dcm"))) == 3
    mammolens(*stopped)  # complete: nothing is continued, and the results are the same
    assert len(analysed) == 20
    assert (tmp_path / RESULTS).read_text() == lines
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("change", ["file", "model", "torn"])
def test_what_does_not_belong_to_this_run_any_more_is_analysed_again(
    mammolens, stopped, a_trained_model, tmp_path, change
):
    if change == "file":
        os.utime(stopped[1] / "L_CC.dcm")
    elif change == "torn":
        (tmp_path / RESULTS).write_text("{}")
    else:
        model = shutil.copytree(a_trained_model, tmp_path / "model")
        with (model / "config.yaml").open("a") as config:
            config.write("# another")
        seal_model(model)
        stopped = tuple(model if argument == a_trained_model else argument for argument in stopped)
    result = mammolens(*stopped)
    assert result.exit_code == 0, result.stderr
    assert "continuing" not in result.stderr
    assert len(results_in(tmp_path)) == 12


# ---------------------------------------------------------------- what cannot be used


@pytest.fixture
def a_file(an_exam_folder, tmp_path):
    """Makes a file that is not a usable mammogram, by the name of its fault."""
    good = an_exam_folder / "L_CC.dcm"

    def with_tags(path: Path, **tags: object) -> None:
        dataset = pydicom.dcmread(good)
        for keyword, value in tags.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)

    def picture(path: Path, array: np.ndarray) -> None:
        Image.fromarray(array).save(path, format="PNG")

    ramp = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (96, 1))
    speck = np.zeros((96, 96), np.uint8)
    speck[3, 3] = 255
    makers = {
        "missing": lambda path: None,
        "empty": lambda path: path.write_bytes(b""),
        "text": lambda path: path.write_text("no image"),
        "truncated DICOM": lambda path: path.write_bytes(good.read_bytes()[:20_000]),
        "CT": lambda path: with_tags(path, Modality="CT", SOPClassUID=CTImageStorage),
        "for processing": lambda path: with_tags(path, PresentationIntentType="FOR PROCESSING"),
        "tomosynthesis": lambda path: with_tags(path, SOPClassUID=BreastTomosynthesisImageStorage, NumberOfFrames=9),
        "one grey": lambda path: with_tags(path, PixelData=bytes(2 * 192 * 160)),
        "colour": lambda path: picture(path, np.stack([ramp, ramp[::-1], ramp.T], axis=-1)),
        "tiny": lambda path: picture(path, ramp[:20, :20]),
        "no breast": lambda path: picture(path, speck),
        "folder of nothing": lambda path: path.mkdir(),
        "damaged picture": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"damage" * 20),
    }

    def make(fault: str) -> Path:
        path = tmp_path / "bad" / fault
        path.parent.mkdir(exist_ok=True)
        makers[fault](path)
        return path

    return make


REASONS = {
    "missing": "does not exist; check the path",
    "empty": "the file is empty",
    "text": "is neither DICOM nor PNG nor JPEG",
    "truncated DICOM": "",
    "CT": "Modality is CT, not MG",
    "for processing": "PresentationIntentType is FOR PROCESSING; export the FOR PRESENTATION image",
    "tomosynthesis": "tomosynthesis",
    "one grey": "all pixels have the same value",
    "colour": "colour",
    "tiny": "20 x 20 pixels",
    "no breast": "no breast is visible",
    "folder of nothing": "contains no DICOM, PNG or JPEG file",
    "damaged picture": "",
}


@pytest.mark.parametrize("fault", REASONS)
def test_an_unusable_image_is_one_line_and_code_three_and_the_good_ones_are_done(
    mammolens, a_file, an_exam_folder, a_trained_model, tmp_path, fault
):
    bad, output = a_file(fault), tmp_path / "out"
    good = an_exam_folder / "R_CC.dcm"
    result = mammolens("predict", bad, good, "-o", output, "-m", a_trained_model, "--maps", "none", "--no-overlays")
    assert result.exit_code == 3, result.stderr
    (line,) = errors_in(result)
    assert line.startswith(f"error: {bad}: ")
    assert REASONS[fault] in line
    assert [record["path"] for record in results_in(output)] == [str(good)]
    assert "1 images analysed, 1 unusable" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_a_cd_brings_with_its_images_is_passed_over_and_counted_but_no_error(
    mammolens, a_file, an_exam_folder, a_trained_model, tmp_path
):
    disc = tmp_path / "disc"
    shutil.copytree(an_exam_folder, disc / "IMAGES")
    raw = pydicom.dcmread(disc / "IMAGES" / "R_CC.dcm")
    raw.PresentationIntentType = "FOR PROCESSING"
    raw.save_as(disc / "IMAGES" / "RAW")
    shutil.copy(disc / "IMAGES" / "R_CC.dcm", disc / "dicomdir")
    shutil.copy(a_file("tiny"), disc / "logo.png")
    (disc / "viewer.exe").write_bytes(b"MZ" + bytes(200))
    result = mammolens(
        "predict", disc, "-o", tmp_path / "out", "-m", a_trained_model, "--maps", "none", "--no-overlays"
    )
    assert result.exit_code == 0, result.stderr
    assert not errors_in(result)
    assert "4 images analysed, 0 unusable, 4 other files skipped; see" in result.stderr


def test_many_bad_images_are_a_line_each(mammolens, a_file, an_exam_folder, a_trained_model, tmp_path):
    bad = [a_file(fault) for fault in REASONS]
    result = mammolens("predict", *bad, an_exam_folder, "-o", tmp_path / "out", "-m", a_trained_model, "--maps", "none")
    assert result.exit_code == 3
    assert len(errors_in(result)) == len(bad)
    assert len(results_in(tmp_path / "out")) == 4


def test_nothing_usable_at_all_is_code_three(mammolens, a_file, a_trained_model, tmp_path):
    result = mammolens("predict", a_file("text"), a_file("missing"), "-o", tmp_path / "out", "-m", a_trained_model)
    assert result.exit_code == 3
    assert len(errors_in(result)) == 2
    assert results_in(tmp_path / "out") == []


@pytest.mark.parametrize("damage", ["missing", "weights", "calibration"])
def test_a_model_that_cannot_be_used_is_one_line_and_code_six(
    mammolens, an_exam_folder, a_trained_model, tmp_path, damage
):
    model = tmp_path / "model"
    if damage != "missing":
        shutil.copytree(a_trained_model, model)
        (model / {"weights": "model.safetensors", "calibration": "calibration.json"}[damage]).write_text("{")
    result = mammolens("predict", an_exam_folder, "-o", tmp_path / "out", "-m", model)
    assert result.exit_code == 6
    assert len(errors_in(result)) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "config.yaml"])
def test_a_model_whose_files_changed_silently_is_refused_by_name(
    mammolens, an_exam_folder, a_trained_model, tmp_path, name
):
    model = tmp_path / "model"
    shutil.copytree(a_trained_model, model)
    content = (model / name).read_bytes()
    lines = content.splitlines(keepends=True)
    # half of a configuration is a configuration; zeros are weights
    damaged = b"".join(lines[: len(lines) // 2]) if name == "config.yaml" else content[:-1000] + bytes(1000)
    (model / name).write_bytes(damaged)
    result = mammolens("predict", an_exam_folder, "-o", tmp_path / "out", "-m", model)
    assert result.exit_code == 6
    (line,) = errors_in(result)
    assert line.startswith(f"error: {model / name}: is damaged or was changed")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read"),
        ("path,age\na.dcm,3\n", "image"),
        ("image,laterality\nL_CC.dcm,B\n", "line 2, column 'laterality': 'B'"),
        ("image,patient_id\nelsewhere.dcm,Anna\n", "lists none of the 4 images"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_line_and_code_five(
    mammolens, an_exam_folder, a_trained_model, tmp_path, content, reason
):
    table = tmp_path / "table.csv"
    if content is not None:
        table.write_text(content)
    result = mammolens("predict", an_exam_folder, "-o", tmp_path / "out", "-m", a_trained_model, "-t", table)
    assert result.exit_code == 5
    (line,) = errors_in(result)
    assert line.startswith(f"error: {table}: ")
    assert reason in line


def test_one_bad_cell_of_a_table_leaves_out_its_image_and_not_the_run(
    mammolens, an_exam_folder, a_trained_model, tmp_path
):
    table = tmp_path / "table.csv"
    table.write_text("image,patient_id,view\nL_CC.dcm,Anna,CC\nL_MLO.dcm,Anna,AT\n")
    result = mammolens("predict", an_exam_folder, "-o", tmp_path / "out", "-m", a_trained_model, "-t", table)
    assert result.exit_code == 3
    (line,) = errors_in(result)
    assert line.startswith(f"error: {table}: line 3, column 'view': 'AT' is unknown; use one of CC, ")
    assert "3 images analysed, 1 unusable" in result.stderr
    names = sorted(Path(record["path"]).name for record in results_in(tmp_path / "out"))
    assert names == ["L_CC.dcm", "R_CC.dcm", "R_MLO.dcm"]


def test_an_output_that_is_a_file_is_one_line_and_code_two(mammolens, an_exam_folder, a_trained_model, tmp_path):
    (tmp_path / "out").write_text("in the way")
    result = mammolens("predict", an_exam_folder, "-o", tmp_path / "out", "-m", a_trained_model)
    assert result.exit_code == 2
    assert errors_in(result) == [
        f"error: {tmp_path / 'out'}: File exists; choose another location, or check its permissions and free space"
    ]


# ---------------------------------------------------------------- names


def test_an_output_inside_of_the_folder_is_not_analysed_the_next_time(
    mammolens, an_exam_folder, a_trained_model, tmp_path
):
    exam = tmp_path / "exam"
    shutil.copytree(an_exam_folder, exam)
    for _ in range(2):
        result = mammolens("predict", exam, "-o", exam / "out", "-m", a_trained_model, "--maps", "none")
        assert result.exit_code == 0
        assert len(results_in(exam / "out")) == 4


def test_files_named_by_their_uid_do_not_overwrite_each_other(mammolens, an_exam_folder, a_trained_model, tmp_path):
    (tmp_path / "exam").mkdir()
    for number, file in enumerate(sorted(an_exam_folder.iterdir())):
        shutil.copy(file, tmp_path / "exam" / f"1.2.840.113654.{number}")
    mammolens("predict", tmp_path / "exam", "-o", tmp_path / "out", "-m", a_trained_model, "--no-overlays")
    maps = {path.name for path in (tmp_path / "out").glob("*.nrrd")}
    assert maps == {f"1.2.840.113654.{number}.anomaly.nrrd" for number in range(4)}


@pytest.mark.parametrize(
    "name", [b"[b]x.dcm", b":smile: [red]x.dcm", b"new\nline.dcm", b"caf\xc3\xa9.dcm", b"latin\xe9.dcm"]
)
def test_odd_file_names_are_no_trouble(mammolens, an_exam_folder, a_trained_model, tmp_path, name):
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    shutil.copy(an_exam_folder / "L_CC.dcm", file)
    for mode in ([], ["--json"]):
        result = mammolens("predict", file, "-o", tmp_path / "out", "-m", a_trained_model, "--maps", "none", *mode)
        assert result.exit_code == 0, result.stderr
    (record,) = results_in(tmp_path / "out")
    assert str(record["path"]).endswith(".dcm")


def test_dicom_objects_are_written_beside_the_rest(mammolens, an_exam_folder, a_trained_model, tmp_path):
    arguments = (
        "-m",
        a_trained_model,
        "--maps",
        "none",
        "--no-overlays",
        "--dicom",
        "segmentation",
        "--dicom",
        "report",
    )
    result = mammolens("predict", an_exam_folder, "-o", tmp_path, *arguments)
    assert result.exit_code == 0
    assert not errors_in(result)
    (report,) = tmp_path.glob("exam_*.report.dcm")
    assert pydicom.dcmread(report).SOPClassUID == ComprehensiveSRStorage
    for stem in ("L_CC", "L_MLO", "R_CC", "R_MLO"):
        assert pydicom.dcmread(tmp_path / f"{stem}.segmentation.dcm").SOPClassUID == SegmentationStorage
    assert len(list(tmp_path.iterdir())) == 6


def test_dicom_objects_of_an_earlier_run_are_no_mammograms(mammolens, an_exam_folder, a_trained_model, tmp_path):
    folder = tmp_path / "exam"
    shutil.copytree(an_exam_folder, folder)
    for _ in range(2):
        result = mammolens(
            "predict", folder, "-o", folder, "-m", a_trained_model, "--maps", "none", "--dicom", "cad_report"
        )
        assert result.exit_code == 0
        assert "4 images analysed, 0 unusable" in result.stderr


def test_another_kind_of_dicom_object_is_refused_before_any_work(mammolens, an_exam_folder, tmp_path):
    result = mammolens("predict", an_exam_folder, "-o", tmp_path / "out", "--dicom", "seg")
    assert result.exit_code == ExitCode.CONFIG
    assert errors_in(result) == [
        "error: --dicom: 'seg' is not a kind of DICOM object; use any of segmentation, parametric_map, "
        "secondary_capture, report, cad_report, presentation_state, separated by commas"
    ]
    assert not (tmp_path / "out").exists()


def test_a_picture_is_analysed_but_has_no_dicom_object(mammolens, an_exam_folder, a_trained_model, tmp_path):
    pixels = pydicom.dcmread(an_exam_folder / "L_CC.dcm").pixel_array
    Image.fromarray((pixels >> 4).astype(np.uint8)).save(tmp_path / "L_CC.png")
    result = mammolens(
        "predict",
        tmp_path / "L_CC.png",
        "-o",
        tmp_path / "out",
        "-m",
        a_trained_model,
        "--dicom",
        "segmentation,report",
    )
    assert result.exit_code == ExitCode.INPUT
    (error,) = errors_in(result)
    assert "L_CC.png: is not a DICOM file" in error
    assert "leave out the results as DICOM" in error
    assert "1 images analysed, 0 unusable" in result.stderr
    assert (tmp_path / "out" / "L_CC.overlay.png").is_file()
    assert not list((tmp_path / "out").glob("*.dcm"))
