"""The gate's margins, with their reasons."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens.errors import ConfigError


class PromotionPolicy(BaseModel):
    """The gate's requirements.

    Differences are tested by their intervals: the candidate must be shown not to be worse beyond the margin
    (non-inferiority), so that too few images lead to rejection rather than promotion.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    min_patients: int = Field(
        20, ge=2, description="held-out normal patients; with fewer a rate of three times alpha looks like alpha"
    )
    level: float = Field(0.95, gt=0.5, lt=1, description="of all intervals, and of the band of the realised rate")
    min_uniformity_p_value: float = Field(
        0.01, gt=0, lt=1, description="smallest p-value of the uniformity test; smaller ones reject the candidate"
    )
    synthetic_margin: float = Field(
        0.05, gt=0, lt=0.5, description="loss of AUROC on synthetic lesions that is accepted"
    )
    synthetic_seed: int = Field(0, ge=0, description="of the synthetic lesions")
    assumed_height_mm: float = Field(
        240.0, gt=50, lt=500, description="height assumed for images without pixel spacing"
    )
    findings_margin: float = Field(
        0.20, gt=0, lt=1, description="increase in the share of marked images missed that is accepted"
    )
    min_findings: int = Field(
        20, ge=1, description="patients with marked findings; with fewer their interval is wider than any margin"
    )
    max_failed_sentinels: int = Field(
        0, ge=0, description="correctly classified sentinel exams that the candidate may misclassify"
    )
    resamples: int = Field(2000, ge=100, description="of patients, for the intervals")


def load_policy(path: Path) -> PromotionPolicy:
    """Read a policy: the fields of :class:`PromotionPolicy` as YAML, those left out keep their defaults.

    Raises:
        ConfigError: naming the file, the field and the remedy.
    """
    try:
        return PromotionPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the top level"
        raise ConfigError(path, f"{where}: {first['msg']}", "docs/promotion.md lists the fields") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(path, "cannot be read as YAML", "docs/promotion.md shows a policy") from error
