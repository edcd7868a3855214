from __future__ import annotations

from mammolens.datasets.formats import open_dataset


def test_it_writes_a_data_set_that_can_be_opened(mammolens, tmp_path):
    result = mammolens("phantom", "-o", tmp_path / "new", "-n", 1, "--abnormal", 1, "--seed", 3)
    assert result.exit_code == 0
    assert f"wrote 8 images and labels.csv to {tmp_path / 'new'}" in result.stderr
    assert result.stdout == ""
    dataset = open_dataset(tmp_path / "new")
    assert [case.clean_normal for case in dataset.cases].count(True) == 4
    assert [case.abnormal for case in dataset.cases].count(True) == 2


def test_what_makes_no_sense_is_refused_with_its_code(mammolens, tmp_path):
    (tmp_path / "file").write_text("")
    assert mammolens("phantom", "-o", tmp_path / "new", "-n", 0).exit_code == 2
    assert mammolens("phantom", "-o", tmp_path / "file").exit_code == 2
    assert mammolens("phantom", "-o", tmp_path / "new", "-n", 20_000).exit_code == 5
    assert not (tmp_path / "new").exists()
