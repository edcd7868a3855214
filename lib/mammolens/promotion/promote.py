"""Judge a model of the store and let it serve, or not; either way it is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mammolens.datasets.base import Case
from mammolens.errors import ModelError
from mammolens.inference.batch import OnError
from mammolens.models.store import ModelStore
from mammolens.promotion.gate import Progress, judge_candidate
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a candidate.

    Attributes:
        version: its name in the store, where it stays in either case.
        verdict: of the gate.
        serves: whether it serves now.
    """

    version: str
    verdict: Verdict
    serves: bool


def propose(
    store: ModelStore,
    candidate: Path | str,
    normals: Sequence[Case],
    *,
    by: str,
    findings: Sequence[Case] = (),
    sentinels: Sequence[Case] = (),
    policy: PromotionPolicy | None = None,
    override: str | None = None,
    on_error: OnError = lambda error: None,
    progress: Progress = lambda done, total: None,
) -> Decision:
    """Put a candidate through the gate; it serves where it passes, or where a person overrules the gate.

    Args:
        store: whose serving model it is judged against.
        candidate: a model directory, which is copied into the store, or a version of the store.
        normals: see :func:`mammolens.promotion.gate.judge_candidate`.
        by: who proposes it: a person, or the program that trained it.
        findings: likewise.
        sentinels: likewise.
        policy: likewise.
        override: why the candidate serves even if the gate refuses; kept with ``by``.
        on_error: likewise.
        progress: likewise.

    Raises:
        ModelError: the candidate or the serving model is missing, incomplete or damaged, or another model was
            promoted meanwhile.
    """
    version = candidate if isinstance(candidate, str) else store.add(candidate, by=by)
    judged_against = store.serving_version()
    verdict = judge_candidate(
        store.serving(),
        store.directory(version),
        normals,
        findings=findings,
        sentinels=sentinels,
        policy=policy,
        on_error=on_error,
        progress=progress,
    )
    if override is not None and not verdict.passed:
        verdict = verdict.overridden(by, override)
    if store.serving_version() != judged_against:
        raise ModelError(store.root, "another model was promoted while this one was judged", "judge it again")
    kept = store.keep_verdict(version, verdict.to_json())
    if verdict.promotes:
        overruled = verdict.override is not None
        store.promote(version, by=by, why=verdict.reason, verdict=kept, overridden=overruled)
    else:
        store.refuse(version, by=by, why=verdict.reason, verdict=kept)
    return Decision(version, verdict, verdict.promotes)
