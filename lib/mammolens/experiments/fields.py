"""Fields of a configuration by their dotted names: ``training.learning_rate``, ``network.options.width``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from mammolens.config import ModelConfig
from mammolens.errors import ConfigError

_MISSING = object()


def value_at(config: ModelConfig, field: str, default: Any = None) -> Any:
    """What the configuration holds at a dotted name; ``default`` where it holds nothing."""
    value: Any = config.model_dump(mode="json")
    for name in field.split("."):
        value = value.get(name, _MISSING) if isinstance(value, dict) else _MISSING
    return default if value is _MISSING else value


def with_values(config: ModelConfig, values: Mapping[str, Any]) -> ModelConfig:
    """The configuration with other values at dotted names, checked as a whole.

    Raises:
        ConfigError: naming the field that does not exist or does not take its value.
    """
    document = config.model_dump(mode="json")
    for field, value in values.items():
        *parents, last = field.split(".")
        section: Any = document
        for name in parents:
            section = section.get(name) if isinstance(section, dict) else None
        if not isinstance(section, dict):
            raise ConfigError(field, "is not a field of a configuration", "see configs/restorer.yaml for the fields")
        section[last] = value
    try:
        return ModelConfig.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the configuration"
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigError(where, reason, "see configs/restorer.yaml for the fields") from error


def is_field(config: ModelConfig, field: str) -> bool:
    """Whether a configuration has a field of that name, regardless of its values."""
    try:
        with_values(config, {field: value_at(config, field)})
    except ConfigError as error:
        cause = error.__cause__
        return isinstance(cause, ValidationError) and cause.errors()[0]["type"] != "extra_forbidden"
    return True
