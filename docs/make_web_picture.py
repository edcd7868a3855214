"""Make the page's picture for the documentation: .venv/bin/python docs/make_web_picture.py

Of the demo's phantom with an inserted mass, in headless Chromium.
"""

import socket
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from mammolens.cli.demo_exams import demo_exams
from mammolens.cli.web_process import running_page

CHROMIUM = "/usr/bin/chromium"
PICTURE = Path(__file__).parent / "images" / "web.png"
PATIENCE_MS = 180_000


def main() -> None:
    """The phantom as a person sees it after uploading its four files."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with TemporaryDirectory() as folder, running_page("127.0.0.1", port, {}), sync_playwright() as playwright:
        phantom = next(exam for exam in demo_exams(Path(folder)) if exam.title == "Phantom, inserted mass")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1300, "height": 1200})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator("input[type=file]").set_input_files(phantom.files)
        page.get_by_role("heading", name="Download").wait_for()
        page.locator(".mammolens[data-drawn]").wait_for()
        page.get_by_label("Heat opacity").fill("70")
        # Its name at the top, below the page's own bar.
        page.get_by_role("heading", name="PHANTOM-").evaluate(
            "heading => { heading.style.scrollMarginTop = '4.5rem'; heading.scrollIntoView(); }"
        )
        page.wait_for_timeout(2000)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
