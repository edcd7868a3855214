"""Where Debian has the programs of the site."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PACKAGES = "nginx-light openssl orthanc orthanc-dicomweb orthanc-gdcm orthanc-postgresql postgresql"
_PLUGINS = Path("/usr/share/orthanc/plugins")
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def missing() -> list[str]:
    """What is not installed."""
    found = {
        "nginx": shutil.which("nginx", path=_PATH),
        "openssl": shutil.which("openssl", path=_PATH),
        "Orthanc": shutil.which("Orthanc", path=_PATH),
        "Orthanc's DICOMweb plugin": plugins("DicomWeb"),
        "Orthanc's PostgreSQL plugin": plugins("PostgreSQLIndex"),
        "PostgreSQL": _postgres_folder(),
    }
    return [name for name, there in found.items() if not there]


def program(name: str) -> str:
    """The path of nginx, openssl or Orthanc."""
    return shutil.which(name, path=_PATH) or name


def postgres_program(name: str) -> str:
    """The path of postgres, initdb or createdb, which Debian keeps outside PATH."""
    folder = _postgres_folder()
    return str(folder / name) if folder else name


def plugins(*names: str) -> list[str]:
    """Paths of those of Orthanc's plugins that are installed."""
    return [str(file) for name in names if (file := _PLUGINS / f"libOrthanc{name}.so").exists()]


def _postgres_folder() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("postgres")
    return Path(elsewhere).resolve().parent if elsewhere else None
