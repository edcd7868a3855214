"""``mammolens serve --check``: whether a server would start, without starting it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mammolens.cli.pacs_process import PACS_GROUP, check_pacs
from mammolens.cli.server_process import check_studies, folders_to_write, is_url
from mammolens.diagnostics.results import Check, passed, warned
from mammolens.errors import ConfigError

if TYPE_CHECKING:
    from mammolens.diagnostics.diagnosis import CheckGroup

_SETTINGS = "settings"
_CONNECTIONS = "connections"
_RESULTS = "results"
_OF_CONNECTIONS = ("dimse_port", "dimse_destination", "webhook_url")


def checks_of_server(
    studies: str,
    port: int,
    app: Path,
    model_dir: Path | None,
    conf: Mapping[str, str],
    variables: Mapping[str, str],
) -> dict[str, CheckGroup]:
    """This server's settings, and what of the doctor's checks depends on them; arguments as of ``running_server``."""
    from mammolens.diagnostics import folders, models, ports

    writable = [folder for folder, _ in folders_to_write(studies, app, model_dir)]
    groups: dict[str, CheckGroup] = {
        _SETTINGS: partial(_check_settings, studies, conf, variables),
        models.GROUP: partial(models.check_models, None),
        folders.GROUP: partial(folders.check_folders, writable),
        ports.GROUP: partial(ports.check_ports, [port]),
    }
    if is_url(studies):
        groups[PACS_GROUP] = partial(check_pacs, studies)
    if any(conf.get(name) for name in _OF_CONNECTIONS):
        groups[_CONNECTIONS] = partial(_checks_of, "mammolens.labelapp.connections", conf, variables)
    if conf.get("results_days"):
        of_studies = {**variables, "MONAI_LABEL_STUDIES": studies}
        groups[_RESULTS] = partial(_checks_of, "mammolens.labelapp.expiring_results", conf, of_studies)
    return groups


def _checks_of(module: str, conf: Mapping[str, str], variables: Mapping[str, str]) -> Iterator[Check]:
    for check in _answer_of(module, conf, variables):
        yield Check.model_validate(check)


def _check_settings(studies: str, conf: Mapping[str, str], variables: Mapping[str, str]) -> Iterator[Check]:
    check_studies(studies)
    yield passed(_SETTINGS, "studies", studies)
    answer = _answer_of("mammolens.labelapp.settings", conf, variables)
    if error := answer["error"]:
        raise ConfigError(*error)
    for name in answer["unknown"]:
        yield warned(_SETTINGS, name, "is not a setting of MammoLens", "check the name; MONAI Label may know it")
    yield passed(_SETTINGS, "conf", ", ".join(f"{name}={value}" for name, value in conf.items()) or "defaults")


def _answer_of(module: str, conf: Mapping[str, str], variables: Mapping[str, str]) -> Any:
    """What a child process says of pairs, since only the server's own code knows its settings."""
    command, surroundings = [sys.executable, "-m", module], {**os.environ, **variables}
    done = subprocess.run(
        command, input=json.dumps(dict(conf)), env=surroundings, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)
