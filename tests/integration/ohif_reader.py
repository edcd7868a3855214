"""A page of the viewer as a reader uses it, and what is on the screen, for the tests of the mode in OHIF."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mammolens.datasets.phantom import PhantomView

from ..patience import CLICK_MS, patient, until
from .conftest import REPOSITORY, Server

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

RESTORER = REPOSITORY / "lib" / "mammolens" / "models" / "pretrained" / "restorer"  # it marks the phantom's lesion
BOXES = """all => all.map(one => {
  const { x, y, width, height } = one.getBoundingClientRect(); return [x, y, width, height, one.innerText]; })"""
SIZE = {"width": 1400, "height": 900}
Picture = NDArray[np.int16]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass
class ServedExams:
    """A server over two exams, and what is true of them."""

    server: Server
    lesion: dict[str, PhantomView]  # by 'L CC' and so on; the woman with a lesion in her left breast
    has_pacs: bool

    def worklist(self) -> dict[str, dict[str, Any]]:
        """Exams by patient."""
        return {exam["patient"]: exam for exam in self.server.get("/mammolens/worklist").json()["exams"]}

    def exam(self, patient: str) -> dict[str, Any]:
        """All that the server tells of one."""
        return dict(self.server.get(f"/mammolens/exams/{self.worklist()[patient]['exam']}").json())


@dataclass
class Reader:
    """A page of the viewer."""

    page: Page
    served: ServedExams

    def open(self, patient: str) -> None:
        """Open an exam as the worklist does, and wait until it is analysed and drawn."""
        self.page.goto(self.served.server.url + self.served.worklist()[patient]["viewer"])
        self.settled()

    def settled(self) -> None:
        """Wait until images and heat are on the screen."""
        self.page.locator(".mammolens[aria-busy=false]").wait_for()

    def press(self, key: str) -> None:
        """Press a key outside of any field."""
        self.page.get_by_text("Research use only").first.click()
        self.page.keyboard.press(key)

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def measure(self, tool: str, start: tuple[int, int], end: tuple[int, int], measurement: Locator) -> None:
        """Draw with one of OHIF's tools in the active viewport, from one point of the screen to another.

        Args:
            tool: its name in OHIF.
            start: x and y.
            end: x and y.
            measurement: what shows that it was drawn; until then it is drawn again, as people do.
        """
        from playwright.sync_api import TimeoutError as NothingCame

        page = self.page
        chosen = page.locator(f'[data-cy="MeasurementTools-split-button-primary"][data-tool="{tool}"]')
        offered = page.locator(f'[data-cy="{tool}"]')

        def is_measured() -> bool:
            """A click is lost where the toolbar is drawn again while the button is down, a move where all is busy."""
            try:
                if not offered.is_visible():
                    page.locator('[data-cy="MeasurementTools-split-button-secondary"]').click()
                offered.click(timeout=CLICK_MS)
                chosen.wait_for(timeout=CLICK_MS)
                page.mouse.move(*start)
                page.mouse.down()
                page.mouse.move((start[0] + end[0]) // 2, (start[1] + end[1]) // 2, steps=5)
                page.mouse.move(*end, steps=5)
                page.mouse.up()
                measurement.wait_for(timeout=CLICK_MS)
            except NothingCame:
                return False
            return True

        until(is_measured, lambda: f"{tool} cannot be chosen or measures nothing")

    def picture(self, differs_from: Picture | None = None, within: Box | None = None) -> Picture:
        """What is on the screen, ``(rows, cols, 3)``, once it stands still and differs, in a box or anywhere."""
        shown: list[bytes] = []
        pictures: list[Picture] = []
        whole = (0, 0, SIZE["width"], SIZE["height"])

        def stands_still() -> bool:
            self.page.mouse.move(5, 5)
            shown[:] = [*shown[-1:], self.page.screenshot()]  # the same pixels are the same bytes
            if len(shown) < 2 or shown[0] != shown[1]:
                return False
            pictures[:] = [np.asarray(Image.open(BytesIO(shown[1])).convert("RGB"), dtype=np.int16)]
            return differs_from is None or bool(crop(heat_between(pictures[0], differs_from), within or whole).any())

        until(stands_still, lambda: "the screen never stood still, or never changed")
        return pictures[0]

    def toggle(self, key: str) -> Picture:
        """Press a key that changes the picture; what is on the screen then."""
        before = self.picture()
        self.press(key)
        return self.picture(differs_from=before)

    def viewports(self) -> dict[str, Box]:
        """Where each view is drawn, by 'L CC' and so on."""
        found = {}
        for left, top, width, height, text in self.page.locator(".viewport-wrapper").evaluate_all(BOXES):
            lines = (line.strip() for line in text.splitlines())  # numbers of findings among them
            name = next((line for line in lines if re.fullmatch(r"[LR] (CC|MLO)", line)), None)
            if name and width:
                found[name] = (int(left), int(top), int(left) + int(width), int(top) + int(height))
        return found

    def problems(self) -> str:
        """What the panel says went wrong."""
        return "".join(self.page.get_by_role("alert").all_inner_texts()).strip()


@contextmanager
def reading(profile: BrowserContext, served: ServedExams, name: str) -> Iterator[Reader]:
    """A page of somebody who was never here before; its last state is kept as a picture where CI keeps files."""
    page = patient(profile.new_page())
    page.set_viewport_size(SIZE)
    asked: list[str] = []
    page.on("pageerror", lambda error: asked.append(str(error)))
    try:
        yield Reader(page, served)
        assert not asked, f"the page threw: {asked}"
    finally:
        if os.environ.get("CI"):
            folder = REPOSITORY / "ci-artefacts" / "screenshots"
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"ohif-{name}.png")
        if page.url.startswith(served.server.url):
            page.evaluate("localStorage.clear()")
        page.close()


def heat_between(one: Picture, other: Picture) -> Mask:
    """Pixels whose colour differs clearly."""
    return np.abs(one - other).max(axis=2) > 25


def crop(picture: NDArray[Any], box: Box) -> NDArray[Any]:
    left, top, right, bottom = box
    return picture[top:bottom, left:right]


def middle(viewport: Box) -> Box:
    """Of a viewport, without its border and the icons that the active one shows."""
    left, top, right, bottom = viewport
    across, down = (right - left) // 8, (bottom - top) // 8
    return left + across, top + down, right - 4, bottom - down


def extent(mask: Mask) -> Box:
    """Of the largest connected part."""
    labels, count = ndimage.label(mask)
    largest = 1 + int(np.argmax(ndimage.sum_labels(mask, labels, range(1, count + 1))))
    rows, columns = ndimage.find_objects(labels == largest)[0]
    return columns.start, rows.start, columns.stop, rows.stop


def breast_on_screen(shown: Picture) -> Box:
    """The breast by its grey pixels; what OHIF writes over the image is coloured."""
    return extent((shown.max(axis=2) - shown.min(axis=2) < 12) & (shown.max(axis=2) > 16))
