"""Text of files and strangers on the page: shown as it is.

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
    """Show a line beside the matter; Streamlit's own captions are too faint to be read by everybody."""
    st.html(f'<p class="small">{escape(text)}</p>')


def warn(text: str, points: Sequence[tuple[str, str]] = ()) -> None:
    """Show what is to be known, and at once read out.

    Args:
        text: of it all.
        points: each a name and what is said of it.
    """
    entries = "".join(f"<li><b>{escape(name)}</b>: {escape(said)}</li>" for name, said in points)
    listed = f"<ul>{entries}</ul>" if entries else ""
    st.html(f'<div class="told warning" role="alert"><p>{escape(text)}</p>{listed}</div>')


def show_error(error: Exception) -> None:
    """Show why something cannot be shown, and at once read out."""
    st.html(f'<div class="told error" role="alert"><p>{escape(str(error))}</p></div>')
