"""Review marks: what an annotator decided on an image, kept in the image's info."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from mammolens.enums import Verdict
from mammolens.errors import RequestError
from mammolens.labelapp.keys import InfoKey, ReviewKey

_NEVER_REPLACED = (InfoKey.REVIEWS, InfoKey.EARLIER)


def verdict_of(info: Mapping[str, Any]) -> Verdict | None:
    """The verdict in an image's info; ``None`` where nobody has decided (or the mark was taken back)."""
    review = info.get(InfoKey.REVIEW)
    if not isinstance(review, Mapping):
        return None
    value = review.get(ReviewKey.VERDICT, review.get(ReviewKey.STATUS))
    return Verdict(value) if value in list(Verdict) else None


def merged(info: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """An image's info after a change; review marks get who, when and which model, and are never forgotten.

    Who, when and under which number are what the server knows, whatever the client says. The latest mark is
    ``info['review']``; all of them, in order, are ``info['reviews']``, which no change replaces.

    Raises:
        RequestError: a review mark that would count for nothing.
    """
    after = {**info, **{key: value for key, value in change.items() if key not in _NEVER_REPLACED}}
    if InfoKey.REVIEW not in change:
        return after
    check_review(change)
    review = {
        ReviewKey.MODEL.value: info.get(InfoKey.MODEL),
        **{key: value for key, value in (change[InfoKey.REVIEW] or {}).items() if key != ReviewKey.UNDOES},
        ReviewKey.TIME.value: int(time.time()),
        ReviewKey.DECISION.value: new_decision_id(),
    }
    if InfoKey.USER in change:
        review[ReviewKey.REVIEWER.value] = change[InfoKey.USER]
    return marked(after, review)


def marked(info: Mapping[str, Any], mark: Mapping[str, Any]) -> dict[str, Any]:
    """An image's info with one more mark, the one that counts from now on."""
    marks = [*info.get(InfoKey.REVIEWS, []), dict(mark)]
    return {**info, InfoKey.REVIEW.value: dict(mark), InfoKey.REVIEWS.value: marks}


def new_decision_id() -> str:
    """Tells decisions apart; the marks of one decision on several images share it."""
    return uuid.uuid4().hex


def check_review(info: Mapping[str, Any]) -> None:
    """Refuse a review mark that would silently count for nothing; an empty one takes the mark back.

    Raises:
        RequestError: the mark is no object or carries no known verdict.
    """
    review = info.get(InfoKey.REVIEW)
    if not review:
        return
    if verdict_of(info) is None:
        raise RequestError(
            f"{InfoKey.REVIEW}", "carries no known verdict", f"give {{'verdict': one of {', '.join(Verdict)}}}"
        )
