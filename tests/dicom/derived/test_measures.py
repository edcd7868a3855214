from __future__ import annotations

from pydicom.sr.coding import Code

from mammolens.dicom.derived import measures

CODES = [value for value in vars(measures).values() if isinstance(value, Code)]


def test_codes_are_private_unique_and_fit_their_values():
    assert len(CODES) == 15
    assert len({code.value for code in CODES}) == len({code.meaning for code in CODES}) == len(CODES)
    for code in CODES:
        assert code.scheme_designator == "99MAMMOLENS"
        assert len(code.value) <= 16  # SH, PS3.5 6.2
        assert len(code.meaning) <= 64  # LO


def test_reports_are_told_whose_codes_they_are():
    (scheme,) = measures.coding_schemes()
    assert scheme.CodingSchemeDesignator == measures.SCHEME
    assert scheme.CodingSchemeResponsibleOrganization == "MammoLens developers"
