"""Which verdict counts where several people decided on one image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from mammolens.enums import Verdict
from mammolens.review.decision import Decision

Policy = Callable[[Sequence[Decision]], Verdict | None]
"""From the decisions that stand, none undone, the oldest first, to the verdict; ``None``: open."""


class PolicyName(StrEnum):
    """What a setting may say."""

    LATEST = "latest"
    TWO_READERS = "two_readers"


def latest(standing: Sequence[Decision]) -> Verdict | None:
    """What was decided last, whoever did."""
    return standing[-1].verdict if standing else None


def two_readers(standing: Sequence[Decision]) -> Verdict | None:
    """What at least two people decided, each one's last decision counting; open while anybody says otherwise."""
    verdicts = {decision.reviewer: decision.verdict for decision in standing}
    agreed = set(verdicts.values())
    return agreed.pop() if len(verdicts) > 1 and len(agreed) == 1 else None


def policy_of(name: PolicyName) -> Policy:
    """The policy that a setting names."""
    return {PolicyName.LATEST: latest, PolicyName.TWO_READERS: two_readers}[name]
