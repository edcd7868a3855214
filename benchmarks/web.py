"""From dropping an exam on the page to its overlay on the screen: ``.venv/bin/python benchmarks/web.py``.

Each of the two CBIS-DDSM exams, in headless Chromium, with software rendering. The reference is `mammolens predict`
on the same four files, its start included: what the same overlays cost without a page.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from ports import free_port

from mammolens.cli.web_process import running_page
from mammolens.datasets.cbis_ddsm import cbis_ddsm_files

_CHROMIUM = "/usr/bin/chromium"
_DRAWN_BY_THE_PROCESSOR = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_PATIENCE_MS = 180_000


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3, help="drops of each exam")
    runs = options.parse_args().runs
    files = cbis_ddsm_files()
    exams = [files[:4], files[4:]]
    seconds: dict[str, list[float]] = defaultdict(list)
    port = free_port()
    with running_page("127.0.0.1", port, {}), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_DRAWN_BY_THE_PROCESSOR)
        for run in range(runs):
            for exam in exams:
                steps = drop(browser, f"http://127.0.0.1:{port}/", exam)
                for step, taken in steps.items():
                    seconds[f"the first drop: {step}" if not run and exam is exams[0] else step].append(taken)
                seconds["mammolens predict, overlays and maps"].append(predict(exam))
        browser.close()
    print("| step | seconds, median |\n|---|---|")
    for step, taken in seconds.items():
        print(f"| {step} | {statistics.median(taken):.1f} |")


def drop(browser: Browser, url: str, files: list[Path]) -> dict[str, float]:
    """Seconds since the files were dropped."""
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.goto(url)
    uploader = page.locator("input[type=file]")
    uploader.wait_for(state="attached", timeout=_PATIENCE_MS)
    began = time.monotonic()
    uploader.set_input_files([str(file) for file in files])
    page.get_by_text("images done", exact=False).first.wait_for(timeout=_PATIENCE_MS)
    steps = {"uploaded, analysing has begun": time.monotonic() - began}
    page.locator(".mammolens[data-drawn]").wait_for(timeout=_PATIENCE_MS)
    steps["images and overlays are drawn"] = time.monotonic() - began
    page.context.close()
    return steps


def predict(files: list[Path]) -> float:
    """Seconds of the command line for the same."""
    program = Path(sys.executable).with_name("mammolens")
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        subprocess.run([program, "predict", *files, "-o", folder], check=True, capture_output=True)
        return time.monotonic() - began


if __name__ == "__main__":
    main()
