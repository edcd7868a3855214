"""The four services of compose.yaml as processes of this machine."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from topology.compose_file import Service, read_services
from topology.ports import free_ports
from topology.postgres import postgres_folder, start_postgres
from topology.process import Processes
from topology.services import REPOSITORY, start_app, start_orthanc, start_proxy


class Site:
    """What compose.yaml describes, with addresses and folders of this machine.

    Args:
        home: an existing folder; everything but PostgreSQL's files is kept in it.
        realm: the OpenID Connect realm that signs the tokens.

    Raises:
        MissingSettingError: compose.yaml asks for a setting that nobody gave.
    """

    def __init__(self, home: Path, realm: str) -> None:
        self.home = home
        self.ports = free_ports("postgres", "orthanc", "app", "http", "https")
        self.url = f"https://localhost:{self.ports['https']}"
        self.processes = Processes(home)
        settings = {
            "MONAI_LABEL_AUTH_REALM_URI": realm,
            "POSTGRES_PASSWORD": secrets.token_hex(16),
            "ORTHANC_PASSWORD": secrets.token_hex(16),
            "PUBLIC_URL": self.url,
        }
        services = read_services(REPOSITORY / "compose.yaml", settings)
        self.services = {name: self._here(service) for name, service in services.items()}
        for protocol in ("http", "https"):
            listen = f"127.0.0.1:{self.ports[protocol]}"
            self.services["proxy"].environment[f"PROXY_{protocol.upper()}_LISTEN"] = listen

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start the services in the order in which they depend on each other; stop all at the end.

        Raises:
            ServiceError: one did not start.
        """
        environment = {name: service.environment for name, service in self.services.items()}
        with postgres_folder() as folder:
            try:
                start_postgres(self.processes, folder, self.ports["postgres"], environment["postgres"])
                start_orthanc(self.processes, self.home, self.ports["orthanc"], environment["orthanc"])
                start_app(self.processes, self.home, self.ports["app"], self.services["app"])
                start_proxy(self.processes, self.home, self.url, environment["proxy"])
                yield
            finally:
                self.processes.stop_all()

    def wait(self) -> str:
        """Until a service ends by itself; its name."""
        while (name := self.processes.ended()) is None:
            time.sleep(0.5)
        return name

    def address(self) -> dict[str, Any]:
        """What a client needs; what stands behind the proxy is told for tests."""
        return {
            "url": self.url,
            "http": f"http://localhost:{self.ports['http']}",
            "certificate_authority": str(self.home / "certificates" / "fullchain.pem"),
            "app": f"http://127.0.0.1:{self.ports['app']}",
            "orthanc": f"http://127.0.0.1:{self.ports['orthanc']}",
            "orthanc_password": self.services["orthanc"].environment["ORTHANC_PASSWORD"],
            "database": self.services["orthanc"].environment["ORTHANC_DATABASE"],
            "home": str(self.home),
            "processes": self.processes.ids(),
        }

    def _here(self, service: Service) -> Service:
        """The same service with this machine's addresses and folders."""
        places = {
            "postgres:5432": f"127.0.0.1:{self.ports['postgres']}",
            "orthanc:8042": f"127.0.0.1:{self.ports['orthanc']}",
            "app:8000": f"127.0.0.1:{self.ports['app']}",
            "/var/lib/mammolens": str(self.home / "mammolens"),
            "/etc/nginx/certificates": str(self.home / "certificates"),
        }

        def local(text: str) -> str:
            for there, here in places.items():
                text = text.replace(there, here)
            return text

        environment = {name: local(value) for name, value in service.environment.items()}
        return Service(environment, [local(word) for word in service.command])
