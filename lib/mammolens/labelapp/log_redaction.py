"""Removes passwords from the log, and replaces identifiers of patients by pseudonyms.

The same name has the same pseudonym in all lines of a server, so that they can be related; it cannot be turned back.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from weakref import WeakSet

from mammolens.errors import StorageError
from mammolens.files import atomic_file

KEY_FILE: Final = "log-pseudonyms.key"
_REDACTED: Final = "mammolens_redaction"  # attribute of a record
_KEY_BYTES: Final = 32
_SHOWN: Final = 10

_SECRETS: Final = (
    (re.compile(r"(?<=://)[^\s/?#'\"]*@"), "***@"),  # RFC 3986 3.2.1
    (re.compile(r"(?i)\b([\w-]*(?:password|passwd|token|secret)[\w-]*=)[^&\s'\"]+"), r"\1***"),
    (re.compile(r"(?i)\b(bearer|basic) +[\w.~+/-]{8,}=*"), r"\1 ***"),
)
_SEPARATED: Final = r"[^\s/\\?&#'\",;:()\[\]]+"
_IDENTIFIERS: Final = (
    # Parameters and paths of our addresses, as in the access log
    re.compile(r"(?i)(?<=[?&])(?P<before>(?:image|id|label|exam|patient\w*|study\w*|series\w*)=)(?P<name>[^&\s'\"]+)"),
    re.compile(rf"(?P<before>/mammolens/(?:images|derived|studies)/)(?P<name>{_SEPARATED}?)(?=\.dcm|[/\s?'\"]|$)"),
    # A UID (PS3.5 9.1), of six components at least, so that no version and no address is taken for one
    re.compile(r"(?<![\w.])(?P<before>)(?P<name>[0-2](?:\.\d+){5,})(?![\w.]*\w)"),
    # An image's file name, and the id that follows from a path
    re.compile(rf"(?P<before>)(?P<name>{_SEPARATED}\.(?:dcm|dicom|ima|png|jpe?g|nrrd|nii\.gz))\b", re.IGNORECASE),
    re.compile(r"(?P<before>)(?P<name>\b[A-Za-z0-9][\w.-]*-[0-9a-f]{10})\b"),
    # What a request named and is not here
    re.compile(
        r"(?P<before>\brefused: )(?!<|e-[0-9a-f]{16}:)(?P<name>.+?)(?=: (?:no such|is not an? (?:image|exam) id))"
    ),
)
_WORD: Final = re.compile(r"(?P<before>)(?P<name>\b[A-Za-z0-9](?:[\w.-]*[\w-])?)")
_redacting: Final = WeakSet[logging.Handler]()  # handlers with a redaction
_OF_REQUESTS: Final = "monailabel.endpoints"  # logs what requests name, in many forms; the access log has them, too


class Redaction(logging.Filter):
    """A filter of handlers; changes records, lets all of them pass.

    Args:
        key: of the pseudonyms; ``None``: identifiers of patients are logged as they are.
        folders: of images, whose inner paths may name patients.
        is_image: whether a word is the id of an image, such as that of a file without extension; logs nothing.
    """

    def __init__(
        self, key: bytes | None, folders: Sequence[str] = (), is_image: Callable[[str], bool] = lambda word: False
    ) -> None:
        super().__init__()
        self._key = key
        self._is_image = is_image
        known = "|".join(re.escape(folder.rstrip("/") + "/") for folder in folders)
        self._paths = re.compile(rf"(?P<before>{known})(?P<name>[^\s'\":;,]+)") if known else None

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact message, arguments and stack trace once, for any number of handlers."""
        if _REDACTED in record.__dict__:
            return True
        record.__dict__[_REDACTED] = True
        if record.name == "uvicorn.access" and isinstance(record.args, tuple):  # its formatter wants the arguments
            record.args = tuple(self.redacted(value) if isinstance(value, str) else value for value in record.args)
        else:
            record.msg, record.args = self.redacted(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.redacted(record.exc_text)
        return True

    def redacted(self, text: str) -> str:
        """A text without passwords, and with pseudonyms instead of identifiers."""
        for pattern, replacement in _SECRETS:
            text = pattern.sub(replacement, text)
        if self._key is None:
            return text
        for pattern in (*((self._paths,) if self._paths else ()), *_IDENTIFIERS):
            text = pattern.sub(self._with_pseudonym, text)
        return _WORD.sub(self._of_word, text)

    def _of_word(self, found: re.Match[str]) -> str:
        return self._with_pseudonym(found) if self._is_image(found["name"]) else found[0]

    @property
    def hides_identifiers(self) -> bool:
        """Whether pseudonyms are logged in place of identifiers."""
        return self._key is not None

    def _with_pseudonym(self, found: re.Match[str]) -> str:
        assert self._key is not None
        return f"{found['before']}<{pseudonym(self._key, found['name'])}>"


def pseudonym(key: bytes, name: str) -> str:
    """Ten hexadecimal digits instead of a name."""
    return hmac.digest(key, name.encode("utf-8", "surrogateescape"), hashlib.sha256).hex()[:_SHOWN]


def redact_logs(redaction: Redaction) -> None:
    """Let all handlers of this process redact what they write; replaces an earlier redaction."""
    stop_redacting()
    for handler in handlers():
        handler.addFilter(redaction)
        _redacting.add(handler)
    if redaction.hides_identifiers:
        logging.getLogger(_OF_REQUESTS).setLevel(logging.WARNING)


def stop_redacting() -> None:
    """Have all handlers of this process write what they are given."""
    while _redacting:
        handler = _redacting.pop()
        handler.filters[:] = [known for known in handler.filters if not isinstance(known, Redaction)]
    logging.getLogger(_OF_REQUESTS).setLevel(logging.NOTSET)


def pseudonym_key(folder: Path) -> bytes:
    """The key of a server's pseudonyms, made at its first start; readable by its user alone.

    Raises:
        StorageError: it cannot be written.
    """
    path = folder / KEY_FILE
    try:
        if not path.is_file():
            with atomic_file(path) as temporary:
                temporary.chmod(0o600)
                temporary.write_bytes(secrets.token_bytes(_KEY_BYTES))
        return path.read_bytes()
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        reason = f"cannot be written to ({error.strerror})"
        raise StorageError(folder, reason, "allow the server's user to write it, or name another folder") from error


def handlers() -> Iterator[logging.Handler]:
    """All handlers of this process."""
    yield from logging.getLogger().handlers
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield from logger.handlers
