"""Review policies: the effective verdict of an image with decisions of several readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from mammolens.enums import Verdict
from mammolens.review.decision import Decision

Policy = Callable[[Sequence[Decision]], Verdict | None]
"""Maps the active decisions on an image, oldest first, to its verdict; ``None``: open."""


class PolicyName(StrEnum):
    """Names of the policies in settings."""

    LATEST = "latest"
    TWO_READERS = "two_readers"


def latest(active: Sequence[Decision]) -> Verdict | None:
    """The last decision's verdict."""
    return active[-1].verdict if active else None


def two_readers(active: Sequence[Decision]) -> Verdict | None:
    """The verdict that at least two readers agree on, each by their last decision; open while any reader disagrees."""
    verdicts = {decision.reviewer: decision.verdict for decision in active}
    agreed = set(verdicts.values())
    return agreed.pop() if len(verdicts) > 1 and len(agreed) == 1 else None


def policy_of(name: PolicyName) -> Policy:
    """The policy of this name."""
    return {PolicyName.LATEST: latest, PolicyName.TWO_READERS: two_readers}[name]
