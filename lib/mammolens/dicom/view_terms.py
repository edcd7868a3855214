"""Terms for the views of mammography and their modifiers: codes, words and meanings (PS3.16 CID 4014 and 4015)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from pydicom.dataset import Dataset

from mammolens.enums import Laterality, ViewPosition


class ViewModifier(StrEnum):
    """What makes a view differ from its standard (PS3.16 CID 4015), and the specimen (CID 4014)."""

    CLEAVAGE = "cleavage"
    AXILLARY_TAIL = "axillary tail"
    AXILLARY_TISSUE = "axillary tissue"
    INFRAMAMMARY_FOLD = "inframammary fold"
    ANTERIOR_COMPRESSION = "anterior compression"
    NIPPLE_IN_PROFILE = "nipple in profile"
    ROLLED = "rolled"
    TANGENTIAL = "tangential"
    SPOT_COMPRESSION = "spot compression"
    MAGNIFICATION = "magnification"
    IMPLANT_DISPLACED = "implant displaced"
    SPECIMEN = "specimen"


@dataclass(frozen=True, slots=True)
class ViewTerm:
    """The meaning of one code or word for a view.

    Attributes:
        view: ``None`` if the term has none, or if a part of it is not known.
        laterality: of words such as 'LCC'.
        modifiers: as far as they are known.
    """

    view: ViewPosition | None = None
    laterality: Laterality | None = None
    modifiers: frozenset[ViewModifier] = field(default_factory=frozenset)


# SCT codes, the SRT or SNM3 codes of former editions, and the two that CID 4014 had for XCCL and XCCM before.
_VIEW_CODES = {
    "399162004": ViewPosition.CC,
    "R-10242": ViewPosition.CC,
    "399368009": ViewPosition.MLO,
    "R-10226": ViewPosition.MLO,
    "399260004": ViewPosition.ML,
    "R-10224": ViewPosition.ML,
    "399352003": ViewPosition.LM,
    "R-10228": ViewPosition.LM,
    "399099002": ViewPosition.LMO,
    "R-10230": ViewPosition.LMO,
    "399196006": ViewPosition.FB,
    "R-10244": ViewPosition.FB,
    "399188001": ViewPosition.SIO,
    "R-102D0": ViewPosition.SIO,
    "441555000": ViewPosition.ISO,
    "R-40AAA": ViewPosition.ISO,
    "399192008": ViewPosition.XCCL,
    "R-1024A": ViewPosition.XCCL,
    "Y-X1770": ViewPosition.XCCL,
    "399101009": ViewPosition.XCCM,
    "R-1024B": ViewPosition.XCCM,
    "Y-X1771": ViewPosition.XCCM,
}
_MODIFIER_CODES = {
    "399161006": ViewModifier.CLEAVAGE,
    "R-102D2": ViewModifier.CLEAVAGE,
    "399011000": ViewModifier.AXILLARY_TAIL,
    "R-102D1": ViewModifier.AXILLARY_TAIL,
    "399197002": ViewModifier.ROLLED,
    "R-102D3": ViewModifier.ROLLED,
    "399226006": ViewModifier.ROLLED,
    "R-102D4": ViewModifier.ROLLED,
    "414493004": ViewModifier.ROLLED,
    "R-102CA": ViewModifier.ROLLED,
    "415670009": ViewModifier.ROLLED,
    "R-102C9": ViewModifier.ROLLED,
    "399209000": ViewModifier.IMPLANT_DISPLACED,
    "R-102D5": ViewModifier.IMPLANT_DISPLACED,
    "399163009": ViewModifier.MAGNIFICATION,
    "R-102D6": ViewModifier.MAGNIFICATION,
    "399055006": ViewModifier.SPOT_COMPRESSION,
    "R-102D7": ViewModifier.SPOT_COMPRESSION,
    "399110001": ViewModifier.TANGENTIAL,
    "R-102C2": ViewModifier.TANGENTIAL,
    "442581004": ViewModifier.NIPPLE_IN_PROFILE,
    "R-40AB3": ViewModifier.NIPPLE_IN_PROFILE,
    "441752004": ViewModifier.ANTERIOR_COMPRESSION,
    "P2-00161": ViewModifier.ANTERIOR_COMPRESSION,
    "442593008": ViewModifier.INFRAMAMMARY_FOLD,
    "R-40ABE": ViewModifier.INFRAMAMMARY_FOLD,
    "442580003": ViewModifier.AXILLARY_TISSUE,
    "R-40AB2": ViewModifier.AXILLARY_TISSUE,
    "127457009": ViewModifier.SPECIMEN,
    "G-8310": ViewModifier.SPECIMEN,
}
_VIEW_MEANINGS = {  # without blanks and hyphens, the longer ones first
    "SUPEROLATERALTOINFEROMEDIALOBLIQUE": ViewPosition.SIO,
    "INFEROMEDIALTOSUPEROLATERALOBLIQUE": ViewPosition.ISO,
    "CRANIOCAUDALEXAGGERATEDLATERALLY": ViewPosition.XCCL,
    "CRANIOCAUDALEXAGGERATEDMEDIALLY": ViewPosition.XCCM,
    "CAUDOCRANIALFROMBELOW": ViewPosition.FB,
    "MEDIOLATERALOBLIQUE": ViewPosition.MLO,
    "LATEROMEDIALOBLIQUE": ViewPosition.LMO,
    "CAUDOCRANIAL": ViewPosition.FB,
    "CRANIOCAUDAL": ViewPosition.CC,
    "MEDIOLATERAL": ViewPosition.ML,
    "LATEROMEDIAL": ViewPosition.LM,
}
_MODIFIER_MEANINGS = {
    ViewModifier.SPECIMEN: ("TISSUE SPECIMEN FROM BREAST", "BREAST SPECIMEN", "TISSUE SPECIMEN", "SPECIMEN"),
    ViewModifier.SPOT_COMPRESSION: ("SPOT COMPRESSION", "SPOT"),
    ViewModifier.MAGNIFICATION: ("MAGNIFICATION", "MAGNIFIED", "MAG"),
    ViewModifier.IMPLANT_DISPLACED: ("IMPLANT DISPLACED", "IMPLANT DISPLACEMENT"),
    ViewModifier.ROLLED: ("ROLLED LATERAL", "ROLLED MEDIAL", "ROLLED INFERIOR", "ROLLED SUPERIOR"),
    ViewModifier.AXILLARY_TAIL: ("AXILLARY TAIL",),
    ViewModifier.AXILLARY_TISSUE: ("AXILLARY TISSUE",),
    ViewModifier.INFRAMAMMARY_FOLD: ("INFRA MAMMARY FOLD", "INFRAMAMMARY FOLD"),
    ViewModifier.ANTERIOR_COMPRESSION: ("ANTERIOR COMPRESSION",),
    ViewModifier.NIPPLE_IN_PROFILE: ("NIPPLE IN PROFILE",),
    ViewModifier.CLEAVAGE: ("CLEAVAGE",),
    ViewModifier.TANGENTIAL: ("TANGENTIAL",),
}
# The ACR's equivalents in CID 4014 and 4015. 'LAT' is not a left 'AT' but a lateral view of unknown direction.
_PREFIXES = {"M": ViewModifier.MAGNIFICATION, "S": ViewModifier.SPOT_COMPRESSION}
_REPLACEMENTS = {
    "AT": (ViewPosition.MLO, ViewModifier.AXILLARY_TAIL),
    "CV": (None, ViewModifier.CLEAVAGE),  # of a CC or an FB
    "TAN": (None, ViewModifier.TANGENTIAL),
}
_SUFFIXES = {
    "ID": ViewModifier.IMPLANT_DISPLACED,
    "RL": ViewModifier.ROLLED,
    "RM": ViewModifier.ROLLED,
    "RI": ViewModifier.ROLLED,
    "RS": ViewModifier.ROLLED,
    "NP": ViewModifier.NIPPLE_IN_PROFILE,
    "AC": ViewModifier.ANTERIOR_COMPRESSION,
    "IMF": ViewModifier.INFRAMAMMARY_FOLD,
    "AX": ViewModifier.AXILLARY_TISSUE,
}
_SIDES = {"L": Laterality.LEFT, "LEFT": Laterality.LEFT, "R": Laterality.RIGHT, "RIGHT": Laterality.RIGHT}
# Lazy, so that 'LMO' is a view, not the left 'MO', and 'MLO' not a magnified 'LO'.
_ACRONYM = re.compile(
    r"(?P<side>[LR])??(?P<prefixes>[MS]{0,2}?)"
    rf"(?P<view>{'|'.join(sorted(ViewPosition, key=len, reverse=True))})"
    rf"(?P<suffixes>(?:{'|'.join(_SUFFIXES)})*)"
)
_SUFFIX = re.compile("|".join(_SUFFIXES))


def term_of_code(item: Dataset) -> ViewTerm:
    """A coded view or modifier (PS3.3 8.8), by its value or, where that is not known, by its meaning."""
    value = str(item.get("CodeValue") or "").strip()
    if value in _VIEW_CODES:
        return ViewTerm(_VIEW_CODES[value])
    if value in _MODIFIER_CODES:
        return ViewTerm(modifiers=frozenset((_MODIFIER_CODES[value],)))
    return term_of_words(str(item.get("CodeMeaning") or ""))


@lru_cache(maxsize=256)  # asked eight times for each image, and archives have few of them
def term_of_words(text: str) -> ViewTerm:
    """A view in words or in the ACR's acronyms.

    >>> term_of_words("LMLOID")
    ViewTerm(view=<ViewPosition.MLO: 'MLO'>, laterality=<Laterality.LEFT: 'L'>, modifiers=frozenset({<ViewModifier.IMPLANT_DISPLACED: 'implant displaced'>}))
    """  # noqa: E501 (a representation has no line breaks)
    words = " ".join(re.findall("[A-Z]+", text.upper()))
    modifiers: set[ViewModifier] = set()
    for modifier, meanings in _MODIFIER_MEANINGS.items():
        for meaning in meanings:
            words, found = re.subn(rf"\b{meaning}\b", " ", words)
            modifiers |= {modifier} if found else set()
    parts = [_part(word) for word in _joined(words).split() if word != "VIEW"]
    known = [part for part in parts if part is not None]
    views = {part.view for part in known if part.view}
    sides = {part.laterality for part in known if part.laterality}
    return ViewTerm(
        views.pop() if len(views) == 1 and len(known) == len(parts) else None,
        sides.pop() if len(sides) == 1 and len(known) == len(parts) else None,
        frozenset(modifiers.union(*(part.modifiers for part in known))),
    )


def _joined(words: str) -> str:
    """The same words, a view's meaning as its acronym."""
    for meaning, view in _VIEW_MEANINGS.items():
        spelled = r"\s?".join(meaning)
        words = re.sub(rf"\b{spelled}\b", view.value, words)
    return words


def _part(word: str) -> ViewTerm | None:
    if word in _SIDES:
        return ViewTerm(laterality=_SIDES[word])
    if word in _PREFIXES:
        return ViewTerm(modifiers=frozenset((_PREFIXES[word],)))
    if word in _SUFFIXES:
        return ViewTerm(modifiers=frozenset((_SUFFIXES[word],)))
    if word in _REPLACEMENTS:
        view, modifier = _REPLACEMENTS[word]
        return ViewTerm(view, modifiers=frozenset((modifier,)))
    match = _ACRONYM.fullmatch(word)
    if match is None:
        return None
    prefixes = {_PREFIXES[letter] for letter in match["prefixes"]}
    suffixes = {_SUFFIXES[suffix] for suffix in _SUFFIX.findall(match["suffixes"])}
    return ViewTerm(ViewPosition(match["view"]), _SIDES.get(match["side"]), frozenset(prefixes | suffixes))
