"""``mammolens serve --config FILE``: the options of the command, from a YAML file."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer

from mammolens.errors import ConfigError

OTHERS = "conf"
"""Key of the pairs that the server knows beyond the command's options."""


def use_config(context: typer.Context, path: Path | None) -> Path | None:
    """Make what a file says the defaults of the command's options, so that options that are given go before it.

    Args:
        context: of the command, whose options are read after this one.
        path: of the file; ``None``: there is none.

    Raises:
        typer.BadParameter: the file cannot be used; names file, key and remedy.
    """
    if path is None:
        return None
    try:
        known = {str(parameter.name) for parameter in context.command.params} - {"config", "check", "help", "quiet"}
        stated = _read(path, known)
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from error
    context.meta[OTHERS] = stated.pop(OTHERS, {})
    context.default_map = {**(context.default_map or {}), **stated}
    return path


def _read(path: Path, known: set[str]) -> dict[str, Any]:
    import yaml

    try:
        # Everything stays the text that would be typed: YAML's own types make 120 of the time 02:00.
        stated = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader) or {}  # noqa: S506 - texts only
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, f"cannot be read ({error})", "check the path and its permissions") from error
    except yaml.YAMLError as error:
        raise ConfigError(path, f"is not valid YAML ({' '.join(str(error).split())})", "correct that line") from error
    if not isinstance(stated, dict):
        raise ConfigError(path, "has no 'option: value' lines", "see docs/server.md#settings-in-a-file")
    for key, value in stated.items():
        if key not in known | {OTHERS}:
            near = get_close_matches(str(key), known, 1)
            remedy = f"did you mean '{near[0]}'?" if near else f"use one of {', '.join(sorted(known))}"
            raise ConfigError(f"{path}: {key}", "is not an option of mammolens serve", remedy)
        if isinstance(value, dict) != (key == OTHERS) and value:
            remedy = "give 'name: value' lines below it" if key == OTHERS else "give one value, or a list"
            raise ConfigError(f"{path}: {key}", f"cannot be {value!r}", remedy)
    return {key: ",".join(value) if isinstance(value, list) else value for key, value in stated.items() if value}
