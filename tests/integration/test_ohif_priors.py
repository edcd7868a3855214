"""A prior exam beside the current one, in the OHIF that is served."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion

from .conftest import StartServer
from .ohif_reader import RESTORER, Box, Reader, ServedExams, breast_on_screen, crop, extent, heat_between, reading

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.integration
PATIENT = "PHANTOM-7"
VIEWS = ["R CC", "L CC", "R MLO", "L MLO"]


def named_viewports(reader: Reader) -> dict[str, Box]:
    """Where current and prior views are drawn, by 'L CC' and 'L CC prior 2020-01-01'."""
    found = {}
    for viewport in reader.page.locator(".viewport-wrapper").all():
        box = viewport.bounding_box()
        lines = [line.strip() for line in viewport.inner_text().splitlines()]
        name = next((line for line in lines if re.match(r"[LR] (CC|MLO)", line)), None)
        if box and name:
            left, top = int(box["x"]), int(box["y"])
            found[name] = (left, top, left + int(box["width"]), top + int(box["height"]))
    return found


def test_a_prior_exam_is_seen_beside_the_current_one(
    start_server: StartServer, a_profile: BrowserContext, tmp_path: Path
) -> None:
    grid = {"rows": 512, "columns": 416, "spacing": (0.5, 0.5)}
    lesion = PhantomLesion(contrast=0.45)
    visits = [make_phantom_exam(7, **grid), make_phantom_exam(7, lesions=[lesion], visit=1, **grid)]
    for exam in visits:
        write_phantom_exam(exam, tmp_path / "studies" / str(exam.visit))
    server = start_server(tmp_path / "studies", model=RESTORER)
    served = ServedExams(server, {}, has_pacs=False)
    listed = {exam["study_date"]: exam for exam in server.get("/mammolens/worklist").json()["exams"]}
    assert {day: exam["prior_exams"] for day, exam in listed.items()} == {"2020-01-01": 0, "2022-01-01": 1}
    first = listed["2020-01-01"]["exam"]
    with reading(a_profile, served, "priors") as reader:
        page = reader.page
        page.goto(server.url + listed["2022-01-01"]["viewer"])
        reader.settled()
        assert list(named_viewports(reader)) == VIEWS
        section = page.get_by_role("region", name="Prior exams")
        assert "2020-01-01" in section.inner_text()
        assert "not analysed" in section.inner_text()

        before = reader.picture()
        reader.press("b")
        page.locator('[data-name="compare both"][aria-pressed=true]').wait_for()
        page.get_by_text("R CC prior 2020-01-01").wait_for()
        reader.settled()
        shown = reader.picture(differs_from=before)
        boxes = named_viewports(reader)
        assert sorted(boxes) == sorted([*VIEWS, *(f"{name} prior 2020-01-01" for name in VIEWS)])
        for number, name in enumerate(VIEWS):  # heights on the screen are those of the phantoms, in one scale
            heights = []
            for visit, box in zip(visits, (boxes[f"{name} prior 2020-01-01"], boxes[name]), strict=True):
                _, top, _, bottom = breast_on_screen(crop(shown, box))
                _, first_row, _, last_row = extent(visit.views[number].breast_mask)
                heights.append((bottom - top) / (last_row - first_row))
            assert heights[0] == pytest.approx(heights[1], rel=0.04), name

        page.locator('[data-name="infer prior"]').click()
        page.locator('[data-name="infer prior"]').wait_for(state="detached")
        reader.settled()
        with_heat = reader.picture()
        plain = reader.toggle("h")
        heat = heat_between(with_heat, plain)
        assert crop(heat, boxes["L CC"]).any(), "no heat on the lesion"
        assert page.get_by_text("New since 2020-01-01").count() > 0, "the mass is not told as new"
        scores = server.get(f"/mammolens/exams/{first}").json()
        assert scores["score_text"] in section.inner_text()

        box = boxes["R CC"]
        page.mouse.move((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)
        page.mouse.wheel(0, -500)
        zoomed = reader.picture(differs_from=plain)
        for name, now in boxes.items():  # the pair follows, no other view
            assert heat_between(crop(zoomed, now), crop(plain, now)).any() == name.startswith("R CC"), name

        reader.press("b")
        page.locator('[data-name="compare prior"][aria-pressed=true]').wait_for()
        reader.settled()
        reader.picture(differs_from=zoomed)
        assert list(named_viewports(reader)) == [f"{name} prior 2020-01-01" for name in VIEWS]
        reader.press("b")
        page.locator('[data-name="compare current"][aria-pressed=true]').wait_for()
        reader.settled()
        reader.picture()
        assert list(named_viewports(reader)) == VIEWS
        assert reader.problems() == ""
