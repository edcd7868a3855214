"""Formats of exported readings."""

from __future__ import annotations

from enum import StrEnum


class TableFormat(StrEnum):
    """Whose columns an exported table has.

    ``mrmcaov``: reader, treatment, case, truth, rating, and then what else a reading holds, for the R package MRMCaov
    and for people. ``imrmc``: readerID, caseID, modalityID, score, with rows of truth, for the R package iMRMC.
    """

    MRMCAOV = "mrmcaov"
    IMRMC = "imrmc"
