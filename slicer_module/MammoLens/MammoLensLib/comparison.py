"""What is on the screen of an exam and its prior. Without Qt and without Slicer."""

from __future__ import annotations

from enum import Enum


class Comparison(Enum):
    """The current exam, each of its views with its prior view, or the prior exam."""

    CURRENT = "current"
    BOTH = "both"
    PRIOR = "prior"
