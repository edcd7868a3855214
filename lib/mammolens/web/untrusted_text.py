"""Untrusted text from files and uploads, shown literally.

Streamlit's headings and messages take Markdown, which makes links of addresses, and emoji and arrows of words, whatever
is escaped. HTML has none of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st


def heading(text: str) -> None:
    """Show a heading of the second level."""
    st.html(f"<h2>{escape(text)}</h2>")


def show_note(text: str) -> None:
    """Show a note in small print; Streamlit's own captions have too little contrast."""
    st.html(f'<p class="small">{escape(text)}</p>')


def warn(text: str, points: Sequence[tuple[str, str]] = ()) -> None:
    """Show a warning, announced by screen readers.

    Args:
        text: of it all.
        points: names, each with its text.
    """
    entries = "".join(f"<li><b>{escape(name)}</b>: {escape(said)}</li>" for name, said in points)
    listed = f"<ul>{entries}</ul>" if entries else ""
    st.html(f'<div class="message warning" role="alert"><p>{escape(text)}</p>{listed}</div>')


def show_error(error: Exception) -> None:
    """Show an error, announced by screen readers."""
    st.html(f'<div class="message error" role="alert"><p>{escape(str(error))}</p></div>')
