"""The configuration that a person edits: one YAML file a model, checked when it is read."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema

from mammolens.errors import ConfigError
from mammolens.types import COARSEST_FOR_CALCIFICATIONS_MM, AnyPath

_LIBYAML: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NAME_PATTERN: Final = r"^[a-z][a-z0-9_-]{0,63}$"
Standardise = Literal["none", "acquisition_group", "acquisition_group_view"]


def rising(pair: tuple[float, float]) -> tuple[float, float]:
    """The pair, if it is one of positive numbers that rises."""
    if not 0 < pair[0] < pair[1]:
        raise ValueError(f"must be two increasing positive numbers, not {pair}")
    return pair


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PreprocessingConfig(_Section):
    """How a mammogram becomes the network's input."""

    grid: Literal["square", "pixel_size"] = Field(
        "square", description="'square': size x size for any aspect ratio; 'pixel_size': pixel_size_mm, padded"
    )
    size: int = Field(
        128,
        ge=32,
        le=4096,
        multiple_of=4,
        description="rows and columns of the network's input, which halves them twice",
    )
    pixel_size_mm: float | None = Field(None, gt=0.02, lt=5, description="for grid 'pixel_size'")
    assumed_height_mm: float = Field(
        240.0, gt=50, lt=500, description="for grid 'pixel_size': of a whole image whose pixel spacing is not known"
    )
    margin: float = Field(0.01, ge=0, le=0.2, description="kept around the breast, as a share of its box")
    percentiles: tuple[float, float] = Field((1.0, 99.0), description="inside the breast, mapped to 0 and 1")

    @property
    def limitation(self) -> str | None:
        """What a model with such pixels does not look for, in a sentence; ``None`` where they are fine enough."""
        given = self.pixel_size_mm if self.grid == "pixel_size" else None
        pixel_size = given or self.assumed_height_mm / self.size
        if pixel_size <= COARSEST_FOR_CALCIFICATIONS_MM:
            return None
        return f"Calcifications are not detected: the model works at {pixel_size:.2g} mm per pixel."

    @model_validator(mode="after")
    def _consistent(self) -> PreprocessingConfig:
        if self.grid == "pixel_size" and self.pixel_size_mm is None:
            raise ValueError("grid 'pixel_size' needs pixel_size_mm")
        low, high = self.percentiles
        if not 0 <= low < high <= 100:
            raise ValueError(f"percentiles must rise within 0..100, not {self.percentiles}")
        return self


def limitation_of(members: Sequence[PreprocessingConfig]) -> str | None:
    """What an ensemble does not look for: nothing where the pixels of one of its members are fine enough."""
    limitations = [member.limitation for member in members]
    return None if None in limitations else limitations[0]


class NetworkConfig(_Section):
    """Which network, and its own options."""

    name: str = Field("autoencoder", description="a name of mammolens.models.networks")
    options: dict[str, int | float | str | bool] = Field(default_factory=dict)
    members: int = Field(
        1, ge=1, le=20, description="networks, each trained without one share of the patients and calibrated on it"
    )


class LesionKind(StrEnum):
    """What a synthetic lesion imitates."""

    MASS = "mass"
    SPICULATED_MASS = "spiculated_mass"
    CALCIFICATIONS = "calcifications"
    DISTORTION = "distortion"
    FOREIGN = "foreign"


class LesionConfig(_Section):
    """Synthetic lesions in the images that a network learns from."""

    share: float = Field(0.75, gt=0, le=1, description="of the images get lesions; the others are unchanged")
    most: int = Field(2, ge=1, le=10, description="lesions in one image")
    kinds: dict[LesionKind, Annotated[float, Field(gt=0)]] = Field(
        default_factory=lambda: {
            LesionKind.MASS: 0.35,
            LesionKind.SPICULATED_MASS: 0.30,
            LesionKind.CALCIFICATIONS: 0.10,
            LesionKind.DISTORTION: 0.10,
            LesionKind.FOREIGN: 0.15,
        },
        min_length=1,
        description="relative frequency of each kind",
    )
    radius_mm: Annotated[tuple[float, float], AfterValidator(rising)] = Field(
        (2.25, 8.25), description="smallest and largest"
    )
    contrast: Annotated[tuple[float, float], AfterValidator(rising)] = Field(
        (0.5, 2.2), description="lowest and highest, in multiples of the variation of the surrounding tissue"
    )


class TrainingConfig(_Section):
    """How the network learns."""

    epochs: int = Field(60, ge=1)
    batch_size: int = Field(16, ge=1)
    learning_rate: float = Field(1e-3, gt=0, le=10, description="the highest, if the schedule changes it")
    schedule: Literal["constant", "one_cycle"] = "constant"
    weight_decay: float = Field(0.0, ge=0, lt=1)
    l2_sp: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="if training starts from another model: strength of the penalty on the distance from its weights",
    )
    lesions: LesionConfig | None = Field(None, description="remove synthetic lesions; otherwise reconstruct the input")
    exposure_share: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="of each batch: known abnormal images with outlined lesions",
    )
    exposure_grey_exchange: float = Field(
        0.0,
        ge=0,
        le=1,
        description="of normal and of known abnormal images: take the grey levels of an image of the other kind",
    )
    patience: int = Field(
        10, ge=1, description="constant schedule: epochs without a better validation error before it stops"
    )
    validation_fraction: float = Field(0.15, gt=0, lt=0.5, description="of the training patients")
    seed: int = Field(0, ge=0, lt=2**32)
    ema: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="decay per step of a moving average of the weights, which is validated and kept; 0: no average",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="'bfloat16': automatic mixed precision in training; weights and validation stay float32"
    )
    workers: int = Field(
        0,
        ge=0,
        le=64,
        exclude=True,  # a matter of the computer: the model is the same, and so is a run that goes on
        description="processes that prepare batches while the network learns; weights do not depend on it",
    )

    @property
    def keeps_last_epoch(self) -> bool:
        """Whether the last epoch's weights are kept, not those of the lowest validation error.

        One cycle ends by annealing: an epoch before its end with a lower error is luck.
        """
        return self.schedule == "one_cycle"


class FusionConfig(_Section):
    """How the scores of views become a breast's, and those of breasts an exam's.

    A configuration may say ``fusion: max`` for the same of views and breasts.
    """

    views: Literal["mean", "max"] = Field("mean", description="of a breast")
    breasts: Literal["mean", "max"] = Field("mean", description="of an exam")
    asymmetry: float = Field(
        0.0, ge=0, le=10, description="weight of the difference between the breasts, which is added to the exam's score"
    )

    @model_validator(mode="before")
    @classmethod
    def _one_word(cls, given: Any) -> Any:
        return {"views": given, "breasts": given} if isinstance(given, str) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [handler(core_schema), {"enum": ["mean", "max"]}]}

    def __str__(self) -> str:
        """In words."""
        exam = {"mean": "the mean of the breasts", "max": "the higher breast"}[self.breasts]
        if self.asymmetry:
            exam += f" + {self.asymmetry:g} x their difference"
        return f"{self.views} of a breast's views, {exam}"


MEANS: Final = FusionConfig()


class ScoringConfig(_Section):
    """How what the network tells becomes a map and a score."""

    smoothing: float = Field(1.0, ge=0, description="sigma of the Gaussian over the map, in working pixels")
    log_odds: float = Field(1.0, gt=0, le=1, description="weight of the network's log odds in the evidence")
    residual: float = Field(
        0.0, ge=0, le=1000, description="added to the evidence for a change of the normalised grey by 1"
    )
    convergence: float = Field(0.0, ge=0, le=100, description="added to the evidence for a convergence index of 1")
    convergence_radii: Annotated[tuple[float, float], AfterValidator(rising)] = Field(
        (6.0, 7.0), description="of the masses towards which gradients should point, in working pixels"
    )
    erosion: int = Field(
        2, ge=0, description="working pixels taken off the breast's border, where edges attract errors"
    )
    scorer: str | None = Field(
        None,
        exclude_if=lambda name: name is None,  # what names none is written as before
        description="anomaly scorer of another package (entry points mammolens.scorers); by default MammoLens's own",
    )
    scorer_options: dict[str, int | float | str | bool] = Field(
        default_factory=dict, exclude_if=lambda options: not options, description="arguments of that scorer"
    )
    fusion: FusionConfig = MEANS


class CalibrationConfig(_Section):
    """How a score becomes a decision and a map becomes levels."""

    standardise: Standardise = Field(
        "acquisition_group_view", description="whose normal images a score is measured in; 'none': the network's own"
    )
    decision: Literal["conformal", "mean_std"] = "conformal"
    alpha: float = Field(0.10, gt=0, lt=1, description="conformal: guaranteed share of normal patients flagged")
    confidence: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="conformal: guarantee alpha with this probability over calibrations instead of on average",
    )
    highly_unusual_alpha: float | None = Field(
        None,
        gt=0,
        lt=1,
        exclude_if=lambda level: level is None,  # what names no level of its own is written as before
        description="share of normal patients called 'Highly unusual', guaranteed like alpha; by default half of alpha",
    )
    group_patients: int = Field(
        20,
        ge=1,
        description="a machine with that many calibration patients, and enough to flag, has its own calibration",
    )
    k: float = Field(0.1, description="mean_std: flag above mean + k standard deviations of normal scores")
    levels: dict[str, float] = Field(
        default_factory=lambda: {"low": 0.50, "moderate": 0.20, "high": 0.05},
        description="name and expected share of normal images whose map reaches the level anywhere",
    )
    fraction: float = Field(
        0.25, gt=0, lt=0.9, description="of patients held out if the data set has no calibration split"
    )

    @model_validator(mode="after")
    def _falling(self) -> CalibrationConfig:
        if self.highly_unusual_alpha is not None and self.highly_unusual_alpha > self.alpha:
            raise ValueError(f"highly_unusual_alpha is {self.highly_unusual_alpha}, but at most alpha = {self.alpha}")
        shares = list(self.levels.values())
        if not shares or any(not 0 < s < 1 for s in shares) or shares != sorted(set(shares), reverse=True):
            raise ValueError(f"levels must be decreasing shares within (0, 1), not {self.levels}")
        return self

    @property
    def highly_unusual_level(self) -> float:
        """The share of normal patients called 'Highly unusual'."""
        return self.alpha / 2 if self.highly_unusual_alpha is None else self.highly_unusual_alpha


class FindingsConfig(_Section):
    """Which regions of the anomaly map are findings."""

    maximum: int = Field(3, ge=0, le=100, description="number kept per image, highest peak first")
    level: str = Field("moderate", description="lowest heat level that makes a finding; a name of calibration.levels")
    smallest_mm2: float = Field(10.0, ge=0, description="smaller regions are not findings")
    smallest_share: float = Field(
        0.0005, ge=0, lt=1, description="the same as a share of the breast, if there is no pixel spacing"
    )


class _Document(_Section):
    def to_yaml(self) -> str:
        """The whole configuration as YAML that :func:`load_any_config` reads back unchanged."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)


class ModelConfig(_Document):
    """Everything that makes a model reproducible, together with the data and the code's version.

    Example:
        >>> ModelConfig.model_validate({"name": "ours", "training": {"epochs": 3}}).training.epochs
        3
    """

    name: str = Field("autoencoder", pattern=NAME_PATTERN)
    description: str = ""
    preprocessing: PreprocessingConfig = PreprocessingConfig()
    network: NetworkConfig = NetworkConfig()
    training: TrainingConfig = TrainingConfig()
    scoring: ScoringConfig = ScoringConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    findings: FindingsConfig = FindingsConfig()

    @model_validator(mode="after")
    def _consistent(self) -> ModelConfig:
        _check_level(self.findings, self.calibration)
        if self.scoring.convergence and self.preprocessing.grid != "pixel_size":
            raise ValueError("scoring.convergence looks for masses of one size: set preprocessing.grid to pixel_size")
        return self


class EnsembleMember(_Section):
    """One model of an ensemble."""

    name: str = Field(pattern=NAME_PATTERN)
    model: str = Field(
        min_length=1, description="configuration or model directory; a relative path starts at the ensemble's file"
    )
    weight: float = Field(1.0, gt=0, le=1000, description="in means of scores and of maps")


class MembersConfig(_Section):
    """Which models are combined, and how their scores become one."""

    members: tuple[EnsembleMember, ...] = Field(min_length=2, max_length=20)
    fusion: Literal["mean", "max"] = Field("mean", description="of the members' standardised scores")

    @model_validator(mode="after")
    def _consistent(self) -> MembersConfig:
        if len(set(self.names)) < len(self.members):
            raise ValueError(f"two members have one name: {', '.join(self.names)}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Of the members, in order."""
        return tuple(member.name for member in self.members)

    @property
    def weights(self) -> dict[str, float]:
        """By the member's name."""
        return {member.name: member.weight for member in self.members}


class EnsembleScoringConfig(_Section):
    """How the ensemble's scores of images become those of exams."""

    fusion: FusionConfig = MEANS


class EnsembleConfig(_Document):
    """Several whole models as one: each prepares images and scores them in its own way."""

    name: str = Field("ensemble", pattern=NAME_PATTERN)
    description: str = ""
    ensemble: MembersConfig
    scoring: EnsembleScoringConfig = EnsembleScoringConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    findings: FindingsConfig = FindingsConfig()

    @model_validator(mode="after")
    def _consistent(self) -> EnsembleConfig:
        _check_level(self.findings, self.calibration)
        return self


class CalcificationsConfig(_Section):
    """Where and how clusters of calcifications are looked for."""

    pixel_size_mm: float = Field(0.14, ge=0.05, le=COARSEST_FOR_CALCIFICATIONS_MM, description="of the branch's input")
    border_mm: float = Field(4.0, ge=0, le=20, description="taken off the breast's border and the image's edges")
    share: float = Field(0.5, gt=0, lt=1, description="of the training patches get a synthetic cluster")
    benign: float = Field(
        0.65, ge=0, le=1, description="of the patches get synthetic benign calcifications, specks or scratches"
    )


class CalcificationConfig(_Document):
    """The calcification branch: an optional part of a model, with a network and a training of its own."""

    name: str = Field("calcifications", pattern=NAME_PATTERN)
    description: str = ""
    calcifications: CalcificationsConfig
    training: TrainingConfig = TrainingConfig()


AnyConfig = ModelConfig | EnsembleConfig
AnyDocument = AnyConfig | CalcificationConfig
_Config = TypeVar("_Config", bound=_Document)


def config_schema() -> str:
    """What ``docs/schema/config.schema.json`` holds: the JSON Schema of a configuration of any kind."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema = TypeAdapter[AnyDocument](AnyDocument).json_schema()
    return json.dumps(dialect | schema, indent=2) + "\n"


def _check_level(findings: FindingsConfig, calibration: CalibrationConfig) -> None:
    if findings.level not in calibration.levels:
        names = ", ".join(calibration.levels)
        raise ValueError(f"findings.level {findings.level!r} is not one of calibration.levels: {names}")


def load_config(path: AnyPath) -> ModelConfig:
    """Read the configuration of a model that is not an ensemble.

    Raises:
        ConfigError: naming the file, the field and the remedy.

    Example:
        >>> from mammolens import pretrained_directory
        >>> load_config(pretrained_directory("restorer") / "config.yaml").preprocessing.pixel_size_mm
        0.75
    """
    path = Path(path)
    config = load_any_config(path)
    if isinstance(config, EnsembleConfig):
        raise ConfigError(path, "is an ensemble of whole models", "give the configuration of a single model")
    return config


def load_any_config(path: Path) -> AnyConfig:
    """Read the configuration of a model or, if it has a section 'ensemble', of an ensemble of models.

    Raises:
        ConfigError: naming the file, the field and the remedy.
    """
    document = load_document(path)
    if isinstance(document, CalcificationConfig):
        reason = "is the configuration of a calcification branch, which is a part of a model"
        raise ConfigError(path, reason, "give the configuration of a model, such as configs/restorer.yaml")
    return document


def load_calcification_config(path: Path) -> CalcificationConfig:
    """Read the configuration of a calcification branch.

    Raises:
        ConfigError: naming the file, the field and the remedy.
    """
    document = load_document(path)
    if not isinstance(document, CalcificationConfig):
        reason = "is not the configuration of a calcification branch: it has no section 'calcifications'"
        raise ConfigError(path, reason, "see configs/calcifications.yaml")
    return document


def load_document(path: Path) -> AnyDocument:
    """Read a configuration of any kind: of a model, an ensemble of models or a calcification branch.

    Raises:
        ConfigError: naming the file, the field and the remedy.
    """
    content = _read(path)
    sections = content if isinstance(content, dict) else {}
    if "ensemble" in sections:
        return _valid(EnsembleConfig, content, path, "configs/ensemble.yaml")
    if "calcifications" in sections:
        return _valid(CalcificationConfig, content, path, "configs/calcifications.yaml")
    return _valid(ModelConfig, content, path, "configs/restorer.yaml")


def _read(path: Path) -> Any:
    try:
        return _parsed(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise ConfigError(path, f"cannot be read ({why})", "give a YAML file like configs/restorer.yaml") from error
    except yaml.YAMLError as error:
        raise ConfigError(path, f"is not valid YAML ({_yaml_problem(error)})", "correct that line") from error


def _parsed(text: str) -> Any:
    """By libyaml where PyYAML has it, seven times as fast; its errors say less than PyYAML's own."""
    try:
        return yaml.load(text, Loader=_LIBYAML)  # noqa: S506 - a safe loader
    except yaml.YAMLError:
        return yaml.safe_load(text)


def _valid(kind: type[_Config], content: Any, path: Path, example: str) -> _Config:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top level"
        what = first["msg"].removeprefix("Value error, ")
        raise ConfigError(path, f"{where}: {what}", f"see {example} for the fields") from error


def _yaml_problem(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(error).splitlines()[0]


if __name__ == "__main__":
    sys.stdout.write(config_schema())
