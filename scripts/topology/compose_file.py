"""Read compose.yaml as `docker compose` does, as far as the services' own settings go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# ${NAME}, ${NAME:?what to do}, ${NAME:-default}: the forms that compose.yaml uses
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<rule>[?-])(?P<words>[^}]*))?\}")


class MissingSettingError(ValueError):
    """A setting without which nothing starts."""


@dataclass(frozen=True)
class Service:
    """What a service is started with: its environment and its command, filled in."""

    environment: dict[str, str]
    command: list[str]


def read_services(path: Path, settings: Mapping[str, str]) -> dict[str, Service]:
    """The services of a compose file by name, with ``settings`` filled in.

    Raises:
        MissingSettingError: compose.yaml asks for a setting that is missing or empty.
    """
    services: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["services"]
    return {
        name: Service(
            environment={key: fill_in(str(value), settings) for key, value in service.get("environment", {}).items()},
            command=[fill_in(str(word), settings) for word in service.get("command", [])],
        )
        for name, service in services.items()
    }


def fill_in(text: str, settings: Mapping[str, str]) -> str:
    """``text`` with its variables replaced.

    Raises:
        MissingSettingError: as above.
    """

    def value(match: re.Match[str]) -> str:
        name, rule, words = match["name"], match["rule"], match["words"]
        given = settings.get(name, "")
        if given or rule == "-":
            return given or words
        raise MissingSettingError(f"{name}: is not set; {words or 'set it'}")

    return VARIABLE.sub(value, text)
