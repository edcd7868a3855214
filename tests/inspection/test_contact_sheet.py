import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammolens.inspection.contact_sheet import ContactSheet, pixels_digest
from mammolens.types import ImageHeader


def header(patient, number, machine="m", aspect=1.0):
    path = Path(f"{machine}-{patient}-{number}")
    return ImageHeader(path, str(path), patient, "exam", acquisition_group=machine, pixel_aspect_ratio=aspect)


def shown(sheet, headers):
    pixels = np.linspace(0, 1, 900 * 400, dtype=np.float32).reshape(900, 400)
    for one in headers:
        sheet.offer(one, pixels)
    return [one.path.name for one in headers if sheet.data_uri(one.path)]


def test_all_are_shown_where_there_is_room():
    headers = [header("1", 1), header("2", 2)]
    sheet = ContactSheet(2)
    sheet.choose(headers)
    assert shown(sheet, headers) == ["m-1-1", "m-2-2"]


def test_whole_exams_of_every_machine_are_chosen_where_there_is_not():
    headers = [header(str(patient), view, machine) for machine in "ab" for patient in range(10) for view in range(4)]
    sheet = ContactSheet(16)
    sheet.choose(headers)
    names = shown(sheet, headers)
    assert len(names) == 16
    assert len([name for name in names if name.startswith("b")]) == 8
    assert len({name.rsplit("-", 1)[0] for name in names}) == 4


def test_none_are_shown_if_none_are_wanted():
    headers = [header("1", 1)]
    sheet = ContactSheet(0)
    sheet.choose(headers)
    assert shown(sheet, headers) == []


@pytest.mark.parametrize(("aspect", "size"), [(1.0, (89, 200)), (0.5, (178, 200))])
def test_a_picture_is_small_and_of_square_pixels(aspect, size):
    one = header("1", 1, aspect=aspect)
    sheet = ContactSheet(1)
    sheet.choose([one])
    shown(sheet, [one])
    kind, content = sheet.data_uri(one.path).split(",")
    assert kind == "data:image/jpeg;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(content)))
    assert picture.size == size
    assert np.asarray(picture)[-1].mean() > 240


def test_a_picture_belongs_to_its_file():
    one = header("1", 1)
    assert ContactSheet(1).data_uri(replace(one, path=Path("other")).path) is None


def test_equal_pixels_and_only_they_have_one_digest():
    pixels = np.zeros((4, 6), np.float32)
    other = pixels.copy()
    other[0, 0] = 0.1
    assert pixels_digest(pixels) == pixels_digest(pixels.copy())
    assert len({pixels_digest(one) for one in (pixels, other, pixels.reshape(6, 4))}) == 3
