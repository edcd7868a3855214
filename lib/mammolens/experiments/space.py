"""What may vary between trials: a YAML file of dotted fields, each with a range or with choices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError, model_validator

from mammolens.config import ModelConfig
from mammolens.errors import ConfigError
from mammolens.experiments.fields import is_field, value_at

if TYPE_CHECKING:
    from optuna.trial import Trial

# What names a model is nothing to search for, and the best of several seeds is luck that no other data repeats.
_FIXED = ("name", "description", "training.seed")
_EXAMPLE = "see configs/tune/autoencoder.yaml"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Range(_Section):
    """Numbers from ``low`` to ``high``, both included; whole ones where both are whole.

    ``log`` draws them evenly by their logarithm; ``step`` keeps to ``low``, ``low + step`` ...
    """

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low ({self.low}) must lie below high ({self.high})")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("a logarithmic range lies above 0 and has no step")
        if self.whole and isinstance(self.step, float):
            raise ValueError("whole numbers have whole steps")
        return self

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers only."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def suggest(self, trial: Trial, field: str) -> int | float:
        """Let a trial draw its number."""
        if self.whole:
            return trial.suggest_int(field, int(self.low), int(self.high), step=int(self.step or 1), log=self.log)
        return trial.suggest_float(field, self.low, self.high, step=self.step, log=self.log)

    def parameter_of(self, value: Any) -> Any:
        """What a trial would have drawn to get ``value``; ``None`` where it cannot."""
        steps = (value - self.low) / self.step if self.step and _is_number(value) else 0
        inside = _is_number(value) and self.low <= value <= self.high and abs(steps - round(steps)) < 1e-9
        return value if inside and not (self.whole and isinstance(value, float)) else None


class Choices(_Section):
    """Values of any kind that YAML knows, also lists."""

    choices: list[Any] = Field(min_length=1)

    def suggest(self, trial: Trial, field: str) -> Any:
        """Let a trial draw its value."""
        # As text, because a study keeps scalars only.
        return json.loads(str(trial.suggest_categorical(field, [json.dumps(choice) for choice in self.choices])))

    def parameter_of(self, value: Any) -> Any:
        """What a trial would have drawn to get ``value``; ``None`` where it cannot."""
        return json.dumps(value) if value in self.choices else None


def _kind(value: object) -> str:
    return "choices" if isinstance(value, Choices) or (isinstance(value, dict) and "choices" in value) else "range"


# Told apart by a key, so that an error speaks of the one that was meant.
_Field = Annotated[Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")], Discriminator(_kind)]
_SPACE: TypeAdapter[dict[str, Range | Choices]] = TypeAdapter(dict[str, _Field])


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """What each field may be, by its dotted name; at least one field."""

    fields: dict[str, Range | Choices]

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """Let a trial draw a value for each field."""
        return {field: choice.suggest(trial, field) for field, choice in self.fields.items()}

    def parameters_of(self, config: ModelConfig) -> dict[str, Any] | None:
        """What a trial would have drawn to get this very configuration; ``None`` where it lies outside."""
        drawn = {field: choice.parameter_of(value_at(config, field)) for field, choice in self.fields.items()}
        return None if any(value is None for value in drawn.values()) else drawn


def load_space(path: Path, config: ModelConfig) -> SearchSpace:
    """Read a search space for a configuration.

    Raises:
        ConfigError: naming the file, the field and the remedy.
    """
    try:
        fields = _SPACE.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise ConfigError(path, f"cannot be read ({why})", f"give a search space with --space; {_EXAMPLE}") from error
    except yaml.YAMLError as error:
        raise ConfigError(path, f"is not valid YAML ({' '.join(str(error).split())})", "correct that line") from error
    except ValidationError as error:
        first = error.errors()[0]
        field, *inside = first["loc"] or ("the top level",)
        where = ": ".join(str(part) for part in (field, *inside[1:]))  # the first inside is the tag
        what = first["msg"].removeprefix("Value error, ")
        raise ConfigError(path, f"{where}: {what}", f"give each field low and high, or choices; {_EXAMPLE}") from error
    if not fields:
        raise ConfigError(path, "contains no field to vary", _EXAMPLE)
    for field in fields:
        if field in _FIXED:
            raise ConfigError(path, f"{field}: cannot be searched", "remove it")
        if not is_field(config, field):
            raise ConfigError(path, f"{field}: is not a field of a configuration", "see configs/restorer.yaml")
    return SearchSpace(fields)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
