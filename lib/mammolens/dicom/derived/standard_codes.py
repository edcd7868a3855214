"""The standard's codes by keyword: ``DCM.SelectedRegion``, ``SCT.Breast``, ``UCUM.Percent`` (PS3.16)."""

from typing import Any

from pydicom.sr.codedict import codes

# pydicom types these as a union of which a type checker knows no member; each attribute is a Code.
DCM: Any = codes.DCM
SCT: Any = codes.SCT
UCUM: Any = codes.UCUM
