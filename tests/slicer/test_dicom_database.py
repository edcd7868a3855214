"""Slicer's DICOM database, asked as the file that it is."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from MammoLensLib.answers import View
from MammoLensLib.fetch import LocalImages

VIEW = View("a", sop_instance_uid="1.2.3")


@pytest.fixture
def a_database(tmp_path: Path) -> Path:
    """With the columns that ctkDICOM gives its table of images."""
    file = tmp_path / "ctk DICOM.sql"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "CREATE TABLE Images (SOPInstanceUID VARCHAR(64) PRIMARY KEY, Filename VARCHAR(1024) NOT NULL, "
            "SeriesInstanceUID VARCHAR(64) NOT NULL, InsertTimestamp VARCHAR(20) NOT NULL)"
        )
    return file


def insert(database: Path, filename: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO Images VALUES ('1.2.3', ?, '1', 'now')", (filename,))


@pytest.mark.parametrize("is_relative", [True, False])
def test_an_image_that_is_there_is_found(a_database: Path, is_relative: bool) -> None:
    file = a_database.parent / "dicom" / "image.dcm"
    file.parent.mkdir()
    file.touch()
    insert(a_database, "dicom/image.dcm" if is_relative else str(file))
    assert LocalImages(a_database)(VIEW) == file


def test_an_image_whose_file_is_gone_is_not_there(a_database: Path) -> None:
    insert(a_database, "dicom/image.dcm")
    assert LocalImages(a_database)(VIEW) is None


def test_an_unknown_image_is_not_there(a_database: Path) -> None:
    assert LocalImages(a_database)(VIEW) is None
    assert LocalImages(a_database)(View("a")) is None


def test_without_a_database_nothing_is_there_and_none_is_made(tmp_path: Path) -> None:
    assert LocalImages(None)(VIEW) is None
    assert LocalImages(tmp_path / "none.sql")(VIEW) is None
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_another_make_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "other.sql").write_text("not a database")
    assert LocalImages(tmp_path / "other.sql")(VIEW) is None
