from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.datasets.formats import dataset_kinds, detect_kind, open_dataset, open_datasets
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.errors import DatasetError

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "datasets.md"
FIRST_LINES = {
    "rsna640": "image,split,clean_negative,inverted,patient_id,BIRADS\na.png,test,1,0,1,1\n",
    "mias": "image,patient_id,tissue,label,severity,col,row,radius\na.png,1,G,NORM,,,,\n",
    "inbreast2048": "image,patient_id,acr_density,birads,mass_mask,pixel_size_mm\na.png,1,2,1,0,0.1\n",
    "cbis800": "image,patient_id,x,y,w,h\n00001_LEFT_CC.jpg,1,1,1,1,1\n",
    "table": "image,patient_id\na.png,1\n",
    "folder": "name,comment\na.png,nice\n",
}


@pytest.mark.parametrize("kind", FIRST_LINES)
def test_a_kind_is_told_by_the_columns_of_labels_csv(write_text, kind):
    assert detect_kind(write_text("labels.csv", FIRST_LINES[kind]).parent) == kind


def test_a_table_of_one_s_own_may_have_boxes(write_text, write_images):
    folder = write_images("a.png")
    write_text("labels.csv", "image,patient_id,x,y,w,h\na.png,1,10,20,30,40\n")
    dataset = open_dataset(folder)
    assert (detect_kind(folder), [len(case.lesions) for case in dataset.cases]) == ("table", [1])


def test_kaggle_s_and_the_published_mias_layout_are_told_by_their_files(tmp_path):
    (tmp_path / "rsna" / "train_images").mkdir(parents=True)
    (tmp_path / "rsna" / "train.csv").touch()
    (tmp_path / "mias").mkdir()
    (tmp_path / "mias" / "Info.txt").touch()
    (tmp_path / "mias" / "mdb001.pgm").touch()
    assert [detect_kind(tmp_path / name) for name in ("rsna", "mias")] == ["rsna", "mias"]


def test_the_packaged_set_is_opened_by_its_name_or_its_kind(tmp_path):
    assert open_dataset(Path("cbis-ddsm")).name == "cbis-ddsm"
    assert len(open_dataset(tmp_path, kind="cbis-ddsm").cases) == 8


def test_a_folder_that_has_the_packaged_set_s_name_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cbis-ddsm").mkdir()
    assert detect_kind(Path("cbis-ddsm")) == "folder"


def test_a_table_elsewhere_describes_the_images_of_the_folder(write_text, write_images):
    table = write_text("elsewhere/mine.csv", "image,patient_id,cancer\na.png,7,1\n")
    (case,) = open_dataset(write_images("a.png"), table=table).cases
    assert (case.patient_id, case.abnormal) == ("7", True)


def test_written_phantoms_are_opened_again_with_their_truth(tmp_path):
    written = write_phantom_dataset(tmp_path, normals=1, abnormals=1, rows=128, columns=104, spacing=(2.0, 2.0))
    opened = open_dataset(tmp_path)
    known = [(case.path, case.patient_id, case.clean_normal) for case in written.cases]
    assert [(case.path, case.patient_id, case.clean_normal) for case in opened.cases] == known
    assert [bool(case.abnormal) for case in opened.cases] == [bool(case.abnormal) for case in written.cases]


def test_a_path_that_leads_nowhere_is_refused_with_what_was_looked_for(tmp_path):
    with pytest.raises(DatasetError) as caught:
        open_dataset(tmp_path / "none")
    assert "does not exist" in str(caught.value)
    assert all(f"{kind}: {known.layout}" in str(caught.value) for kind, known in dataset_kinds().items())


def test_several_sets_are_opened_as_one_and_a_set_twice_is_refused(write_text, write_images):
    first = write_text("one/labels.csv", "image,patient_id\na.png,1\n").parent
    second = write_text("two/labels.csv", "image,patient_id\na.png,1\n").parent
    write_images("one/a.png", "two/a.png")
    assert open_datasets([first]).patients == ("1",)
    assert open_datasets([first, second]).patients == ("one:1", "two:1")
    with pytest.raises(DatasetError, match="is given twice; give each data set once"):
        open_datasets([first, second, second.parent / "one" / ".." / "two"])
    with pytest.raises(DatasetError, match="a table or kind belongs to one data set"):
        open_datasets([first, second], kind="table")


@pytest.mark.parametrize("kind", dataset_kinds())
def test_the_documentation_has_layout_truth_and_terms_of_each_kind(kind):
    _, layouts, truth, terms, *_ = DOCUMENTATION.read_text(encoding="utf-8").split("\n## ")
    own = {"table", "folder"}
    assert all(f"`{kind}`" in section for section in (layouts, truth, *([] if kind in own else [terms])))


def test_an_unknown_kind_and_a_table_beside_a_kind_are_refused(tmp_path):
    with pytest.raises(
        DatasetError, match="the kind 'ddsm' is unknown; use one of cbis-ddsm, vindr-mammo, cbis-ddsm-tcia"
    ):
        open_dataset(tmp_path, kind="ddsm")
    with pytest.raises(DatasetError, match="a table cannot be combined with kind 'mias'"):
        open_dataset(tmp_path, kind="mias", table=tmp_path / "labels.csv")


@pytest.mark.parametrize(
    ("folder", "kind"), [("rsna640",) * 2, ("mias640", "mias"), ("cbis800",) * 2, ("dicom", "folder")]
)
def test_the_development_sets_are_told_apart(development_data, folder, kind):
    assert detect_kind(development_data / folder) == kind
