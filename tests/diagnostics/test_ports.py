import socket

from mammolens.diagnostics.ports import LOOPBACK, check_ports


def test_an_occupied_port_fails_and_is_free_again_afterwards():
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        (check,) = check_ports([port])
    assert check.status == "failed"
    assert check.detail == "is in use by another program"
    assert check.remedy
    (check,) = check_ports([port])
    assert check.status == "ok"
