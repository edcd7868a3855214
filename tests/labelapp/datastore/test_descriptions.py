from datetime import date
from pathlib import Path

from mammolens.enums import Laterality, ViewPosition
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.types import ImageHeader


def test_a_search_answer_tells_what_it_holds_and_nothing_more() -> None:
    told = {"PatientID": "p1", "StudyDate": "20260131", "ImageLaterality": "R", "ViewPosition": "MLO"}
    described = ImageDescription.of_search("1.3", "1.2", "1.1", told)
    assert described.exam_key == ("p1", "1.1")
    assert described.study_date == date(2026, 1, 31)
    assert (described.laterality, described.view) == (Laterality.RIGHT, ViewPosition.MLO)
    bare = ImageDescription.of_search("1.3", "1.2", "1.1", {})
    assert (bare.laterality, bare.view, bare.study_date) == (None, None, None)
    assert bare.exam_key == ("", "1.1")


def test_a_search_answer_of_a_known_set_is_read_the_way_it_is_meant() -> None:
    told = {"PatientID": "Mass-Test_P_00173_LEFT_MLO"}
    described = ImageDescription.of_search("1.3", "1.2", "1.1", told)
    assert described.exam_key == ("Mass-Test_P_00173", "Mass-Test_P_00173")
    assert (described.laterality, described.view) == (Laterality.LEFT, ViewPosition.MLO)


def test_a_picture_is_no_dicom_file() -> None:
    header = ImageHeader(Path("film.png"), "2.25.1", "film", "film")
    assert not ImageDescription.of_header("film.png", header).is_dicom
