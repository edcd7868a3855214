"""One hierarchy of errors; each says what is wrong, with which file, and the remedy."""

from os import PathLike

from mammolens.names import path_as_text


class MammoLensError(Exception):
    """Base of every error that MammoLens raises on purpose.

    Args:
        source: the file, folder, option or URL that the error is about.
        reason: what is wrong with it, in one clause.
        remedy: what the person can do about it, in one clause.
    """

    def __init__(self, source: str | PathLike[str], reason: str, remedy: str) -> None:
        self.source = path_as_text(source)
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{self.source}: {reason}; {remedy}")

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.source, self.reason, self.remedy)


class InputError(MammoLensError, ValueError):
    """An image that cannot be used."""


class NotAMammogramError(InputError):
    """A readable object of another kind: CT, structured report, segmentation, a folder ..."""


class UnsupportedMammogramError(InputError):
    """A mammogram of a kind that is not scored: FOR PROCESSING, tomosynthesis, spot view ..."""


class PixelDataError(InputError):
    """Pixels that are missing, truncated, undecodable or constant."""


class UnexpectedImageError(InputError):
    """An image that reveals a bug, where many others must go on."""


class ConfigError(MammoLensError, ValueError):
    """A configuration that cannot be used."""


class DatasetError(MammoLensError, ValueError):
    """A data set, table or split that cannot be used."""


class ModelError(MammoLensError, RuntimeError):
    """A model directory that is missing, incomplete or damaged."""


class LedgerError(MammoLensError, RuntimeError):
    """A decision ledger or an audit log that cannot be opened or written, or that somebody has changed."""


class BackupError(MammoLensError, RuntimeError):
    """A backup that cannot be written or restored, or is damaged."""


class RequestError(MammoLensError, ValueError):
    """A request to the server that cannot be answered as it is."""


class UnknownImageError(RequestError, LookupError):
    """An image id that the datastore does not hold."""


class UnknownStudyError(RequestError, LookupError):
    """A reader study that the server does not know."""


class UnknownJobError(RequestError, LookupError):
    """A learning job that the server does not know."""


class PacsError(MammoLensError, ConnectionError):
    """A PACS that does not answer, or answers with an error."""


class WebhookError(MammoLensError, ConnectionError):
    """A receiver of webhooks that does not answer."""


class StorageError(MammoLensError, OSError):
    """A place that cannot be written to or read from: a full disk, missing permissions, an object store."""


class ServerError(MammoLensError, RuntimeError):
    """A server of ours that does not start or ended by itself."""
