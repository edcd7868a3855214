"""The origin and history of a version, from its training record and the store's history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from mammolens.models.directory import record_of
from mammolens.models.history import EventKind, HistoryEvent
from mammolens.models.store import ModelStore

_PROMOTIONS = (EventKind.PROMOTED, EventKind.ROLLED_BACK)
_GATE_EVENTS = (EventKind.PROMOTED, EventKind.REFUSED, EventKind.WAITS)


class Lineage(BaseModel):
    """One version; ``None`` where nothing is recorded."""

    model_config = ConfigDict(frozen=True)

    version: str
    serves: bool
    parent: str | None = Field(description="version that served when it was added; None: the model of the package")
    started_from: str | None = Field(description="model id whose weights it started from; None: from scratch")
    dataset: str | None = Field(description="name of the data that it learned from")
    data_fingerprint: str | None = Field(description="SHA-256 of the list of these data")
    added_at: datetime | None
    added_by: str | None
    promoted_at: datetime | None = Field(description="when it was last put in use")
    promoted_by: str | None
    overridden: bool = Field(description="by a person against the gate")
    refused: bool = Field(description="its last event is a rejection")
    waits: bool = Field(description="it passed the gate and awaits a person's approval")
    gate_result: str | None = Field(description="file of its last gate result")
    compared_with: str | None = Field(
        description="version that was in use when the gate compared it; None: the model of the package"
    )


def lineages(store: ModelStore) -> list[Lineage]:
    """Every version of a store, oldest first.

    Raises:
        ModelError: the history is damaged.
    """
    history, serving = store.history(), store.serving_version()
    return [_lineage(store, version, history, serving) for version in store.versions()]


def lineage(store: ModelStore, version: str) -> Lineage:
    """One version of a store.

    Raises:
        ModelError: there is no such version, or the history is damaged.
    """
    store.directory(version)
    return next(one for one in lineages(store) if one.version == version)


def serving_added_at(store: ModelStore) -> datetime | None:
    """When the serving version came into the store; ``None``: the model of the package, or not recorded.

    Raises:
        ModelError: the history is damaged.
    """
    version = store.serving_version()
    added = (entry.at for entry in store.history() if entry.event is EventKind.ADDED and entry.version == version)
    return next(added, None) if version is not None else None


def _lineage(store: ModelStore, version: str, history: Sequence[HistoryEvent], serving: str | None) -> Lineage:
    own = [entry for entry in history if entry.version == version]
    added = next((entry for entry in own if entry.event is EventKind.ADDED), None)
    promoted = next((entry for entry in reversed(own) if entry.event in _PROMOTIONS), None)
    gate_events = [entry for entry in own if entry.event in _GATE_EVENTS]
    gate_result = next((entry.gate_result for entry in reversed(gate_events) if entry.gate_result), None)
    given = next((entry for entry in gate_events if entry.gate_result == gate_result), None)  # later entries lean on it
    record = record_of(store.directory(version))
    return Lineage(
        version=version,
        serves=version == serving,
        parent=added.previous if added else None,
        started_from=record.get("started_from"),
        dataset=(record.get("dataset") or {}).get("name"),
        data_fingerprint=record.get("data_fingerprint"),
        added_at=added.at if added else None,
        added_by=added.by if added else None,
        promoted_at=promoted.at if promoted else None,
        promoted_by=promoted.by if promoted else None,
        overridden=bool(promoted and promoted.overridden),
        refused=bool(gate_events) and gate_events[-1].event is EventKind.REFUSED,
        waits=bool(gate_events) and gate_events[-1].event is EventKind.WAITS,
        gate_result=gate_result,
        compared_with=given.previous if gate_result and given else None,
    )
