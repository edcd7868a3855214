import io
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mammolens.labelapp.log_redaction import KEY_FILE, Redaction, pseudonym, pseudonym_key, redact_logs

KEY = b"k" * 32
STUDIES = "/srv/studies"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged by 'redacted.*' from now on."""
    logger, text = logging.getLogger("redacted"), io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    redact_logs(Redaction(KEY, [STUDIES]))
    yield text
    logger.removeHandler(handler)
    for handler in logging.getLogger().handlers:
        handler.filters[:] = [one for one in handler.filters if not isinstance(one, Redaction)]


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ada:hunter2@db/ledger",  # pragma: allowlist secret
        "postgresql://ada:hunter2@db:5432/ledger?x=1",  # pragma: allowlist secret
        "http://hunter2@pacs/dicom-web",
        "http://pacs/?user=ada&password=hunter2&x=1",
        "GET /x?access_token=hunter2 HTTP/1.1",
        "host=db password=hunter2 dbname=x",
        "Authorization: Bearer hunter2hunter2.x",
        "{'Authorization': 'Basic hunter2hunter2=='}",
    ],
)
@pytest.mark.parametrize("key", [KEY, None], ids=["pseudonyms", "identifiers"])
def test_no_password_is_written(text: str, key: bytes | None) -> None:
    assert "hunter2" not in Redaction(key).redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        '"GET /datastore/image?image=DOE_JANE HTTP/1.1" 200',
        '"GET /mammolens/images/DOE_JANE.dcm HTTP/1.1" 200',
        '"GET /mammolens/derived/DOE_JANE/segmentation.dcm HTTP/1.1" 200',
        '"GET /proxy/dicom/studies?PatientID=DOE_JANE&x=1 HTTP/1.1" 200',
        f"refused: {STUDIES}/DOE_JANE/1: is not a mammogram; export it again",
        "refused: DOE_JANE_L_CC.dcm: is damaged",
        "batch infer: 1 of 8 images, DOE_JANE_L_CC.dcm-0123456789",
        "refused: DOE JANE: no such image here; see GET /datastore/?output=all for the ids",
        "refused: 'DOE JANE': is not an image id; give an id that GET /datastore/?output=all lists",
        "left out an instance: 1.2.840.113619.2.66.2158408118.16050010109105933.20000",
    ],
)
def test_what_names_a_patient_is_written_as_a_pseudonym(text: str) -> None:
    redacted = Redaction(KEY, [STUDIES]).redacted(text)
    assert "DOE" not in redacted
    assert "113619" not in redacted
    assert "<" in redacted
    assert Redaction(None, [STUDIES]).redacted(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "serving model restorer-1a2b3c4d5e6f from /var/lib/mammolens/models/versions/restorer-1a2b3c4d5e6f",
        "batch infer: 8 of 8 images",
        '"GET /mammolens/exams/e-0123456789abcdef HTTP/1.1" 200',
        "monailabel 0.8.5, torch 2.13.0 at http://127.0.0.1:8000/",
        "the basic idea of a token is known",
        "refused: e-0123456789abcdef: no such exam here; see GET /mammolens/worklist",
    ],
)
def test_everything_else_is_written_as_it_is(text: str) -> None:
    assert Redaction(KEY, [STUDIES]).redacted(text) == text


def test_a_file_without_extension_is_known_by_its_id_and_monai_labels_lines_are_left_out(written: io.StringIO) -> None:
    image = "DOE_JANE.2020-1"
    redacted = Redaction(KEY, is_image=image.__eq__).redacted(f"{image}: is damaged, not {image}.5; export {image}.")
    known = f"<{pseudonym(KEY, image)}>"
    assert redacted == f"{known}: is damaged, not {image}.5; export {known}."
    assert not logging.getLogger("monailabel.endpoints.datastore").isEnabledFor(logging.INFO)
    redact_logs(Redaction(None))
    assert logging.getLogger("monailabel.endpoints").level == logging.NOTSET


def test_one_name_has_one_pseudonym_and_each_server_its_own() -> None:
    lines = [Redaction(KEY).redacted(text) for text in ("a DOE.dcm", "b DOE.dcm", "a ROE.dcm")]
    assert lines[0][2:] == lines[1][2:] != lines[2][2:]
    assert Redaction(b"another key").redacted("a DOE.dcm") != lines[0]


def test_arguments_and_stack_traces_are_redacted_as_well(written: io.StringIO) -> None:
    log = logging.getLogger("redacted.module")
    name, password = "DOE_JANE", "hunter2"  # pragma: allowlist secret
    try:  # a stack trace quotes the line below
        raise ValueError(f"{STUDIES}/{name}/x at postgresql://ada:{password}@db")
    except ValueError as error:
        log.warning("%s is refused, %d times", f"{name}.dcm", 3)
        log.exception("failed: %s", error)
    text = written.getvalue()
    assert "is refused, 3 times" in text
    assert "Traceback" in text
    assert "DOE" not in text
    assert "hunter2" not in text


def test_two_handlers_write_the_same_pseudonym(written: io.StringIO) -> None:
    log, also = logging.getLogger("redacted"), io.StringIO()
    handler = logging.StreamHandler(also)
    log.addHandler(handler)
    redact_logs(Redaction(KEY, [STUDIES]))
    log.warning("%s/DOE_JANE/x is damaged", STUDIES)
    log.removeHandler(handler)
    assert written.getvalue() == also.getvalue()


def test_the_key_is_made_once_and_is_the_servers_own(tmp_path: Path) -> None:
    key = pseudonym_key(tmp_path / "models")
    assert len(key) == 32
    assert pseudonym_key(tmp_path / "models") == key
    assert stat.S_IMODE((tmp_path / "models" / KEY_FILE).stat().st_mode) == 0o600
