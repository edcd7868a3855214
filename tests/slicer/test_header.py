"""What is read of a DICOM header."""

from pathlib import Path

import pytest
from MammoLensLib.reader import Header, read_header

from .conftest import WritePhantom


@pytest.mark.parametrize(
    ("attributes", "window"),
    [
        ({"WindowCenter": 100, "WindowWidth": 101}, (49.5, 149.5)),
        ({"WindowCenter": [100, 900], "WindowWidth": [101, 50]}, (49.5, 149.5)),
        ({"WindowCenter": None, "WindowWidth": None}, None),
        ({"WindowCenter": 100, "WindowWidth": 1}, None),
    ],
)
def test_the_first_window_counts(
    write_phantom: WritePhantom, attributes: dict[str, object], window: tuple[float, float] | None
) -> None:
    assert read_header(write_phantom(0, **attributes)).window == window


def test_the_window_of_monochrome1_is_turned_round_with_the_pixels(write_phantom: WritePhantom) -> None:
    file = write_phantom(0, "MONOCHROME1", WindowCenter=100, WindowWidth=101, RescaleSlope=2, RescaleIntercept=-10)
    header = read_header(file)
    assert header.is_monochrome1
    largest = 2 * 4095 - 10  # of values after the rescaling; its opposite is -10
    assert header.window == (largest - 10 - 149.5, largest - 10 - 49.5)


def test_the_orientation_is_read_where_it_is_one(write_phantom: WritePhantom) -> None:
    assert read_header(write_phantom(0)).patient_orientation is not None
    assert read_header(write_phantom(0, PatientOrientation="CC")).patient_orientation is None
    assert read_header(write_phantom(0, PatientOrientation=["MLO", "X"])).patient_orientation is None


def test_nothing_is_known_of_what_is_no_dicom_file(tmp_path: Path) -> None:
    (tmp_path / "page.dcm").write_text("<html>")
    assert read_header(tmp_path / "page.dcm") == Header()
    assert read_header(tmp_path / "missing.dcm") == Header()
