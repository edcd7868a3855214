"""Orthanc, the app and the proxy, from the same files as the containers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from topology.compose_file import Service, fill_in
from topology.process import Processes, answers
from topology.programs import plugins, program

REPOSITORY = Path(__file__).resolve().parents[2]


def start_orthanc(processes: Processes, home: Path, port: int, environment: Mapping[str, str]) -> None:
    """Orthanc with deploy/orthanc.json, and beside it what the container image says by itself."""
    folder = home / "orthanc"
    folder.mkdir()
    shutil.copy(REPOSITORY / "deploy" / "orthanc.json", folder)
    of_the_image = {
        "HttpPort": port,
        "StorageDirectory": str(home / "orthanc-files"),
        "Plugins": plugins("DicomWeb", "Gdcm", "PostgreSQLIndex"),
    }
    (folder / "image.json").write_text(json.dumps(of_the_image), encoding="utf-8")
    processes.start("orthanc", [program("Orthanc"), str(folder)], environment)
    processes.wait_until("orthanc", lambda: answers(f"http://127.0.0.1:{port}/system"))


def start_app(processes: Processes, home: Path, port: int, service: Service) -> None:
    """MONAI Label with the app, as the Dockerfile starts it."""
    app, data = home / "app", home / "mammolens"
    app.mkdir()
    shutil.copy(REPOSITORY / "monai_app" / "main.py", app)
    for folder in ("models", "datastore"):
        (data / folder).mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "monailabel.main", "start_server", "--app", str(app)]
    command += ["--host", "127.0.0.1", "--port", str(port), *service.command]
    library = os.pathsep.join(filter(None, [str(REPOSITORY / "lib"), os.environ.get("PYTHONPATH")]))
    processes.start("app", command, {"HOME": str(data), "PYTHONPATH": library, **service.environment}, cwd=app)
    processes.wait_until("app", lambda: answers(f"http://127.0.0.1:{port}/healthz"))


def start_proxy(processes: Processes, home: Path, url: str, environment: Mapping[str, str]) -> None:
    """nginx with deploy/nginx.conf, filled in, and around it what the container image says by itself."""
    certificates, folder = Path(environment["PROXY_CERTIFICATES"]), home / "nginx"
    make_certificate(certificates)
    folder.mkdir()
    template = (REPOSITORY / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    (folder / "site.conf").write_text(fill_in(template, environment), encoding="utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"    {kind}_temp_path {folder / kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder / 'nginx.pid'};\nerror_log stderr warn;\nevents {{}}\n"
        f"http {{\n    include /etc/nginx/mime.types;\n{temporary}\n    include {folder / 'site.conf'};\n}}\n",
        encoding="utf-8",
    )
    processes.start("proxy", [program("nginx"), "-e", "stderr", "-c", str(folder / "nginx.conf")], {})
    processes.wait_until("proxy", lambda: answers(url, certificates / "fullchain.pem"))


def make_certificate(folder: Path) -> None:
    """A self-signed certificate for this machine, good for a day."""
    folder.mkdir(exist_ok=True)
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    words += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([program("openssl"), *words], check=True, capture_output=True)
