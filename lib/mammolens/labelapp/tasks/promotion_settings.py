"""How a new model comes to serve: what an admin says of the gate with ``--conf``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mammolens.errors import ConfigError
from mammolens.promotion.contamination import SHARE
from mammolens.promotion.policy import PromotionPolicy, load_policy

PROMOTION, HELD_BACK, GUARD, POLICY, SENTINELS, EXPOSURE = (
    "promotion",
    "held_back_share",
    "guard_share",
    "gate_policy",
    "sentinels",
    "exposure",
)  # as `--conf` has them


class Promotion(StrEnum):
    """What happens to a model that the gate passes."""

    AUTOMATIC = "automatic"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class PromotionSettings:
    """What an admin says of new models.

    Attributes:
        promotion: whether a model that the gate passes serves at once, or waits for a person.
        held_back_share: of patients whom no model ever learns from, for the gate.
        guard_share: of normal patients who may be set aside for a second look; 0: nobody is.
        policy: margins of the gate.
        sentinels: data set of exams with a truth, none of which may be lost; ``None``: there is none.
        exposure: data set with outlined lesions that trainings learn from, too; ``None``: there is none.
    """

    promotion: Promotion = Promotion.AUTOMATIC
    held_back_share: float = 0.2
    guard_share: float = SHARE
    policy: PromotionPolicy = field(default_factory=PromotionPolicy)
    sentinels: Path | None = None
    exposure: Path | None = None

    @classmethod
    def of(cls, conf: Mapping[str, str]) -> PromotionSettings:
        """Read the pairs of ``--conf`` that are named above.

        Raises:
            ConfigError: a value that cannot be used.
        """
        policy = conf.get(POLICY)
        return cls(
            _promotion(conf),
            _share(conf, HELD_BACK, 0.2, lowest=0.01),
            _share(conf, GUARD, SHARE),
            load_policy(Path(policy)) if policy else PromotionPolicy(),
            _data_set(conf, SENTINELS),
            _data_set(conf, EXPOSURE),
        )

    def asks(self, wanted: bool | None) -> bool:
        """Whether a model that passes waits for a person; ``None`` leaves it to the setting."""
        return self.promotion is Promotion.ASK if wanted is None else wanted


def _data_set(conf: Mapping[str, str], name: str) -> Path | None:
    folder = conf.get(name)
    if folder and not Path(folder).is_dir():
        raise ConfigError(f"--conf {name}", f"{folder!r} is no folder", "name a data set, or leave it out")
    return Path(folder) if folder else None


def _promotion(conf: Mapping[str, str]) -> Promotion:
    named = conf.get(PROMOTION) or Promotion.AUTOMATIC
    try:
        return Promotion(named.strip())
    except ValueError as error:
        raise ConfigError(f"--conf {PROMOTION}", f"{named!r} is not known", f"use {', '.join(Promotion)}") from error


def _share(conf: Mapping[str, str], name: str, default: float, lowest: float = 0.0) -> float:
    text = str(conf.get(name) or "").strip()
    try:
        share = float(text) if text else default
    except ValueError:
        share = -1.0
    if not lowest <= share < 1:
        raise ConfigError(f"--conf {name}", f"{text!r} is no share", f"give a number from {lowest:g} to 1, as 0.2")
    return share
