from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mammolens.accounts import AccountsFile
from mammolens.enums import Role
from mammolens.errors import ConfigError

PASSWORD, ANOTHER = "correct horse battery", "staple for the horse"  # pragma: allowlist secret


@pytest.fixture
def a_file(tmp_path: Path, quick_passwords: None) -> Path:
    return tmp_path / "site" / "users.json"


def test_the_right_password_and_nothing_else_opens_an_account(a_file: Path) -> None:
    AccountsFile(a_file).add("anna", Role.ANNOTATOR, PASSWORD)
    accounts = AccountsFile(a_file)
    found = accounts.with_password("anna", PASSWORD)
    assert found is not None
    assert (found.name, found.role) == ("anna", Role.ANNOTATOR)
    for name, password in (("anna", PASSWORD + " "), ("anna", ""), ("Anna", PASSWORD), ("eve", PASSWORD)):
        assert accounts.with_password(name, password) is None
    assert accounts.with_password("anna", "x" * 10_000_000) is None  # not hashed at all


def test_the_file_holds_no_secret_and_is_its_users_alone(tmp_path: Path) -> None:
    a_file = tmp_path / "users.json"
    accounts = AccountsFile(a_file)
    accounts.add("anna", Role.VIEWER, PASSWORD)
    token = accounts.add_token("anna", "metrics", timedelta(days=1))
    text = a_file.read_text()
    assert PASSWORD not in text
    assert token not in text
    assert "scrypt$32768$8$3$" in text  # as OWASP's Password Storage Cheat Sheet advises
    assert AccountsFile(a_file).with_password("anna", PASSWORD) is not None
    assert stat.S_IMODE(a_file.stat().st_mode) == 0o600


def test_two_equal_passwords_have_two_hashes(a_file: Path) -> None:
    accounts = AccountsFile(a_file)
    assert accounts.add("anna", Role.VIEWER, PASSWORD).password != accounts.add("berta", Role.VIEWER, PASSWORD).password


def test_a_program_uses_a_token_until_it_expires_or_is_replaced(a_file: Path) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    accounts = AccountsFile(a_file, lambda: now[0])
    accounts.add("prometheus", Role.VIEWER, None)
    token = accounts.add_token("prometheus", "metrics", timedelta(days=30))
    found = accounts.with_token(token)
    assert found is not None
    assert found.name == "prometheus"
    assert accounts.with_token(token[:-1]) is None
    assert accounts.with_password("prometheus", "") is None
    other = accounts.add_token("prometheus", "backup", timedelta(days=60))
    now[0] += timedelta(days=30)
    assert accounts.with_token(token) is None
    assert accounts.with_token(other) is not None
    newer = accounts.add_token("prometheus", "backup", timedelta(days=60))
    assert accounts.with_token(other) is None
    assert accounts.with_token(newer) is not None


def test_a_disabled_account_is_refused_by_another_process_at_once(a_file: Path) -> None:
    accounts, server = AccountsFile(a_file), AccountsFile(a_file)
    accounts.add("anna", Role.VIEWER, PASSWORD)
    token = accounts.add_token("anna", "x", timedelta(days=1))
    assert server.with_password("anna", PASSWORD) is not None
    accounts.set_disabled("anna", disabled=True)
    assert server.get("anna") is None
    assert server.with_password("anna", PASSWORD) is None
    assert server.with_token(token) is None
    assert [account.disabled for account in server.accounts()] == [True]
    accounts.set_disabled("anna", disabled=False)
    assert server.with_token(token) is not None


def test_a_password_can_be_changed(a_file: Path) -> None:
    accounts = AccountsFile(a_file)
    accounts.add("anna", Role.VIEWER, PASSWORD)
    accounts.set_password("anna", ANOTHER)
    assert accounts.with_password("anna", PASSWORD) is None
    assert accounts.with_password("anna", ANOTHER) is not None


@pytest.mark.parametrize("name", ["", "../x", "a b", "-x", "x" * 65, "anna\n"])
def test_names_that_log_or_page_could_take_for_something_else_are_refused(a_file: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="is not a valid account name"):
        AccountsFile(a_file).add(name, Role.VIEWER, None)
    assert not a_file.exists()


def test_short_passwords_taken_names_and_unknown_accounts_are_refused(a_file: Path) -> None:
    accounts = AccountsFile(a_file)
    with pytest.raises(ConfigError, match="at least 12 characters"):
        accounts.add("anna", Role.VIEWER, "short")
    accounts.add("anna", Role.VIEWER, None)
    with pytest.raises(ConfigError, match="already exists"):
        accounts.add("anna", Role.ADMIN, None)
    with pytest.raises(ConfigError, match="eve: is not an account of"):
        accounts.set_disabled("eve", disabled=True)


@pytest.mark.parametrize("text", ["", "{", '{"accounts": [{"name": "anna"}]}', '{"users": []}'])
def test_a_damaged_file_opens_nothing_and_is_not_replaced(a_file: Path, text: str) -> None:
    a_file.parent.mkdir()
    a_file.write_text(text)
    with pytest.raises(ConfigError, match="contains no accounts; restore it"):
        AccountsFile(a_file).with_password("anna", PASSWORD)
    with pytest.raises(ConfigError, match="contains no accounts"):
        AccountsFile(a_file).add("anna", Role.ADMIN, None)
    assert a_file.read_text() == text


def test_a_role_includes_those_before_it() -> None:
    assert Role.VIEWER.included == (Role.VIEWER,)
    assert Role.ADMIN.included == (Role.VIEWER, Role.ANNOTATOR, Role.ADMIN)
