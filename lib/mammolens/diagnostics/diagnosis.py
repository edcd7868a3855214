"""All checks, group by group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from mammolens.diagnostics import decoders, devices, environment, folders, models, ports
from mammolens.diagnostics.results import Check, failed
from mammolens.dicom.opening import first_line
from mammolens.errors import MammoLensError

CheckGroup = Callable[[], Iterator[Check]]


def check_groups(model: Path | None, writable: Sequence[Path], free_ports: Sequence[int]) -> dict[str, CheckGroup]:
    """What is to be checked, by group.

    Args:
        model: directory of a further model that is in use.
        writable: folders that are to be written to; they need not exist.
        free_ports: to listen at, on the loopback address.
    """
    return {
        environment.GROUP: environment.check_environment,
        devices.GROUP: devices.check_devices,
        decoders.GROUP: decoders.check_decoders,
        models.GROUP: partial(models.check_models, model),
        folders.GROUP: partial(folders.check_folders, writable),
        ports.GROUP: partial(ports.check_ports, free_ports),
    }


def run_group(group: str, checks: CheckGroup) -> list[Check]:
    """The checks of a group; one that cannot be carried out has failed."""
    done = []
    try:
        for check in checks():
            done.append(check)
    except MammoLensError as error:
        done.append(failed(group, error.source, error.reason, error.remedy))
    except (ImportError, OSError, RuntimeError) as error:
        reason = f"cannot be checked ({type(error).__name__}: {first_line(error)})"
        done.append(failed(group, "all", reason, "run 'make install', or pip install mammolens"))
    return done
