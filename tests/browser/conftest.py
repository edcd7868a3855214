"""The scripts of `lib/mammolens/browser` in a page of a browser, without server, OHIF or Streamlit around them."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mammolens.labelapp.routes.site_pages import BROWSER

from ..patience import patient

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ORIGIN = "http://127.0.0.1:9/"  # the discard port: nobody answers there, all comes from the route below
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def a_tab(a_browser: "Browser") -> Iterator["Page"]:
    """One for all tests of a module: to open it takes longer than most of them."""
    page = patient(a_browser.new_page())
    page.route("**/*", _serve)
    yield page
    page.close()


@pytest.fixture
def a_page(a_tab: "Page") -> "Page":
    """A new, empty page that can import the modules by name; nothing is stored."""
    a_tab.goto(ORIGIN)
    a_tab.evaluate("localStorage.clear(), sessionStorage.clear()")
    return a_tab


@pytest.fixture
def run(a_page: "Page") -> Run:
    """Evaluate a function of a module's exports and further arguments: ``run("ohif/a.js", "(m, x) => m.f(x)", 1)``."""

    def evaluate(module: str, function: str, *arguments: Any) -> Any:
        script = f"async ([name, rest]) => ({function})(await import('/' + name), ...JSON.parse(rest))"
        return a_page.evaluate(script, [module, json.dumps(arguments)])  # Playwright sends value by value

    return evaluate


def _serve(route: "Route") -> None:
    file = BROWSER / urlsplit(route.request.url).path.removeprefix("/")
    if file.is_file():
        route.fulfill(path=file, content_type="text/css" if file.suffix == ".css" else "text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>modules</title>", content_type="text/html")
