"""Names of files as text."""

from __future__ import annotations

import os
from os import PathLike


def path_as_text(path: str | PathLike[str]) -> str:
    r"""A path or name as text that UTF-8 and so JSON can hold; names that differ stay different.

    Linux allows bytes that are no UTF-8, which Python keeps as lone surrogates; they come out as ``\xff``.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")
