from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result

from mammolens.accounts import AccountsFile

from ..command_line import run_mammolens

PASSWORD = "correct horse battery"  # pragma: allowlist secret


@pytest.fixture
def a_file(tmp_path: Path, quick_passwords: None) -> Path:
    return tmp_path / "users.json"


def users(file: Path, *arguments: str, said: str = "") -> Result:
    return run_mammolens("users", *arguments, "--file", file, said=said)


def test_an_account_is_added_listed_disabled_and_enabled(a_file: Path) -> None:
    added = users(a_file, "add", "anna", "--role", "annotator", said=f"{PASSWORD}\n{PASSWORD}\n")
    assert added.exit_code == 0, added.stderr
    assert "anna: added as annotator" in added.stderr
    assert PASSWORD not in added.output
    assert AccountsFile(a_file).with_password("anna", PASSWORD) is not None
    assert users(a_file, "disable", "anna").exit_code == 0
    (listed,) = json.loads(users(a_file, "list", "--json").stdout)
    assert listed == {"name": "anna", "role": "annotator", "disabled": True, "tokens": []}
    assert users(a_file, "enable", "anna").exit_code == 0
    assert AccountsFile(a_file).get("anna") is not None


def test_a_program_gets_a_token_and_no_password(a_file: Path) -> None:
    assert users(a_file, "add", "prometheus", "--role", "viewer", "--no-password").exit_code == 0
    token = users(a_file, "token", "prometheus", "--label", "metrics").stdout.strip()
    found = AccountsFile(a_file).with_token(token)
    assert found is not None
    listed = users(a_file, "list")
    assert "metrics until" in listed.stdout
    assert "by token only" in listed.stdout
    assert token not in listed.stdout
    assert found.tokens[0].digest not in users(a_file, "list", "--json").stdout


def test_a_password_can_come_from_a_pipe(a_file: Path) -> None:
    users(a_file, "add", "anna", "--role", "admin", "--password-stdin", said=f"{PASSWORD}\n")
    assert users(a_file, "password", "anna", "--password-stdin", said="another horse battery\n").exit_code == 0
    assert AccountsFile(a_file).with_password("anna", "another horse battery") is not None


def test_a_mistake_is_one_line(a_file: Path) -> None:
    result = users(a_file, "disable", "eve")
    assert result.exit_code == 4
    assert result.stderr == f"error: eve: is not an account of {a_file}; see mammolens users list\n"
    short = users(a_file, "add", "anna", "--role", "viewer", "--password-stdin", said="short\n")
    assert short.exit_code == 4
    assert "at least 12 characters" in short.stderr
