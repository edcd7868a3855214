"""``mammolens doctor``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.console import one_line_errors, out, progress_bar, say
from mammolens.cli.exit_codes import ExitCode
from mammolens.cli.options import Model

if TYPE_CHECKING:
    from rich.table import Table

    from mammolens.diagnostics.diagnosis import CheckGroup
    from mammolens.diagnostics.results import Check, Diagnosis


def doctor(
    model: Model = None,
    folder: Annotated[
        list[Path] | None,
        typer.Option(
            "--folder", "-f", help="Folder that must be writable; repeatable.", show_default="the current folder"
        ),
    ] = None,
    port: Annotated[
        list[int] | None,
        typer.Option(
            "--port", "-p", min=1, max=65535, help="Port that must be free; repeatable.", show_default="8000, 8501"
        ),
    ] = None,
    pacs: Annotated[
        str | None, typer.Option(help="DICOMweb address of a PACS that must answer.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON instead of a table.")] = False,
) -> None:
    """Check whether MammoLens can work on this computer, and say what to do if it cannot.

    Packages, devices, a decoder for each transfer syntax, the shipped models and their calibration, folders, disk
    space, ports, and the PACS if one is given. The exit code is 1 if something needed is broken.

    Examples:
        mammolens doctor

        mammolens doctor --pacs http://127.0.0.1:8042/dicom-web --folder /data/studies --json
    """
    with one_line_errors():
        from mammolens.diagnostics.diagnosis import check_groups

        groups = check_groups(model, folder or [Path()], port or [8000, 8501])
        if pacs is not None:
            from mammolens.cli.pacs_process import PACS_GROUP, check_pacs

            groups[PACS_GROUP] = lambda: check_pacs(pacs)
        report(groups, as_json=as_json)


def report(groups: Mapping[str, CheckGroup], *, as_json: bool = False) -> None:
    """Check group by group, and print what was found.

    Raises:
        typer.Exit: something needed is broken.
    """
    from mammolens.diagnostics.diagnosis import run_group
    from mammolens.diagnostics.results import Diagnosis

    checks: list[Check] = []
    with progress_bar() as bar:
        task = bar.add_task("checking", total=len(groups))
        for name, group in groups.items():
            bar.update(task, description=f"checking {name}")
            checks += run_group(name, group)
            bar.advance(task)
    found = Diagnosis.of(checks)
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        out().print(_table(found))
    say(_conclusion(found))
    if not found.healthy:
        raise typer.Exit(ExitCode.UNHEALTHY)


def _table(found: Diagnosis) -> Table:
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    styles = {"ok": "green", "warning": "yellow", "failed": "bold red"}
    table = Table(title=f"MammoLens {found.version}. {RESEARCH_USE_ONLY}.", box=SIMPLE)
    table.title_justify = "left"
    table.add_column("check", overflow="fold", max_width=24)
    table.add_column("", no_wrap=True)
    table.add_column("found, and what to do", overflow="fold")
    group = None
    for check in found.checks:
        if check.group != group:
            table.add_row(Text(check.group, style="bold"), "", "")
            group = check.group
        remedy = f"\n{check.remedy}" if check.remedy else ""
        table.add_row(check.name, Text(check.status, style=styles[check.status]), f"{check.detail}{remedy}")
    return table


def _conclusion(found: Diagnosis) -> str:
    failures = sum(check.status == "failed" for check in found.checks)
    warnings = sum(check.status == "warning" for check in found.checks)
    if failures:
        return f"{failures} of {len(found.checks)} checks failed, {warnings} warnings: see what to do above"
    return f"everything required works: {len(found.checks)} checks, {warnings} warnings"
