"""deploy/prepare.sh, in a copy of what it needs."""

from __future__ import annotations

import shutil
import ssl
import stat
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values

REPOSITORY = Path(__file__).parents[2]
ADDRESS, REALM = "https://mammolens.example:8443", "https://login.example/realms/hospital"
TORCH = "torch==2.13.0 --index-url https://wheels.example/cpu"


@pytest.fixture
def a_checkout(tmp_path: Path) -> Path:
    (tmp_path / "deploy").mkdir()
    for name in ("prepare.sh", ".env.example"):
        shutil.copy(REPOSITORY / "deploy" / name, tmp_path / "deploy")
    return tmp_path


def prepare(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(checkout / "deploy" / "prepare.sh"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_setting_gets_a_value_that_only_the_owner_reads(a_checkout: Path) -> None:
    assert prepare(a_checkout, ADDRESS, REALM, TORCH).returncode == 0
    written = dotenv_values(a_checkout / ".env")
    assert written.keys() == dotenv_values(REPOSITORY / "deploy" / ".env.example").keys()
    assert {name for name, value in written.items() if not value} == {"LOGIN_IMAGE", "LOGIN_CLIENT_SECRET"}
    assert (written["PUBLIC_URL"], written["TORCH"]) == (ADDRESS, TORCH)
    assert stat.S_IMODE((a_checkout / ".env").stat().st_mode) == 0o600
    assert {path.name for path in a_checkout.iterdir()} == {"deploy", ".env"}


def test_passwords_are_new_each_time_and_fit_into_an_address(a_checkout: Path) -> None:
    found = []
    for _ in range(2):
        assert prepare(a_checkout, ADDRESS, REALM, TORCH).returncode == 0
        written = dotenv_values(a_checkout / ".env")
        found += [str(written["POSTGRES_PASSWORD"]), str(written["ORTHANC_PASSWORD"])]
        (a_checkout / ".env").unlink()
    assert len(set(found)) == 4
    assert all(password.isalnum() and len(password) >= 32 for password in found)


def test_the_certificate_is_for_the_host_of_the_address(a_checkout: Path) -> None:
    prepare(a_checkout, ADDRESS, REALM, TORCH)
    folder = a_checkout / "deploy" / "certificates"
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(folder / "fullchain.pem", folder / "key.pem")
    words = ["openssl", "x509", "-noout", "-checkhost", "mammolens.example", "-in", str(folder / "fullchain.pem")]
    assert "does match" in subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_what_is_there_is_kept(a_checkout: Path) -> None:
    (a_checkout / ".env").write_text("POSTGRES_PASSWORD=known\n")
    answer = prepare(a_checkout, ADDRESS, REALM, TORCH)
    assert answer.returncode == 1
    assert ".env" in answer.stderr
    assert (a_checkout / ".env").read_text() == "POSTGRES_PASSWORD=known\n"


@pytest.mark.parametrize("address", ["http://mammolens.example", "https://mammolens.example/", "mammolens.example"])
def test_an_address_that_cannot_be_served_is_refused(a_checkout: Path, address: str) -> None:
    assert prepare(a_checkout, address, REALM, TORCH).returncode == 2
    assert not (a_checkout / ".env").exists()
