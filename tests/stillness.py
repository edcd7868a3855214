"""Pages where nothing moves by itself: Chromium draws what turns or fades again and again, with the processor."""

from __future__ import annotations

from typing import Protocol, TypeVar

# Not "none", and no style element: pages hear of the end of what moves, and their policies may forbid the element.
_STILL = """
const sheet = new CSSStyleSheet();
sheet.replaceSync(`*, ::before, ::after {
  animation-duration: 0.01ms !important; animation-iteration-count: 1 !important;
  transition-duration: 0.01ms !important;
}`);
document.adoptedStyleSheets = [sheet];
"""


class _HasScripts(Protocol):
    def add_init_script(self, script: str) -> object: ...


P = TypeVar("P", bound=_HasScripts)


def still(page: P) -> P:
    """A page or a context of Playwright in which animations and transitions are over as they begin."""
    page.add_init_script(_STILL)
    return page
