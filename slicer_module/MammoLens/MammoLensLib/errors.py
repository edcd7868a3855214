"""Errors with what is wrong, why, and a remedy for the person at the viewer."""

from __future__ import annotations


class MammoLensError(Exception):
    """Base of every error that this module raises on purpose.

    Args:
        what: the server, image or file that the error is about.
        reason: what is wrong with it, in one clause.
        remedy: what the person can do about it, in one clause.
    """

    def __init__(self, what: str, reason: str, remedy: str) -> None:
        self.what, self.reason, self.remedy = what, reason, remedy
        super().__init__(f"{what}: {reason}; {remedy}")


class ServerError(MammoLensError):
    """The server does not answer, or not as it should.

    Attributes:
        status: of HTTP, where it was the server that refused.
    """

    def __init__(self, what: str, reason: str, remedy: str, status: int | None = None) -> None:
        super().__init__(what, reason, remedy)
        self.status = status


class OverlayError(MammoLensError):
    """A map that cannot be laid over its image."""


class SceneError(MammoLensError):
    """An exam that cannot be shown."""
