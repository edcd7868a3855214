"""`mammolens serve --check`: who is reached."""

from __future__ import annotations

import io
import json
import socket
import sys

import pytest
from topology.ports import free_port

from mammolens.diagnostics.results import Status
from mammolens.labelapp import connections
from mammolens.labelapp.connections import check_connections
from mammolens.labelapp.dimse_settings import ListenerSettings
from mammolens.labelapp.settings import ServerSettings
from mammolens.labelapp.webhook_settings import WebhookSettings

from .http_receiver import http_receiver
from .storage_scp import storage_scp


def test_a_free_port_and_receivers_that_answer_are_well() -> None:
    with storage_scp() as scp, http_receiver() as receiver:
        settings = ServerSettings(
            dimse_listener=ListenerSettings(free_port()),
            dimse_destination=scp.settings(),
            webhook=WebhookSettings(receiver.url, bytes(32)),
        )
        port, destination, webhook = check_connections(settings)
    assert {check.status for check in (port, destination, webhook)} == {Status.OK}
    assert port.detail == "is free on 127.0.0.1, no TLS"
    assert (destination.name, destination.detail) == (
        f"destination {scp.settings()}",
        "answers C-ECHO, without TLS",
    )
    assert (webhook.name, webhook.detail) == (f"webhook {receiver.url}", "answers a ping")


def test_a_port_in_use_and_receivers_that_are_not_there_fail_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as used, http_receiver() as receiver:
        receiver.status = 401
        with storage_scp() as scp:
            settings = ServerSettings(
                dimse_listener=ListenerSettings(used.getsockname()[1]),
                dimse_destination=scp.settings("OTHER"),
                webhook=WebhookSettings(receiver.url, bytes(32)),
            )
            checks = list(check_connections(settings))
    assert {check.status for check in checks} == {Status.FAILED}
    assert [check.remedy for check in checks] == [
        "choose another one with --conf dimse_port",
        "have it accept the AE title MAMMOLENS",
        "correct the address or the receiver",
    ]


def test_pairs_that_cannot_be_used_are_left_to_the_check_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps({"dimse_port": "0"})))
    connections._main()
    assert json.loads(capsys.readouterr().out) == []
