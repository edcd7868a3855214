"""Which runtimes can be used on this computer; needs no torch."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from mammolens.enums import RuntimeName
from mammolens.errors import ConfigError

INSTALL: Final = "install 'mammolens[export]', or use runtime torch"


def is_installed(name: RuntimeName) -> bool:
    """Whether the package of a runtime is there; ``auto`` needs none."""
    return name in (RuntimeName.AUTO, RuntimeName.TORCH) or find_spec(name) is not None


def require_installed(name: RuntimeName) -> None:
    """Check that a runtime can be used.

    Raises:
        ConfigError: its package is missing.
    """
    if not is_installed(name):
        raise ConfigError(f"runtime {name}", f"the package {name} is not installed", INSTALL)
