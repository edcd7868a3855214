"""``mammolens study``: blind reader studies on a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.commands import Commands
from mammolens.cli.console import one_line_errors, out, say
from mammolens.cli.server_requests import ask
from mammolens.reader_study.table_format import TableFormat

if TYPE_CHECKING:
    from mammolens.reader_study.plan import StudyPlan

study = Commands(
    no_args_is_help=True,
    help=f"Run blind studies: several readers, with and without the heat map. {RESEARCH_USE_ONLY}.",
)
Server = Annotated[str, typer.Option("--server", "-s", help="Server address.")]
Token = Annotated[
    str | None, typer.Option(envvar="MAMMOLENS_TOKEN", help="Bearer token, if the server requires authentication.")
]
Name = Annotated[str, typer.Argument(help="Name of the study.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_STUDIES, _LOCAL = "/mammolens/reader-studies", "http://127.0.0.1:8000"


@study.command("create")
def create(
    plan: Annotated[Path, typer.Argument(help="YAML file with name, readers, exams, design ...", show_default=False)],
    server: Server = _LOCAL,
    token: Token = None,
) -> None:
    """Create a study from its plan (docs/reader-studies.md); without 'exams', it has all exams of the worklist.

    Example: mammolens study create pilot.yaml
    """
    with one_line_errors():
        read = _read_plan(plan, lambda: _exams(server, token))
        made = ask(server, _STUDIES, method="POST", body=read.model_dump(mode="json"), token=token)
        say(f"{made['name']}: {made['exams']} exams; readers open {server.rstrip('/')}{made['viewer']}")


@study.command("list")
def list_(server: Server = _LOCAL, token: Token = None, as_json: AsJson = False) -> None:
    """Show the studies and how far their readers are.

    Example: mammolens study list
    """
    with one_line_errors():
        studies = ask(server, _STUDIES, token=token)["studies"]
        if as_json:
            out().print_json(json.dumps(studies))
            return
        table = Table("study", "design", "reader", "read", "of")
        for one in studies:
            for reader in one["progress"]:
                table.add_row(one["name"], one["design"], reader["reader"], str(reader["read"]), str(reader["cases"]))
        out().print(table)


@study.command("results")
def results(name: Name, server: Server = _LOCAL, token: Token = None, as_json: AsJson = False) -> None:
    """Show agreement, reading times and the exams to adjudicate, with and without heat.

    Example: mammolens study results pilot
    """
    with one_line_errors():
        found = _readings(name, server, token)
        if as_json:
            out().print_json(json.dumps(found))
            return
        table = Table("treatment", "readings", "recalled", "median time", "kappa", "to adjudicate")
        for one in found["treatments"]:
            kappa = "-" if one["kappa"] is None else f"{one['kappa']:.2f}"
            share, seconds = f"{one['recalled']:.0%}", f"{one['median_seconds']:.0f} s"
            table.add_row(one["treatment"], str(one["readings"]), share, seconds, kappa, " ".join(one["disputed"]))
        out().print(table)


@study.command("export")
def export(
    name: Name,
    file: Annotated[Path, typer.Argument(help="CSV file to write.", show_default=False)],
    truth: Annotated[
        Path,
        typer.Option("--truth", help="CSV file with the columns exam and truth (1: abnormal).", show_default=False),
    ],
    server: Server = _LOCAL,
    token: Token = None,
    table_format: Annotated[
        TableFormat, typer.Option("--format", help="Columns for the R package MRMCaov, or for iMRMC.")
    ] = TableFormat.MRMCAOV,
) -> None:
    """Write the readings for multi-reader multi-case analysis.

    Example: mammolens study export pilot pilot.csv --truth truth.csv
    """
    with one_line_errors():
        from mammolens.files import write_text
        from mammolens.reader_study.readings import Reading
        from mammolens.reader_study.results import read_truth, table_of

        known = read_truth(truth)
        readings = [Reading.model_validate(one) for one in _readings(name, server, token)["readings"]]
        write_text(file, table_of(readings, known, table_format))
        say(f"wrote {len(readings)} readings to {file}")


def _readings(name: str, server: str, token: str | None) -> dict[str, Any]:
    return ask(server, f"{_STUDIES}/{name}/readings", token=token)


def _exams(server: str, token: str | None) -> list[str]:
    return [exam["exam"] for exam in ask(server, "/mammolens/worklist", token=token)["exams"]]


def _read_plan(path: Path, all_exams: Callable[[], list[str]]) -> StudyPlan:
    import yaml
    from pydantic import ValidationError

    from mammolens.errors import ConfigError
    from mammolens.reader_study.plan import StudyPlan

    remedy = "see docs/reader-studies.md for an example"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(path, f"cannot be read ({str(error).splitlines()[0]})", remedy) from error
    if not isinstance(content, dict):
        raise ConfigError(path, "is not a plan of a study", remedy)
    content.setdefault("exams", None)
    if content["exams"] is None:
        content["exams"] = all_exams()
    try:
        return StudyPlan.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "plan"
        raise ConfigError(path, f"{where}: {first['msg']}", remedy) from error
