"""Which DICOM objects are made of a result, and when they are sent to the PACS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from mammolens.dicom.derived.kinds import OF_EXAM, OF_IMAGE, DerivedKind
from mammolens.errors import ConfigError, RequestError

_Kind = TypeVar("_Kind", bound=StrEnum)
KINDS, STORE = "results", "store_results"  # as `--conf` has them


class StorePolicy(StrEnum):
    """When results go to the PACS."""

    NEVER = "never"
    ON_REQUEST = "on_request"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class ResultPolicy:
    """What becomes of results; the segmentation is always made, as viewers show it."""

    kinds: tuple[DerivedKind, ...] = (DerivedKind.SEGMENTATION, DerivedKind.REPORT)
    store: StorePolicy = StorePolicy.ON_REQUEST

    @classmethod
    def of(cls, conf: Mapping[str, str]) -> ResultPolicy:
        """Read ``--conf results`` and ``--conf store_results``.

        Raises:
            ConfigError: a word that is none of theirs.
        """
        policy = cls()
        if named := conf.get(KINDS):
            chosen = {_member(DerivedKind, name, KINDS) for name in named.split(",") if name.strip()}
            chosen.add(DerivedKind.SEGMENTATION)
            policy = cls(tuple(kind for kind in DerivedKind if kind in chosen))
        return cls(policy.kinds, _member(StorePolicy, conf.get(STORE) or policy.store, STORE))

    @property
    def of_image(self) -> tuple[DerivedKind, ...]:
        """Objects of each image."""
        return tuple(kind for kind in self.kinds if kind in OF_IMAGE)

    @property
    def of_exam(self) -> tuple[DerivedKind, ...]:
        """Objects of the exam."""
        return tuple(kind for kind in self.kinds if kind in OF_EXAM)

    def stores(self, asked: bool | None, *, possible: bool) -> bool:
        """Whether to send results now.

        Args:
            asked: what the request says; ``None`` leaves it to the policy.
            possible: whether there is a PACS.

        Raises:
            RequestError: asked for, but there is no PACS, or it is not allowed.
        """
        if asked and not possible:
            raise RequestError("store", "there is no PACS behind a folder", "fetch the objects from the server instead")
        if asked and self.store is StorePolicy.NEVER:
            raise RequestError(
                "store", "this server sends nothing to the PACS", f"start it with --conf {STORE} on_request"
            )
        return possible and (self.store is StorePolicy.ALWAYS if asked is None else asked)


def _member(kind: type[_Kind], name: str, option: str) -> _Kind:
    try:
        return kind(name.strip())
    except ValueError as error:
        raise ConfigError(f"--conf {option}", f"{name!r} is not known", f"use {', '.join(kind)}") from error
