"""Exams that were accepted as normal and look so unlike normal ones that they ought to be looked at once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ServerError
from .told import all_of, made, number, texts


@dataclass(frozen=True)
class SecondLook:
    """An exam that is not learned from until it is confirmed a second time.

    Attributes:
        exam: id.
        views: "R CC" and so on.
        exam_p_value: share of normal exams that are at least as anomalous.
        reason: in words.
    """

    exam: str
    patient: str | None = None
    views: tuple[str, ...] = ()
    exam_p_value: float | None = None
    reason: str | None = None

    @classmethod
    def all_of_json(cls, told: Any) -> tuple[SecondLook, ...]:
        """All of them, from the server's JSON.

        Raises:
            ServerError: it tells none.
        """
        if not isinstance(told, Mapping) or not isinstance(told.get("exams"), list):
            raise ServerError("the server", "does not tell which exams to look at again", "update the server")
        return all_of(told, "exams", cls._of_json)

    @classmethod
    def _of_json(cls, told: Mapping[str, Any]) -> SecondLook:
        views, p_value = texts(told.get("views")), number(told.get("exam_p_value"))
        return made(cls, told, "exam", views=views, exam_p_value=p_value)
