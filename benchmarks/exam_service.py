"""From opening an exam to its overlay on the screen, step by step: ``.venv/bin/python benchmarks/exam_service.py``.

The two CBIS-DDSM exams over a folder, in headless Chromium, with software rendering. The reference is OHIF's own
basic viewer on the same exam: what it costs to look at the images alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import urllib.request
from collections import defaultdict
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from ports import free_port

from mammolens.cli.demo import _as_studies
from mammolens.cli.server_process import HOST, running_server
from mammolens.datasets.cbis_ddsm import cbis_ddsm_files

_CHROMIUM = "/usr/bin/chromium"
_DRAWN_BY_THE_PROCESSOR = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_PATIENCE_MS = 180_000
# When requests ended, and how long the last one took, in ms since the page was asked for.
_REQUESTS = """part => {
  const found = performance.getEntriesByType('resource').filter(entry => entry.name.includes(part));
  const last = found[found.length - 1];
  return last ? [last.responseEnd, last.duration] : null;
}"""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3, help="openings of each exam that was inferred before")
    runs = options.parse_args().runs
    seconds: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        _as_studies(cbis_ddsm_files(), folder / "studies")
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_DRAWN_BY_THE_PROCESSOR)
        port = free_port()
        with running_server(str(folder / "studies"), port, folder / "app", log=folder / "log"):
            url = f"http://{HOST}:{port}"
            exams = json.load(urllib.request.urlopen(f"{url}/mammolens/worklist", timeout=120))["exams"]
            for exam in exams:
                _note(seconds, "not inferred yet", open_exam(browser, url + exam["viewer"]))
            for _ in range(runs):
                for exam in exams:
                    _note(seconds, "inferred before", open_exam(browser, url + exam["viewer"]))
                    _note(seconds, "OHIF's basic viewer", open_basic(browser, url, exam["viewer"]))
        browser.close()
    print("| opened | step | seconds, median |\n|---|---|---|")
    for step, taken in seconds.items():
        print(f"| {step} | {statistics.median(taken):.1f} |")


def open_exam(browser: Browser, address: str) -> dict[str, float]:
    """Seconds since the address was asked for."""
    page, began = _opened(browser, address)
    page.locator(".mammolens").wait_for(timeout=_PATIENCE_MS)
    steps = {"panel is there": time.monotonic() - began}
    page.locator(".mammolens[aria-busy=false]").wait_for(timeout=_PATIENCE_MS)
    drawn = time.monotonic() - began
    for step, part in (("last image loaded", "/mammolens/images/"), ("inferred", "/infer")):
        if found := page.evaluate(_REQUESTS, part):
            steps[step] = found[0] / 1000
            if part == "/infer":
                steps["... of which on the server"] = found[1] / 1000
    page.context.close()
    return {**steps, "images and overlay are drawn": drawn}


def open_basic(browser: Browser, url: str, viewer: str) -> dict[str, float]:
    """Seconds until the basic viewer has drawn its first image."""
    page, began = _opened(browser, url + viewer.replace("/ohif/mammolens/", "/ohif/viewer/"))
    page.locator("canvas.cornerstone-canvas").first.wait_for(timeout=_PATIENCE_MS)
    page.get_by_text("W:", exact=False).first.wait_for(timeout=_PATIENCE_MS)
    taken = time.monotonic() - began
    page.context.close()
    return {"first image is drawn": taken}


def _opened(browser: Browser, address: str) -> tuple[Page, float]:
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    began = time.monotonic()
    page.goto(address, wait_until="commit")
    return page, began


def _note(seconds: dict[str, list[float]], opened: str, steps: dict[str, Any]) -> None:
    for step, taken in steps.items():
        seconds[f"{opened} | {step}"].append(taken)


if __name__ == "__main__":
    main()
