from __future__ import annotations

from mammolens.datasets.formats import open_dataset
from mammolens.datasets.rsnatiles import open_rsnatiles


def test_pixel_size_and_exam_come_from_machine_and_image(write_text, write_images):
    write_text(
        "labels.csv",
        "image,patient_id,image_id,row,column,cancer,clean_negative,machine_id\n"
        "5_0_1.jpg,7,5,0,1,0,1,49\n6_0_1.jpg,8,6,0,1,0,0,1000\n",
    )
    write_images("images/5_0_1.jpg")
    known, unknown = open_rsnatiles(write_images("images/6_0_1.jpg")).cases
    assert (known.attributes.spacing.between_rows, known.attributes.exam_id) == (0.07, "5")
    assert (known.clean_normal, unknown.clean_normal) == (True, False)
    assert unknown.attributes.spacing is None


def test_the_development_set_is_told_by_its_columns(development_data):
    dataset = open_dataset(development_data / "rsnatiles")
    assert dataset.name == "rsnatiles"
    assert sum(case.clean_normal for case in dataset.cases) == 1095
