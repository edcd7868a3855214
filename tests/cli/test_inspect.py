from __future__ import annotations

import json
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from topology.ports import free_port

from mammolens.cli.inspect import DATA, PAGE


@pytest.fixture
def a_folder(an_exam_folder, tmp_path):
    folder = tmp_path / "exam"
    shutil.copytree(an_exam_folder, folder)
    return folder


def test_tables_say_what_is_there_in_eighty_columns(mammolens, a_folder, a_trained_model):
    (a_folder / "broken.dcm").write_bytes((a_folder / "L_CC.dcm").read_bytes()[:9000])
    result = mammolens("inspect", a_folder, "-m", a_trained_model)
    assert result.exit_code == 0, result.stderr
    for words in (
        "Research use only",
        "patients",
        "R MLO",
        "192 x 160, 1.25 mm",
        "Explicit VR Little Endian",
        "Refused",
    ):
        assert words in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


def test_json_is_the_whole_inspection(mammolens, a_folder, a_trained_model):
    found = json.loads(mammolens("inspect", a_folder, "-m", a_trained_model, "--json").stdout)
    assert found["totals"]["usable"] == len(found["images"]) == 4
    assert found["pixels_read"] is True


def test_a_folder_for_the_output_gets_page_and_data(mammolens, a_folder, a_trained_model, tmp_path):
    output = tmp_path / "new" / "out"
    result = mammolens("inspect", a_folder, "-o", output, "-m", a_trained_model, "--pictures", 2)
    assert f"see {output / PAGE}" in result.stderr
    assert {path.name for path in output.iterdir()} == {PAGE, DATA}
    assert (output / PAGE).read_text().count("data:image/jpeg") == 2
    assert json.loads((output / DATA).read_text())["totals"]["images"] == 4


def test_headers_alone_need_neither_model_nor_network(mammolens, a_folder, tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    result = mammolens("inspect", a_folder, "--headers-only", "--json", "-m", tmp_path / "none")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["model"] is None


def test_a_source_of_refused_images_only_is_no_error(mammolens, tmp_path):
    (tmp_path / "damaged.dcm").write_bytes(bytes(128) + b"DICM" + b"\xff" * 40)
    result = mammolens("inspect", tmp_path, "--headers-only", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["totals"]["refused"] == 1


@pytest.mark.parametrize(("content", "code"), [(None, 5), ("", 3), ("image,patient_id\nmissing.dcm,1\n", 5)])
def test_a_source_that_cannot_be_read_is_one_line_and_a_code(mammolens, tmp_path, content, code):
    folder = tmp_path / "source"
    if content is not None:
        folder.mkdir()
    if content:
        (folder / "labels.csv").write_text(content)
    result = mammolens("inspect", folder)
    assert result.exit_code == code
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert str(folder) in line


def test_a_long_table_is_cut_and_says_so(mammolens, phantom_folder, tmp_path):
    for name in ("one", "two"):
        shutil.copytree(phantom_folder, tmp_path / name)
    result = mammolens("inspect", tmp_path, "--headers-only")
    assert "and 62 more: see --json or --output" in " ".join(result.stdout.split())


# ---------------------------------------------------------------- a PACS


def test_headers_of_a_pacs_are_inspected_without_fetching_an_image(mammolens, a_pacs):
    result = mammolens("inspect", a_pacs.url, "--headers-only", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["kind"], found["source"]) == ("dicomweb", a_pacs.url)
    assert (found["totals"]["usable"], found["totals"]["refused"], found["totals"]["patients"]) == (3, 1, 1)
    assert found["refusals"][0]["reason"] == "the PACS has no such instance"
    assert [one["name"] for one in found["encodings"]] == ["DICOM, Explicit VR Little Endian"]
    asked = [path for path in a_pacs.paths() if "/instances/" in path]
    assert len(asked) == 4
    assert all(path.endswith("/metadata") for path in asked)


def test_pixels_of_a_pacs_are_fetched_one_by_one_and_nothing_stays(mammolens, a_pacs, a_trained_model, tmp_path):
    before = set(Path(tempfile.gettempdir()).glob("mammolens-inspect-*"))
    result = mammolens("inspect", a_pacs.url, "-m", a_trained_model, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["pixels_read"] is True
    assert (tmp_path / "out" / PAGE).read_text().count("data:image/jpeg") == 3
    assert set(Path(tempfile.gettempdir()).glob("mammolens-inspect-*")) == before


@pytest.mark.slow
def test_a_pacs_that_does_not_answer_is_one_line_and_code_three(mammolens):
    result = mammolens("inspect", f"http://127.0.0.1:{free_port()}/dicom-web")
    assert result.exit_code == 3
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "the PACS does not answer" in line


def test_a_table_does_not_apply_to_a_pacs(mammolens, tmp_path):
    result = mammolens("inspect", "http://127.0.0.1:1", "-t", tmp_path / "table.csv")
    assert result.exit_code == 5
    assert "does not apply to a PACS" in result.stderr
