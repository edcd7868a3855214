"""The web pages and their frame."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from mammolens import RESEARCH_USE_ONLY
from mammolens.errors import ConfigError
from mammolens.web.evaluation_page import evaluation_page
from mammolens.web.settings import WebSettings
from mammolens.web.untrusted_text import show_error
from mammolens.web.upload_page import upload_page

_ICON = Path(__file__).parent / "static" / "icon.png"  # a named icon would be fetched from elsewhere
_STYLE = """<style>
.research-notice { background: #fff4d6; border-top: 1px solid #d9b84a; bottom: 0; color: #3a2f00; font-size: 0.85rem;
  font-weight: 600; left: 0; padding: 0.35rem 1rem; position: fixed; right: 0; text-align: center; z-index: 1000; }
.stMainBlockContainer { padding-bottom: 5rem; padding-top: 4.5rem; max-width: 100rem; }
.exam-lead { font-size: 1.3rem; font-weight: 600; margin: 0; }
.exam p, .exam ul { margin: 0.2rem 0; } .exam { overflow-wrap: anywhere; }
.message { border-radius: 0.5rem; margin: 0.3rem 0; overflow-wrap: anywhere; padding: 0.6rem 1rem; }
.message p, .message ul { margin: 0; } .message ul { padding-left: 1.3rem; }
.message.warning { background: #fff4d6; color: #3a2f00; } .message.error { background: #fde3e1; color: #5c1210; }
.small { font-size: 0.85rem; margin: 0; overflow-wrap: anywhere; }
.paper { margin: 0 0 1rem; max-width: 52rem; } .paper img { background: #fff; border-radius: 0.3rem; width: 100%; }
.paper figcaption { font-size: 0.85rem; overflow-wrap: anywhere; }
.stMainBlockContainer h1 { font-size: 1.9rem; } .stMainBlockContainer h2 { font-size: 1.4rem; }
.stMainBlockContainer h3 { font-size: 1.1rem; }
.figures { border-collapse: collapse; margin: 0.8rem 0; max-width: 46rem; }
.figures th, .figures td { border-bottom: 1px solid #8886; padding: 0.4rem 0.8rem 0.4rem 0; text-align: left; }
.figures tbody th { font-weight: 400; } .figures td { white-space: nowrap; }
.figures td:nth-child(2) { font-weight: 600; }
.exam img { display: block; max-width: 44rem; width: 100%; }
</style>"""


def main() -> None:
    """Draw the page that is asked for."""
    st.set_page_config(page_title="MammoLens", page_icon=str(_ICON), layout="wide")
    st.html(_STYLE)
    st.html(f'<div class="research-notice" role="note">{RESEARCH_USE_ONLY}.</div>')
    try:
        settings = WebSettings.from_environment()
    except ConfigError as error:
        show_error(error)
        return
    pages = [
        st.Page(lambda: upload_page(settings), title="Analyse", url_path="analyse", default=True),
        st.Page(lambda: evaluation_page(settings), title="Accuracy", url_path="evaluation"),
    ]
    st.navigation(pages, position="top").run()
