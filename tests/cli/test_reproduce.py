from __future__ import annotations

import shutil

import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset


@pytest.fixture
def development_folders(tmp_path):
    """Three phantoms, one of them abnormal, in the place of two data sets."""
    write_phantom_dataset(
        tmp_path / "data" / "mias640", normals=2, abnormals=1, rows=160, columns=128, spacing=(1.6, 1.6)
    )
    shutil.copytree(tmp_path / "data" / "mias640", tmp_path / "data" / "inbreast2048")
    return tmp_path / "data"


@pytest.mark.usefixtures("no_shipped_ensembles")
def test_each_data_set_has_a_section_with_intervals_and_a_report(
    mammolens, development_folders, a_trained_model, tmp_path
):
    arguments = ("-d", development_folders, "-m", a_trained_model, "--bootstrap", 20, "-o", tmp_path / "out")
    result = mammolens("reproduce", *arguments, "--only", "inbreast2048", "--only", "mias640")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "out" / "results.md").read_text()
    assert page.startswith("# Results of tiny-")
    assert "Research use only, not a medical device." in page
    for name in ("inbreast2048", "mias640"):
        section = page.split(f"## {name}\n")[1].split("\n## ")[0]
        assert "Normal / abnormal: 10 / 2 images, 2 / 1 patients." in section
        assert "| all | AUROC, images | " in section
        assert "| all | AUROC, model minus autoencoder-" in section
        assert (tmp_path / "out" / name / "evaluation.html").is_file()


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ((), "has no folder rsna640, cbis800; add it, or select others with --only"),
        (("--only", "cbis800"), "has no folder cbis800"),
        (("--only", "rsna"), "there is no measurement rsna; use inbreast2048, rsna640, mias640, cbis800"),
    ],
)
def test_what_is_not_there_is_told_before_anything_is_scored(mammolens, development_folders, tmp_path, only, message):
    result = mammolens("reproduce", "-d", development_folders, "-o", tmp_path / "out", *only)
    assert result.exit_code == 5
    assert message in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()
