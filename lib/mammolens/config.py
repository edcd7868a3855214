"""The configuration that a person edits: one YAML file a model, checked when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mammolens.errors import ConfigError


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PreprocessingConfig(_Section):
    """How a mammogram becomes the network's input."""

    grid: Literal["square", "pixel_size"] = Field(
        "square", description="'square': size x size whatever the aspect; 'pixel_size': pixel_size_mm, padded"
    )
    size: int = Field(
        128,
        ge=32,
        le=4096,
        multiple_of=4,
        description="rows and columns of the network's input, which halves them twice",
    )
    pixel_size_mm: float | None = Field(None, gt=0.02, lt=5, description="for grid 'pixel_size'")
    margin: float = Field(0.01, ge=0, le=0.2, description="kept around the breast, as a share of its box")
    percentiles: tuple[float, float] = Field((1.0, 99.0), description="inside the breast, mapped to 0 and 1")

    @model_validator(mode="after")
    def _consistent(self) -> PreprocessingConfig:
        if self.grid == "pixel_size" and self.pixel_size_mm is None:
            raise ValueError("grid 'pixel_size' needs pixel_size_mm")
        low, high = self.percentiles
        if not 0 <= low < high <= 100:
            raise ValueError(f"percentiles must rise within 0..100, not {self.percentiles}")
        return self


class NetworkConfig(_Section):
    """Which network, and its own options."""

    name: str = Field("autoencoder", description="a name of mammolens.models.registry")
    options: dict[str, int | float | str | bool] = Field(default_factory=dict)


class TrainingConfig(_Section):
    """How the network learns."""

    epochs: int = Field(60, ge=1)
    batch_size: int = Field(16, ge=1)
    learning_rate: float = Field(1e-3, gt=0, le=10)
    patience: int = Field(10, ge=1, description="epochs without a better validation error before it stops")
    validation_fraction: float = Field(0.15, gt=0, lt=0.5, description="of the training patients")
    seed: int = Field(0, ge=0, lt=2**32)


class ScoringConfig(_Section):
    """How the error of the reconstruction becomes a map and a score."""

    smoothing: float = Field(1.0, ge=0, description="sigma of the Gaussian over the error map, in working pixels")
    erosion: int = Field(
        2, ge=0, description="working pixels taken off the breast's border, where edges attract errors"
    )
    fusion: Literal["mean", "max"] = Field("mean", description="views to breast, breasts to exam")


class CalibrationConfig(_Section):
    """How a score becomes a decision and a map becomes levels."""

    decision: Literal["conformal", "mean_std"] = "conformal"
    alpha: float = Field(0.10, gt=0, lt=1, description="conformal: share of normal patients flagged, promised")
    k: float = Field(0.1, description="mean_std: flag above mean + k standard deviations of normal scores")
    levels: dict[str, float] = Field(
        default_factory=lambda: {"low": 0.50, "moderate": 0.20, "high": 0.05},
        description="name and expected share of normal images whose map reaches the level anywhere",
    )
    fraction: float = Field(
        0.25, gt=0, lt=0.9, description="of patients held back where the data set has no calibration split"
    )

    @model_validator(mode="after")
    def _falling(self) -> CalibrationConfig:
        shares = list(self.levels.values())
        if not shares or any(not 0 < s < 1 for s in shares) or shares != sorted(set(shares), reverse=True):
            raise ValueError(f"levels must be falling shares within (0, 1), not {self.levels}")
        return self


class ModelConfig(_Section):
    """Everything that makes a model reproducible, together with the data and the code's version."""

    name: str = Field("autoencoder", pattern=r"^[a-z][a-z0-9_-]{0,63}$")
    description: str = ""
    preprocessing: PreprocessingConfig = PreprocessingConfig()
    network: NetworkConfig = NetworkConfig()
    training: TrainingConfig = TrainingConfig()
    scoring: ScoringConfig = ScoringConfig()
    calibration: CalibrationConfig = CalibrationConfig()

    def to_yaml(self) -> str:
        """The whole configuration as YAML that :func:`load_config` reads back unchanged."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)


def load_config(path: Path) -> ModelConfig:
    """Read a model configuration.

    Raises:
        ConfigError: naming the file, the field and the remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(path, f"cannot be read ({why})", "give a YAML file like configs/autoencoder.yaml") from error
    try:
        return ModelConfig.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise ConfigError(path, f"is no YAML ({_yaml_problem(error)})", "mend that line") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        what = first["msg"].removeprefix("Value error, ")
        raise ConfigError(path, f"{where}: {what}", "see configs/autoencoder.yaml for the fields") from error


def _yaml_problem(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(error).splitlines()[0]
