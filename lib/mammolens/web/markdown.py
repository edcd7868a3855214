"""Text of files and strangers where Streamlit takes Markdown."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")  # all punctuation of ASCII may stand behind a backslash


def plain(text: str) -> str:
    """The text as it is: no markup, no link and no picture comes of it."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
