"""What an admin says of this server: the ``--conf`` pairs of the command line, each read once, all typed."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from mammolens.calibration.drift import DriftLimits
from mammolens.dicom.derived.kinds import OF_EXAM, OF_IMAGE, DerivedKind
from mammolens.enums import RuntimeName
from mammolens.errors import ConfigError, RequestError
from mammolens.labelapp.dimse_settings import (
    DESTINATION_PAIRS,
    LISTENER_PAIRS,
    DestinationSettings,
    ListenerSettings,
    destination_settings,
    listener_settings,
)
from mammolens.labelapp.webhook_settings import WEBHOOK_PAIRS, WebhookSettings, webhook_settings
from mammolens.models.device_names import AUTO, DEVICE_VARIABLE, Precision
from mammolens.models.installed_runtimes import require_installed
from mammolens.promotion.contamination import SHARE
from mammolens.promotion.policy import PromotionPolicy, load_policy
from mammolens.review.decision import LONGEST_NAME
from mammolens.review.policy import PolicyName

if TYPE_CHECKING:
    from mammolens.models.devices import Device

LEDGER_VARIABLE: Final = "MAMMOLENS_LEDGER"
"""In place of ``--conf ledger``, as a command line is not a place for a password."""

USERS_VARIABLE: Final = "MAMMOLENS_USERS"
"""In place of ``--conf users``; the command line's ``mammolens users`` reads it, too."""

DEFAULT_DRIFT_WINDOW: Final = 100
_FEWEST_PATIENTS = DriftLimits().min_exams
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_FOR_EVER = "forever"
_MOST_DAYS = 36_525  # a hundred years; dates have an end
E = TypeVar("E", bound=StrEnum)


class StorePolicy(StrEnum):
    """When results go to the PACS."""

    NEVER = "never"
    ON_REQUEST = "on_request"
    ALWAYS = "always"


class LinkPolicy(StrEnum):
    """Which links to files in the folder of studies are followed."""

    INSIDE = "inside"  # those to files of the same folder
    ANY = "any"


class LogFormat(StrEnum):
    """How the log is written."""

    TEXT = "text"
    JSON = "json"


class InferNew(StrEnum):
    """When new exams are inferred in the background."""

    ON_REQUEST = "on_request"
    ON_ARRIVAL = "on_arrival"


class DeliveredExams(StrEnum):
    """Which exams' results are delivered."""

    RECEIVED = "received"  # those with an image that came by C-STORE
    ALL = "all"


class Promotion(StrEnum):
    """What happens to a model that the gate passes."""

    AUTOMATIC = "automatic"
    ASK = "ask"


def cores() -> int:
    """How many this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class ResultPolicy:
    """Which DICOM objects are made of a result, and when they are sent to the PACS.

    Attributes:
        kinds: the objects; the segmentation is always one, as viewers show it.
        store: when.
    """

    kinds: tuple[DerivedKind, ...] = (DerivedKind.SEGMENTATION, DerivedKind.REPORT)
    store: StorePolicy = StorePolicy.ON_REQUEST

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
                "store", "this server sends nothing to the PACS", "start it with --conf store_results on_request"
            )
        return possible and (self.store is StorePolicy.ALWAYS if asked is None else asked)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The settings of the server; each field has the name of its ``--conf`` pair, unless stated otherwise.

    Attributes:
        model_dir: folder of the model store; ``None``: 'model' in the app's folder.
        result_policy: of ``results`` and ``store_results``.
        device: that networks run on, in inference and training.
        precision: of the networks in inference.
        infer_queue: number of requests that may wait for inference; further ones are refused.
        log_identifiers: whether the log names patients, images and files; otherwise it contains pseudonyms.
        log_format: how the log is written: lines of text, or of JSON for programs.
        infer_new: when new exams are inferred in the background.
        users: file of the accounts; ``None``: a realm has them.
        reviewer: name of all users if there is no login; ``None``: 'admin'.
        ledger: path or address of the decision ledger; ``None``: a file in the folder of the images.
        review_policy: whose decision counts if several readers decided.
        audit_log: file of the access audit; ``None``: in the folder of the images.
        audit_days: number of days for which its records are kept; ``None``: for ever.
        results_days: number of days for which results are kept; ``None``: for ever.
        drift_window: number of patients monitored for drift.
        learning_threads: of the training process; the other cores are left for inference.
        retrain_at: time of day by this computer's clock; ``None``: no scheduled time.
        retrain_after: number of new normal exams that starts a training; ``None``: not by number.
        promotion: whether a model that passes the gate is used at once, or awaits approval.
        held_out_share: of patients, for the gate; no model is ever trained on them.
        guard_share: of normal patients who may be set aside as suspect; 0: none.
        gate_policy: margins of the gate, from a file.
        sentinels: data set of exams with known truth that no new model may misclassify; ``None``: there is none.
        exposure: data set with outlined lesions to train on as well; ``None``: there is none.
        links: which links in the folder of studies are followed; with 'any', all users can read their files.
        runtime: that runs the network.
        dimse_listener: of the pairs that begin with ``dimse_``; ``None``: images come by HTTP alone.
        dimse_destination: of those that begin with its name; ``None``: results go nowhere by C-STORE.
        webhook: of the pairs that begin with its name; ``None``: no one is notified of finished exams.
        deliver: exams whose results are delivered; by default, those that are received, where some are.
        delivery_hours: for which a delivery is tried.
    """

    model_dir: Path | None = None
    result_policy: ResultPolicy = field(default_factory=ResultPolicy)
    device: str = AUTO
    precision: str = Precision.FLOAT32
    infer_queue: int = 32
    log_identifiers: bool = False
    log_format: LogFormat = LogFormat.TEXT
    infer_new: InferNew = InferNew.ON_REQUEST
    users: Path | None = None
    reviewer: str | None = None
    ledger: str | None = None
    review_policy: PolicyName = PolicyName.LATEST
    audit_log: Path | None = None
    audit_days: int | None = 2192  # six years, as 45 CFR 164.316(b)(2) asks for
    results_days: int | None = None  # what is removed cannot be brought back
    drift_window: int = DEFAULT_DRIFT_WINDOW
    learning_threads: int = field(default_factory=lambda: max(1, cores() // 2))
    retrain_at: time | None = None
    retrain_after: int | None = None
    promotion: Promotion = Promotion.AUTOMATIC
    held_out_share: float = 0.2
    guard_share: float = SHARE
    gate_policy: PromotionPolicy = field(default_factory=PromotionPolicy)
    sentinels: Path | None = None
    exposure: Path | None = None
    links: LinkPolicy = LinkPolicy.INSIDE
    runtime: RuntimeName = RuntimeName.TORCH
    dimse_listener: ListenerSettings | None = None
    dimse_destination: DestinationSettings | None = None
    webhook: WebhookSettings | None = None
    deliver: DeliveredExams = DeliveredExams.ALL
    delivery_hours: int = 72  # a weekend, and the day after it

    @classmethod
    def of(cls, conf: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> ServerSettings:
        """Read ``--conf`` pairs; those that are MONAI Label's own are passed over.

        Args:
            conf: the pairs; an empty value is as good as none.
            environment: variables of the process, of which ``MAMMOLENS_LEDGER`` and ``MAMMOLENS_USERS`` count.

        Raises:
            ConfigError: a value that cannot be used; names its pair.
        """
        values = {name: text for name, value in conf.items() if (text := str(value or "").strip())}
        default = cls()
        policy = values.get("gate_policy")
        listener = listener_settings(values)
        read = cls(
            model_dir=Path(values["model_dir"]) if "model_dir" in values else None,
            result_policy=_result_policy(values),
            **_device(values),
            infer_queue=_count(values, "infer_queue") or default.infer_queue,
            log_identifiers=_yes_or_no(values, "log_identifiers", default=default.log_identifiers),
            log_format=_member(values, "log_format", default.log_format),
            infer_new=_member(values, "infer_new", default.infer_new),
            users=Path(users) if (users := values.get("users") or environment.get(USERS_VARIABLE)) else None,
            reviewer=_name(values, "reviewer"),
            ledger=values.get("ledger") or environment.get(LEDGER_VARIABLE) or None,
            review_policy=_member(values, "review_policy", default.review_policy),
            audit_log=Path(values["audit_log"]) if "audit_log" in values else None,
            audit_days=_days(values, "audit_days", default.audit_days),
            results_days=_days(values, "results_days", default.results_days),
            drift_window=_drift_window(values),
            learning_threads=_count(values, "learning_threads") or default.learning_threads,
            retrain_at=_time_of_day(values, "retrain_at"),
            retrain_after=_count(values, "retrain_after"),
            promotion=_member(values, "promotion", default.promotion),
            held_out_share=_share(values, "held_out_share", default.held_out_share, lowest=0.01),
            guard_share=_share(values, "guard_share", default.guard_share),
            gate_policy=load_policy(Path(policy)) if policy else default.gate_policy,
            sentinels=_folder(values, "sentinels"),
            exposure=_folder(values, "exposure"),
            links=_member(values, "links", default.links),
            runtime=_runtime(values, default.runtime),
            dimse_listener=listener,
            dimse_destination=destination_settings(values),
            webhook=webhook_settings(values),
            deliver=_member(values, "deliver", DeliveredExams.RECEIVED if listener else default.deliver),
            delivery_hours=_count(values, "delivery_hours") or default.delivery_hours,
        )
        if read.dimse_destination and read.results_days and read.results_days * 24 < read.delivery_hours:
            reason = (
                f"{read.results_days} days are less than the {read.delivery_hours} hours for which a delivery waits"
            )
            raise ConfigError("--conf results_days", reason, "give more days, or fewer delivery_hours")
        return read

    @property
    def is_scheduled(self) -> bool:
        """Whether the server starts trainings automatically."""
        return self.retrain_at is not None or self.retrain_after is not None

    def placed(self) -> Device:
        """The device of inference."""
        from mammolens.models.devices import choose_device

        return choose_device(self.device, self.precision)

    def asks(self, wanted: bool | None) -> bool:
        """Whether a model that passes waits for a person; ``None`` leaves it to the setting."""
        return self.promotion is Promotion.ASK if wanted is None else wanted


def _device(values: Mapping[str, str]) -> dict[str, str]:
    """Names of a device and a precision that can be used."""
    named = {name: values[name] for name in ("device", "precision") if name in values}
    if named or os.environ.get(DEVICE_VARIABLE):
        from mammolens.models.devices import choose_device  # imports torch: nothing to wait for where it is not asked

        choose_device(named.get("device", AUTO), named.get("precision", Precision.FLOAT32))
    return named


def _result_policy(values: Mapping[str, str]) -> ResultPolicy:
    default = ResultPolicy()
    kinds = default.kinds
    if "results" in values:
        named = {_as_member(DerivedKind, name, "results") for name in values["results"].split(",") if name.strip()}
        kinds = tuple(kind for kind in DerivedKind if kind in named | {DerivedKind.SEGMENTATION})
    return ResultPolicy(kinds, _member(values, "store_results", default.store))


def _member(values: Mapping[str, str], name: str, default: E) -> E:
    return _as_member(type(default), values[name], name) if name in values else default


def _as_member(kind: type[E], text: str, name: str) -> E:
    try:
        return kind(text.strip())
    except ValueError as error:
        raise ConfigError(f"--conf {name}", f"{text!r} is not known", f"use {', '.join(kind)}") from error


def _runtime(values: Mapping[str, str], default: RuntimeName) -> RuntimeName:
    runtime = _member(values, "runtime", default)
    require_installed(runtime)
    return runtime


def _count(values: Mapping[str, str], name: str) -> int | None:
    if (text := values.get(name)) is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"--conf {name}", f"{text!r} is not a number of 1 or more", "give one, or leave it out")
    return int(text)


def _days(values: Mapping[str, str], name: str, default: int | None) -> int | None:
    text = values.get(name)
    if text is None:
        return default
    if text == _FOR_EVER:
        return None
    if not (text.isdecimal() and 1 <= int(text) <= _MOST_DAYS):
        reason = f"{text!r} is not a number of days from 1 to {_MOST_DAYS}"
        raise ConfigError(f"--conf {name}", reason, f"give one, or '{_FOR_EVER}'")
    return int(text)


def _yes_or_no(values: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = values.get(name, str(default)).lower()
    if text not in ("true", "false"):
        raise ConfigError(f"--conf {name}", f"{text!r} is neither true nor false", "give one of them, or leave it out")
    return text == "true"


def _drift_window(values: Mapping[str, str]) -> int:
    text = values.get("drift_window", str(DEFAULT_DRIFT_WINDOW))
    if not text.isdecimal() or int(text) < _FEWEST_PATIENTS:
        reason = f"{text!r} is not a number of patients to monitor"
        raise ConfigError("--conf drift_window", reason, f"give a whole number from {_FEWEST_PATIENTS} on, such as 100")
    return int(text)


def _name(values: Mapping[str, str], option: str) -> str | None:
    text = values.get(option)
    if text is not None and (len(text) > LONGEST_NAME or not text.isprintable()):
        remedy = f"use up to {LONGEST_NAME} printable characters"
        raise ConfigError(f"--conf {option}", f"{text[:80]!a} is not a valid name", remedy)
    return text


def _time_of_day(values: Mapping[str, str], name: str) -> time | None:
    if (text := values.get(name)) is None:
        return None
    if not (found := _TIME.fullmatch(text)):
        raise ConfigError(f"--conf {name}", f"{text!r} is not a time of day", "give one like 02:00")
    return time(int(found[1]), int(found[2]))


def _share(values: Mapping[str, str], name: str, default: float, lowest: float = 0.0) -> float:
    text = values.get(name, "")
    try:
        share = float(text) if text else default
    except ValueError:
        share = -1.0
    if not lowest <= share < 1:
        raise ConfigError(f"--conf {name}", f"{text!r} is not a share", f"give a number from {lowest:g} to 1, as 0.2")
    return share


def _folder(values: Mapping[str, str], name: str) -> Path | None:
    if (text := values.get(name)) is None:
        return None
    if not Path(text).is_dir():
        raise ConfigError(f"--conf {name}", f"{text!r} is not a folder", "name a data set, or leave it out")
    return Path(text)


def _checked(conf: Mapping[str, str]) -> dict[str, list[str] | None]:
    """What is wrong with pairs, for ``python -m mammolens.labelapp.settings``."""
    of_several = {"results", "store_results"} | LISTENER_PAIRS | DESTINATION_PAIRS | WEBHOOK_PAIRS
    known = {one.name for one in fields(ServerSettings)} - {"result_policy", "dimse_listener", "webhook"} | of_several
    from monailabel.config import settings

    from mammolens.labelapp.openid_provider import OpenIdProvider

    try:
        ServerSettings.of(conf)
        if provider := OpenIdProvider.of(settings):
            provider.check()
    except ConfigError as error:
        return {"error": [error.source, error.reason, error.remedy], "unknown": []}
    return {"error": None, "unknown": sorted(set(conf) - known)}


if __name__ == "__main__":
    json.dump(_checked(json.load(sys.stdin)), sys.stdout)
