import json
import os
from pathlib import Path

import pytest

from mammolens.errors import InputError
from mammolens.names import path_as_text, safe_file_name


def test_a_name_in_utf_8_stays_as_it_is() -> None:
    assert path_as_text(Path("studies") / "M\xfcller.dcm") == "studies/M\xfcller.dcm"


def test_names_that_are_no_utf_8_become_text_that_json_holds_and_stay_apart() -> None:
    names = [os.fsdecode(name) for name in (b"M\xfcller.dcm", b"M\xf6ller.dcm")]
    assert [path_as_text(name) for name in names] == [r"M\xfcller.dcm", r"M\xf6ller.dcm"]


def test_an_error_about_such_a_file_can_be_sent() -> None:
    error = InputError(Path(os.fsdecode(b"M\xfcller.dcm")), "is empty", "copy it again")
    assert json.dumps({"detail": str(error)}, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\images\\a.dcm", "a.dcm"),
        ("..hidden.png", "hidden.png"),
        ("line\nbreak.png", "linebreak.png"),
        ("", "image"),
        ("/", "image"),
        ("Mass-Test_P_00173.dcm", "Mass-Test_P_00173.dcm"),
    ],
)
def test_a_strangers_name_keeps_its_last_part_and_nothing_else(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


def test_a_long_name_keeps_its_suffix() -> None:
    assert safe_file_name("x" * 500 + ".dcm") == "x" * 196 + ".dcm"


@pytest.mark.parametrize("letter", ["\xfc", "\u4e73", "\U0001f600"])
@pytest.mark.parametrize("suffix", [".dcm", ""])
def test_a_long_name_of_any_script_can_be_a_file(tmp_path: Path, letter: str, suffix: str) -> None:
    name = safe_file_name(letter * 300 + suffix)
    assert name.removesuffix(suffix).strip(letter) == ""
    assert len(name.encode()) > 190
    (tmp_path / f"{name}.overlay.png").touch()
