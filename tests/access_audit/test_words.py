from pydicom.sr._concepts_dict import concepts

from mammolens.access_audit.words import AuditEventId, AuditEventType, EventOutcome


def test_codes_have_the_meanings_of_the_standard() -> None:
    of_dcm = {code: known[0] for keyword in concepts["DCM"].values() for code, known in keyword.items()}
    for code in (*AuditEventId, *AuditEventType):
        assert of_dcm[code.value] == code.meaning


def test_the_outcome_follows_the_status() -> None:
    assert [EventOutcome.of_status(status) for status in (200, 303, 401, 429, 500, 507)] == [0, 0, 4, 4, 8, 8]
