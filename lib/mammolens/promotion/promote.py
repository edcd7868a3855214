"""Promote a candidate if the gate approves; every decision is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mammolens.datasets.base import Case
from mammolens.errors import ModelError, RequestError
from mammolens.inference.batch import OnError
from mammolens.models.device_names import AUTO
from mammolens.models.devices import Device
from mammolens.models.lineage import Lineage, lineage
from mammolens.models.store import ModelStore
from mammolens.promotion.gate import Progress, run_gate
from mammolens.promotion.gate_result import GateResult, read_gate_result
from mammolens.promotion.policy import PromotionPolicy


@dataclass(frozen=True, slots=True)
class PromotionResult:
    """The result of proposing a candidate.

    Attributes:
        version: its name in the store, where it stays either way.
        gate_result: what the gate found.
        serves: whether the candidate is in use now.
        waits: whether it passed the gate and awaits a person's approval.
    """

    version: str
    gate_result: GateResult
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
    device: str | Device = AUTO,
) -> PromotionResult:
    """Put a candidate through the gate; it is used if it passes or if a person overrides the gate.

    Args:
        store: its model in use is the one to compare with.
        candidate: a model directory, which is then copied into the store, or a version of the store.
        normals: see :func:`mammolens.promotion.gate.run_gate`.
        by: who proposes it: a person, or the program that trained it.
        findings, sentinels, policy: as for ``normals``.
        override: why the candidate is used even if the gate rejects it; recorded with ``by``.
        ask: a candidate that passes awaits a person's approval (:func:`accept`).
        on_error, progress, device: as for ``normals``.

    Raises:
        ModelError: the candidate or the serving model is missing, incomplete or damaged, or another model was
            promoted meanwhile.
    """
    compared_with = store.serving_version()
    gate_result = run_gate(
        store.serving(),
        store.directory(candidate) if isinstance(candidate, str) else candidate,
        normals,
        findings=findings,
        sentinels=sentinels,
        policy=policy,
        on_error=on_error,
        progress=progress,
        device=device,
    )
    if override is not None and not gate_result.passed:
        gate_result = gate_result.overridden(by, override)
    if store.serving_version() != compared_with:
        raise ModelError(store.root, "another model was promoted during the comparison", "compare again")
    version = candidate if isinstance(candidate, str) else store.add(candidate, by=by)
    kept = store.save_gate_result(version, gate_result.to_json())
    waits = gate_result.passed and ask
    if waits:
        store.wait(version, by=by, why=gate_result.reason, gate_result=kept)
    elif gate_result.promotes:
        overruled = gate_result.override is not None
        store.promote(
            version, by=by, why=gate_result.reason, gate_result=kept, overridden=overruled, compared_with=compared_with
        )
    else:
        store.refuse(version, by=by, why=gate_result.reason, gate_result=kept)
    return PromotionResult(version, gate_result, serves=gate_result.promotes and not waits, waits=waits)


def gate_approves(store: ModelStore, version: Lineage, gate_result: GateResult | None) -> bool:
    """Whether the gate has approved a version against the model in use now, so that promotion needs no reason.

    Args:
        store: that holds the version.
        version: the version to promote.
        gate_result: the last one of the version; ``None`` if there is none.
    """
    return gate_result is not None and gate_result.approves and version.compared_with == store.serving_version()


def accept(store: ModelStore, version: str, *, by: str, why: str = "") -> None:
    """Use a version because a person approves it; does nothing if it is in use already.

    If the gate has not approved it against the model in use now, the person overrides the gate, which is recorded
    with the name and the reason.

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
    gate_result = (
        read_gate_result(store.gate_result(found.gate_result), found.gate_result) if found.gate_result else None
    )
    consent = gate_approves(store, found, gate_result)
    if not consent and not why.strip():
        reason = "is missing: the gate has not approved this model against the one in use"
        raise RequestError("why", reason, "give a reason to use it anyway")
    kept = found.gate_result
    if not consent and gate_result is not None:
        kept = store.save_gate_result(version, gate_result.overridden(by, why).to_json())
    words = why or (gate_result.reason if gate_result else "")
    store.promote(version, by=by, why=words, gate_result=kept, overridden=not consent, compared_with=serving)
