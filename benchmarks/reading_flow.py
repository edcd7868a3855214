"""From the worklist to the next exam: actions and seconds for a normal exam, by hand.

``--rival CHECKOUT`` compares with an earlier version, whose package is imported in place of this one. Phantom exams
over a folder, headless Chromium with software rendering.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from ports import free_port

import mammolens
from mammolens.cli.server_process import HOST
from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam

_CHROMIUM = "/usr/bin/chromium"
_DRAWN_BY_THE_PROCESSOR = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_PATIENCE_MS = 60_000
_SERVE = """
import signal, sys, pathlib
from mammolens.cli.server_process import running_server
studies, port, app = sys.argv[1:]
with running_server(studies, int(port), pathlib.Path(app), log=pathlib.Path(app) / "log"):
    print("ready", flush=True)
    signal.sigwait([signal.SIGTERM])
"""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rival", type=Path, help="checkout of an earlier version")
    options.add_argument("--exams", type=int, default=4)
    options.add_argument("--rows", type=int, default=1024, help="of an image")
    chosen = options.parse_args()
    libraries = {"this version": Path(mammolens.__file__).parents[1]}
    if chosen.rival:
        libraries[str(chosen.rival)] = chosen.rival.resolve() / "lib"
    print("| version | worklist to exam, actions | seconds | decision to next exam, actions | seconds |")
    print("|---|---|---|---|---|")
    for name, library in libraries.items():
        with tempfile.TemporaryDirectory() as folder:
            studies = Path(folder) / "studies"
            for number in range(chosen.exams):
                size = {"rows": chosen.rows, "columns": chosen.rows * 13 // 16}
                write_phantom_exam(make_phantom_exam(number, **size), studies / str(number))
            with served(library, studies, Path(folder) / "app") as url:
                print(f"| {name} | {row(*read(url, chosen.exams))} |", flush=True)


def row(opened: tuple[int, float], decided: list[tuple[int, float]]) -> str:
    """Of the table; actions are those of the last exam, when all habits are set."""
    seconds = statistics.median(taken for _, taken in decided)
    return f"{opened[0]} | {opened[1]:.1f} | {decided[-1][0]} | {seconds:.1f}"


@contextmanager
def served(library: Path, studies: Path, app: Path) -> Iterator[str]:
    """The address of a server that runs the package of ``library``."""
    port = free_port()
    command = [sys.executable, "-c", _SERVE, str(studies), str(port), str(app)]
    app.mkdir()
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(library)}, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield f"http://{HOST}:{port}"
        finally:
            server.send_signal(signal.SIGTERM)


def read(url: str, count: int) -> tuple[tuple[int, float], list[tuple[int, float]]]:
    """Actions and seconds from the worklist to the first exam, and for each exam from its decision to the next."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_DRAWN_BY_THE_PROCESSOR)
        page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
        exams = json.load(urllib.request.urlopen(f"{url}/mammolens/worklist", timeout=120))["exams"]
        for exam in exams:  # analyses it
            page.goto(url + exam["viewer"])
            _wait_until_drawn(page)
        page.goto(url)
        following = page.get_by_role("link", name="Read next")
        target = following if following.count() else page.locator("tbody tr").first
        target.wait_for(timeout=_PATIENCE_MS)
        began = time.monotonic()
        target.click()
        _wait_until_drawn(page)
        opened = 1, time.monotonic() - began
        automatic = page.locator("[data-name=advances]")
        if automatic.count():
            automatic.first.check()
        decided = [_decide(page, advances=automatic.count() > 0) for _ in range(count - 1)]
        browser.close()
    return opened, decided


def _decide(page: Page, *, advances: bool) -> tuple[int, float]:
    """Confirm the exam as normal, a second time if it is highly unusual, and wait for the next one."""
    address, began, keys = page.url, time.monotonic(), ["c"]
    page.keyboard.press("c")
    confirmed, again = page.locator("[data-name=undo]"), page.locator("[data-name='normal again']")
    if advances:
        while page.url == address and not again.count():
            page.wait_for_timeout(50)
        if page.url == address:
            again.click()
            keys.append("again")
    else:
        confirmed.wait_for(timeout=_PATIENCE_MS)
        page.keyboard.press("n")
        keys.append("n")
    page.wait_for_url(lambda now: now != address, timeout=_PATIENCE_MS)
    _wait_until_drawn(page)
    return len(keys), time.monotonic() - began


def _wait_until_drawn(page: Page) -> None:
    page.locator(".mammolens[aria-busy=false]").wait_for(timeout=_PATIENCE_MS)


if __name__ == "__main__":
    main()
