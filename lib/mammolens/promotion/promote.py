"""Judge a model and let it serve, or not; either way it is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mammolens.datasets.base import Case
from mammolens.errors import ModelError, RequestError
from mammolens.inference.batch import OnError
from mammolens.models.lineage import lineage
from mammolens.models.store import ModelStore
from mammolens.promotion.gate import Progress, judge_candidate
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.verdict import Verdict, read_verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a candidate.

    Attributes:
        version: its name in the store, where it stays in either case.
        verdict: of the gate.
        serves: whether it serves now.
        waits: whether the gate passed it and a person is to have the last word.
    """

    version: str
    verdict: Verdict
    serves: bool
    waits: bool = False


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
    ask: bool = False,
    on_error: OnError = lambda error: None,
    progress: Progress = lambda done, total: None,
) -> Decision:
    """Put a candidate through the gate; it serves where it passes, or where a person overrules the gate.

    Args:
        store: whose serving model it is judged against.
        candidate: a model directory, which is copied into the store once it is judged, or a version of the store.
        normals: see :func:`mammolens.promotion.gate.judge_candidate`.
        by: who proposes it: a person, or the program that trained it.
        findings: likewise.
        sentinels: likewise.
        policy: likewise.
        override: why the candidate serves even if the gate refuses; kept with ``by``.
        ask: a candidate that passes waits until a person accepts it (:func:`accept`).
        on_error: likewise.
        progress: likewise.

    Raises:
        ModelError: the candidate or the serving model is missing, incomplete or damaged, or another model was
            promoted meanwhile.
    """
    judged_against = store.serving_version()
    verdict = judge_candidate(
        store.serving(),
        store.directory(candidate) if isinstance(candidate, str) else candidate,
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
    version = candidate if isinstance(candidate, str) else store.add(candidate, by=by)
    kept = store.keep_verdict(version, verdict.to_json())
    waits = verdict.passed and ask
    if waits:
        store.wait(version, by=by, why=verdict.reason, verdict=kept)
    elif verdict.promotes:
        overruled = verdict.override is not None
        store.promote(
            version, by=by, why=verdict.reason, verdict=kept, overridden=overruled, judged_against=judged_against
        )
    else:
        store.refuse(version, by=by, why=verdict.reason, verdict=kept)
    return Decision(version, verdict, serves=verdict.promotes and not waits, waits=waits)


def accept(store: ModelStore, version: str, *, by: str, why: str = "") -> None:
    """Let a version serve because a person says so; nothing is done where it serves already.

    Where the gate passed it against the model that serves now, that is consent enough; else the person overrules the
    gate, which is kept with her name and the reason.

    Args:
        store: that holds it.
        version: of the store.
        by: the person.
        why: in words.

    Raises:
        ModelError: there is no such version, it cannot be loaded, or another model was promoted meanwhile.
        RequestError: no reason, where the gate has not passed it against the model that serves now.
    """
    serving, found = store.serving_version(), lineage(store, version)
    verdict = read_verdict(store.verdict(found.verdict), found.verdict) if found.verdict else None
    consent = verdict is not None and verdict.consents and found.judged_against == serving
    if not consent and not why.strip():
        reason = "is missing: the gate has not passed this model against the one that serves now"
        raise RequestError("why", reason, "say why it shall serve all the same")
    kept = found.verdict
    if not consent and verdict is not None:
        kept = store.keep_verdict(version, verdict.overridden(by, why).to_json())
    words = why or (verdict.reason if verdict else "")
    store.promote(version, by=by, why=words, verdict=kept, overridden=not consent, judged_against=serving)
