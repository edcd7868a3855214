"""The page as a process of its own: ``python -m mammolens.web``, which `mammolens web` starts."""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from importlib import import_module
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from mammolens.web.settings import WebSettings


def main() -> None:
    """Serve the page until the process is terminated."""
    options = vars(_options())
    address, port = options.pop("address"), options.pop("port")
    settings = WebSettings.model_validate(options)
    with tempfile.TemporaryDirectory(prefix="mammolens-web-") as scratch:
        os.environ |= settings.model_copy(update={"scratch": Path(scratch)}).to_environment()
        # So that the first drop does not wait for it.
        threading.Thread(target=import_module, args=("mammolens.web.app",), daemon=True).start()
        with as_file(files("mammolens.web.script") / "mammolens_page.py") as script:
            _serve(script, streamlit_options(address, port, settings))


def streamlit_options(address: str, port: int, settings: WebSettings) -> dict[str, Any]:
    """Streamlit's settings: no telemetry, nothing fetched from elsewhere, nothing stored."""
    return {
        "browser_gatherUsageStats": False,
        "browser_serverAddress": address,
        "browser_serverPort": port,
        "client_showErrorDetails": "none",
        "client_toolbarMode": "minimal",
        "client_showErrorLinks": False,
        "global_developmentMode": False,
        "logger_level": "warning",
        "runner_magicEnabled": False,
        "server_address": address,
        "server_allowedHosts": _hosts(address),
        "server_port": port,
        "server_headless": True,
        "server_showEmailPrompt": False,
        "server_fileWatcherType": "none",
        "server_maxUploadSize": settings.max_upload_mb,
        "theme_font": "sans-serif",
        "theme_light_primaryColor": "#00629b",
        "theme_dark_primaryColor": "#56b4e9",
    }


def _hosts(address: str) -> list[str]:
    """On the loopback, no other name leads here: a page of a stranger cannot ask under its own (DNS rebinding)."""
    return ["localhost", "127.0.0.1", "::1"] if address in ("localhost", "127.0.0.1", "::1") else []


def _serve(script: Path, options: dict[str, Any]) -> None:
    from streamlit.web import bootstrap

    bootstrap.load_config_options(options)
    bootstrap.run(str(script), False, [], options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mammolens.web", description=__doc__)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8501)
    for name in ("model", "device", "server", "evaluation", "images"):
        parser.add_argument(f"--{name}")
    for name in ("max_upload_mb", "max_unpacked_mb", "max_images"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=WebSettings.model_fields[name].default)
    return parser.parse_args()


if __name__ == "__main__":
    main()
