"""Whether others can reach a server and are reached by it, for ``mammolens serve --check``.

``python -m mammolens.labelapp.connections`` reads ``--conf`` pairs from stdin and writes the checks to stdout, both as
JSON, since only the server's own code knows its settings.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Final

from mammolens.diagnostics.ports import check_port
from mammolens.diagnostics.results import Check, failed, passed
from mammolens.errors import ConfigError, MammoLensError, ServerError
from mammolens.labelapp.delivery.webhook import Webhook
from mammolens.labelapp.dimse.sender import StorageSender
from mammolens.labelapp.dimse_settings import ListenerSettings
from mammolens.labelapp.settings import ServerSettings

GROUP: Final = "connections"


def check_connections(settings: ServerSettings) -> Iterator[Check]:
    """Whether the port of C-STORE is free, the destination answers C-ECHO, and the webhook's receiver a ping."""
    if listener := settings.dimse_listener:
        yield _port(listener)
    if to := settings.dimse_destination:
        tls = "with TLS" if to.tls else "without TLS"
        yield _tried(f"destination {to}", f"answers C-ECHO, {tls}", StorageSender(to).echo)
    if webhook := settings.webhook:
        yield _tried(f"webhook {webhook.url}", "answers a ping", Webhook(webhook).ping)


def _port(listener: ListenerSettings) -> Check:
    name = f"DIMSE port {listener.port}"
    try:
        check_port(listener.address, listener.port)
    except ServerError as error:
        return failed(GROUP, name, error.reason, "choose another one with --conf dimse_port")
    return passed(GROUP, name, f"is free on {listener.address}, {'TLS' if listener.tls else 'no TLS'}")


def _tried(name: str, success: str, attempt: Callable[[], None]) -> Check:
    try:
        attempt()
    except MammoLensError as error:
        return failed(GROUP, name, error.reason, error.remedy)
    return passed(GROUP, name, success)


def _main() -> None:
    try:
        settings = ServerSettings.of(json.load(sys.stdin))
    except ConfigError:
        checks = []  # which the check of the settings reports
    else:
        checks = [check.model_dump() for check in check_connections(settings)]
    json.dump(checks, sys.stdout)


if __name__ == "__main__":
    _main()
