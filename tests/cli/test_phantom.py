from __future__ import annotations

import numpy as np

from mammolens.datasets.formats import open_dataset
from mammolens.dicom.reader import read_mammogram


def test_it_writes_a_data_set_that_can_be_opened(mammolens, tmp_path):
    result = mammolens("phantom", "-o", tmp_path / "new", "-n", 1, "--abnormal", 1, "--seed", 3)
    assert result.exit_code == 0
    assert f"wrote 8 images and labels.csv to {tmp_path / 'new'}" in result.stderr
    assert result.stdout == ""
    dataset = open_dataset(tmp_path / "new")
    assert [case.clean_normal for case in dataset.cases].count(True) == 4
    assert [case.abnormal for case in dataset.cases].count(True) == 2


def test_quiet_leaves_out_progress_and_notes_but_no_error(mammolens, tmp_path):
    for written in ("phantom", "-o", tmp_path / "new", "-n", 1, "--quiet"), ("phantom", "-q", "-o", tmp_path / "other"):
        result = mammolens(*written, "-n", 1)
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    result = mammolens("phantom", "-o", tmp_path / "new" / "labels.csv", "-n", 1, "--quiet")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")


def test_what_makes_no_sense_is_refused_with_its_code(mammolens, tmp_path):
    (tmp_path / "file").write_text("")
    assert mammolens("phantom", "-o", tmp_path / "new", "-n", 0).exit_code == 2
    assert mammolens("phantom", "-o", tmp_path / "file").exit_code == 2
    assert mammolens("phantom", "-o", tmp_path / "new", "-n", 20_000).exit_code == 5
    assert not (tmp_path / "new").exists()


def test_a_higher_contrast_makes_the_lesion_brighter_and_nothing_else(mammolens, tmp_path):
    for name, options in (("faint", ()), ("bright", ("--contrast", 0.45))):
        result = mammolens("phantom", "-o", tmp_path / name, "-n", 1, "--abnormal", 1, *options)
        assert result.exit_code == 0
    assert mammolens("phantom", "-o", tmp_path / "none", "--contrast", 0).exit_code == 2
    (faint, bright), (faint_normal, bright_normal) = (
        [read_mammogram(tmp_path / name / patient / "L_CC.dcm").pixels for name in ("faint", "bright")]
        for patient in ("PHANTOM-1", "PHANTOM-0")
    )
    assert 0.1 < (bright - faint).max() <= 0.21
    assert (bright - faint).min() > -0.01
    np.testing.assert_array_equal(faint_normal, bright_normal)
