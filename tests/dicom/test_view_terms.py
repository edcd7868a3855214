from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sr import _cid_dict, _concepts_dict
from pydicom.sr._snomed_dict import mapping

from mammolens.dicom.view_terms import ViewModifier, ViewTerm, term_of_code, term_of_words
from mammolens.enums import Laterality, ViewPosition

CC, MLO, ML, LM, LMO = (ViewPosition[name] for name in ("CC", "MLO", "ML", "LM", "LMO"))
LEFT, RIGHT = Laterality
SPOT, MAGNIFICATION = ViewModifier.SPOT_COMPRESSION, ViewModifier.MAGNIFICATION
IMPLANT, ROLLED = ViewModifier.IMPLANT_DISPLACED, ViewModifier.ROLLED
# The concepts of PS3.16 CID 4015, as pydicom names them.
MODIFIERS = {
    "Cleavage": ViewModifier.CLEAVAGE,
    "AxillaryTail": ViewModifier.AXILLARY_TAIL,
    "AxillaryTissue": ViewModifier.AXILLARY_TISSUE,
    "InfraMammaryFold": ViewModifier.INFRAMAMMARY_FOLD,
    "AnteriorCompression": ViewModifier.ANTERIOR_COMPRESSION,
    "NippleInProfile": ViewModifier.NIPPLE_IN_PROFILE,
    "RolledLateral": ROLLED,
    "RolledMedial": ROLLED,
    "RolledInferior": ROLLED,
    "RolledSuperior": ROLLED,
    "Tangential": ViewModifier.TANGENTIAL,
    "SpotCompression": SPOT,
    "Magnification": MAGNIFICATION,
    "ImplantDisplaced": IMPLANT,
}
WORDS: dict[str, tuple[ViewPosition | None, Laterality | None, set[ViewModifier]]] = {
    "cc": (CC, None, set()),
    "LCC": (CC, LEFT, set()),
    "RMLO": (MLO, RIGHT, set()),
    "R-CC": (CC, RIGHT, set()),
    "L MLO": (MLO, LEFT, set()),
    "LEFT CC": (CC, LEFT, set()),
    "LML": (ML, LEFT, set()),
    "RLM": (LM, RIGHT, set()),
    "LLMO": (LMO, LEFT, set()),
    "CCID": (CC, None, {IMPLANT}),
    "MLOID": (MLO, None, {IMPLANT}),
    "RMLO ID": (MLO, RIGHT, {IMPLANT}),
    "MLORL": (MLO, None, {ROLLED}),
    "CCNP": (CC, None, {ViewModifier.NIPPLE_IN_PROFILE}),
    "CCAC": (CC, None, {ViewModifier.ANTERIOR_COMPRESSION}),
    "MLOIMF": (MLO, None, {ViewModifier.INFRAMAMMARY_FOLD}),
    "MLOAX": (MLO, None, {ViewModifier.AXILLARY_TISSUE}),
    "SMLO": (MLO, None, {SPOT}),
    "MCC": (CC, None, {MAGNIFICATION}),
    "MLMO": (LMO, None, {MAGNIFICATION}),
    "LMSCC": (CC, LEFT, {SPOT, MAGNIFICATION}),
    "CC-SPOT": (CC, None, {SPOT}),
    "CC MAG": (CC, None, {MAGNIFICATION}),
    "Spot Compression": (None, None, {SPOT}),
    "AT": (MLO, None, {ViewModifier.AXILLARY_TAIL}),
    "CV": (None, None, {ViewModifier.CLEAVAGE}),
    "TAN": (None, None, {ViewModifier.TANGENTIAL}),
    "SPECIMEN": (None, None, {ViewModifier.SPECIMEN}),
    "medio-lateral oblique": (MLO, None, set()),
    "Medio Lateral": (ML, None, set()),
    "caudo-cranial (from below)": (ViewPosition.FB, None, set()),
    "MLO view": (MLO, None, set()),
    "MLO implant displaced": (MLO, None, {IMPLANT}),
}


def a_code(value: str, meaning: str = "as it is called") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "99VENDOR", meaning
    return item


def sct_code(concept: str, context: int) -> str:
    assert concept in _cid_dict.cid_concepts[context]["SCT"]
    codes = _concepts_dict.concepts["SCT"][concept]
    return next(code for code, (_, contexts) in codes.items() if context in contexts)


def test_every_modifier_of_the_standard_is_tried():
    assert MODIFIERS.keys() == set(_cid_dict.cid_concepts[4015]["SCT"])


@pytest.mark.parametrize(("concept", "modifier"), MODIFIERS.items())
def test_every_modifier_s_code_is_understood_whatever_its_meaning_says(concept, modifier):
    code = sct_code(concept, 4015)
    for value in (code, mapping["SCT"][code]):
        assert term_of_code(a_code(value, "CC")) == ViewTerm(modifiers=frozenset({modifier}))


@pytest.mark.parametrize(("concept", "modifier"), MODIFIERS.items())
def test_every_modifier_s_meaning_is_understood_where_its_code_is_private(concept, modifier):
    codes = _concepts_dict.concepts["SCT"][concept]
    meaning = codes[sct_code(concept, 4015)][0]
    assert term_of_code(a_code("X1", meaning)) == ViewTerm(modifiers=frozenset({modifier}))


@pytest.mark.parametrize("value", ["127457009", "G-8310"])
def test_a_specimen_is_no_view(value):
    assert term_of_code(a_code(value)) == ViewTerm(modifiers=frozenset({ViewModifier.SPECIMEN}))


@pytest.mark.parametrize("view", ViewPosition)
def test_every_view_s_acronym_is_that_view(view):
    assert term_of_words(view.value) == ViewTerm(view)


@pytest.mark.parametrize(("words", "meant"), WORDS.items(), ids=WORDS)
def test_words_that_modalities_write_are_understood(words, meant):
    view, laterality, modifiers = meant
    assert term_of_words(words) == ViewTerm(view, laterality, frozenset(modifiers))


@pytest.mark.parametrize(
    "words", ["", "AP", "PA", "LL", "LAT", "RLO", "LLO", "XCC", "CC MLO", "CC x", "CCX", "1", "???"]
)
def test_other_words_are_no_view(words):
    term = term_of_words(words)
    assert (term.view, term.laterality) == (None, None)
