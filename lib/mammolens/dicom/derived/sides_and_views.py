"""Codes of breast, side and view for structured reports."""

from __future__ import annotations

from pydicom.sr.coding import Code

from mammolens.dicom.derived.standard_codes import SCT
from mammolens.enums import Laterality, ViewPosition

SIDES = {Laterality.LEFT: SCT.Left, Laterality.RIGHT: SCT.Right}  # PS3.16 CID 244
BREASTS = {  # PS3.16 CID 6022
    Laterality.LEFT: Code("80248007", "SCT", "Left breast"),
    Laterality.RIGHT: Code("73056007", "SCT", "Right breast"),
}
VIEWS = {  # PS3.16 CID 4014
    ViewPosition.CC: Code("399162004", "SCT", "cranio-caudal"),
    ViewPosition.MLO: Code("399368009", "SCT", "medio-lateral oblique"),
    ViewPosition.ML: Code("399260004", "SCT", "medio-lateral"),
    ViewPosition.LM: Code("399352003", "SCT", "latero-medial"),
    ViewPosition.LMO: Code("399099002", "SCT", "latero-medial oblique"),
    ViewPosition.XCCL: Code("399192008", "SCT", "cranio-caudal exaggerated laterally"),
    ViewPosition.XCCM: Code("399101009", "SCT", "cranio-caudal exaggerated medially"),
    ViewPosition.FB: Code("399196006", "SCT", "caudo-cranial (from below)"),
    ViewPosition.SIO: Code("399188001", "SCT", "superolateral to inferomedial oblique"),
    ViewPosition.ISO: Code("441555000", "SCT", "inferomedial to superolateral oblique"),
}
