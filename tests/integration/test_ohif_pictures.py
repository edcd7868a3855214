"""PNG and JPEG in OHIF: shown as DICOM that the server makes in memory, with heat, and decided on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion

from .conftest import StartServer
from .test_ohif_mode import (
    RESTORER,
    ServedExams,
    assert_heat_lies_on_the_lesion,
    assert_tissue_is_bright_on_black,
    heat_between,
    reading,
)

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Route

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_picture_is_opened_with_its_heat_and_decided(
    suffix: str, a_profile: BrowserContext, start_server: StartServer, tmp_path: Path
) -> None:
    lesion = make_phantom_exam(7, lesions=[PhantomLesion(contrast=0.45)])
    view = next(view for view in lesion.views if (view.laterality, view.view) == ("L", "CC"))
    Image.fromarray(np.round(view.pixels * 255).astype(np.uint8)).save(tmp_path / f"film.{suffix}", quality=95)
    served = ServedExams(start_server(tmp_path, model=RESTORER), {"L CC": view}, has_pacs=False)
    assert served.worklist()[""]["problems"] == []
    with reading(a_profile, served, suffix) as reader:
        corner = reader.page.locator(".viewport-wrapper")

        def when_the_image_is_shown(route: Route) -> None:
            corner.get_by_text("view unknown").wait_for()
            route.continue_()

        reader.page.route("**/infer", when_the_image_is_shown)
        reader.open("")
        corner.get_by_text("L CC", exact=True).wait_for()  # the result tells it
        assert reader.problems() == ""
        assert list(reader.viewports()) == ["L CC"]
        assert_tissue_is_bright_on_black(reader)
        with_heat = reader.picture()
        reader.press("h")
        plain = reader.picture(differs_from=with_heat)
        heat = heat_between(with_heat, plain)
        # Without a pixel size the breast counts as 240 mm high, and the spot is larger.
        assert_heat_lies_on_the_lesion(heat, plain, reader.viewports(), served, beside=15)
        reader.press("c")
        if served.exam("")["safety_note"]:
            reader.click("Confirm a second time")
        reader.page.get_by_role("button", name="Undo").wait_for()
        assert served.exam("")["verdict"] == "normal"
