"""``mammolens users``: accounts of a server without a login realm."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mammolens.cli.commands import Commands
from mammolens.cli.console import one_line_errors, out, say
from mammolens.enums import Role

if TYPE_CHECKING:
    from mammolens.accounts import AccountsFile

users = Commands(
    no_args_is_help=True, help="Add, list and disable the accounts of a server, and make tokens for programs."
)
File = Annotated[
    Path,
    typer.Option(
        "--file",
        "-f",
        envvar="MAMMOLENS_USERS",
        help="Accounts file; created with the first account.",
        show_default=False,
    ),
]
Name = Annotated[str, typer.Argument(help="Name of the account.", show_default=False)]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@users.command("add")
def add(
    file: File,
    name: Name,
    role: Annotated[
        Role, typer.Option("--role", help="What the account may do; each role includes the previous ones.")
    ],
    no_password: Annotated[bool, typer.Option("--no-password", help="For programs, which use a token.")] = False,
    password_stdin: FromStdin = False,
) -> None:
    """Add an account; asks for its password.

    Example: mammolens users add -f users.json anna --role annotator
    """
    with one_line_errors():
        _accounts(file).add(name, role, None if no_password else _password(from_stdin=password_stdin))
        say(f"{name}: added as {role}")


@users.command("list")
def list_(file: File, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show all accounts, without their secrets."""
    with one_line_errors():
        accounts = _accounts(file).accounts()
        if as_json:
            public = [
                account.model_dump(mode="json", exclude={"password": True, "tokens": {"__all__": {"digest"}}})
                for account in accounts
            ]
            out().print_json(json.dumps(public))
            return
        table = Table("name", "role", "login", "tokens of programs")
        for account in accounts:
            login = "disabled" if account.disabled else "password" if account.password else "by token only"
            tokens = (f"{token.label} until {token.expires:%Y-%m-%d}" for token in account.tokens)
            table.add_row(account.name, account.role, login, ", ".join(tokens))
        out().print(table)


@users.command("disable")
def disable(file: File, name: Name) -> None:
    """Refuse an account's password and tokens from now on; it can be enabled again."""
    with one_line_errors():
        _accounts(file).set_disabled(name, disabled=True)
        say(f"{name}: disabled")


@users.command("enable")
def enable(file: File, name: Name) -> None:
    """Accept a disabled account again."""
    with one_line_errors():
        _accounts(file).set_disabled(name, disabled=False)
        say(f"{name}: enabled")


@users.command("password")
def password(file: File, name: Name, password_stdin: FromStdin = False) -> None:
    """Change an account's password; asks for it."""
    with one_line_errors():
        _accounts(file).set_password(name, _password(from_stdin=password_stdin))
        say(f"{name}: has a new password")


@users.command("token")
def token(
    file: File,
    name: Name,
    label: Annotated[
        str, typer.Option("--label", help="Purpose of the token, which replaces a token with the same label.")
    ] = "token",
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="Days until it expires.")] = 90,
) -> None:
    """Make a bearer token for a program, and print it; it is not shown again.

    Example: mammolens users token -f users.json prometheus --label metrics
    """
    with one_line_errors():
        typer.echo(_accounts(file).add_token(name, label, timedelta(days=days)))


def _accounts(file: Path) -> AccountsFile:
    from mammolens.accounts import AccountsFile

    return AccountsFile(file)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return given
