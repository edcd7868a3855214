"""The entry point ``mammolens``."""

from __future__ import annotations

from typing import Annotated

import typer

from mammolens import RESEARCH_USE_ONLY, __version__
from mammolens.cli.audit import audit
from mammolens.cli.backup import backup
from mammolens.cli.calibrate import calibrate
from mammolens.cli.commands import Commands
from mammolens.cli.configurations import configurations
from mammolens.cli.console import log_to_stderr
from mammolens.cli.cross_fit import cross_fit
from mammolens.cli.decisions import decisions
from mammolens.cli.demo import demo
from mammolens.cli.doctor import doctor
from mammolens.cli.erase import erase
from mammolens.cli.evaluate import evaluate
from mammolens.cli.export import export
from mammolens.cli.inspect import inspect
from mammolens.cli.models import models
from mammolens.cli.phantom import phantom
from mammolens.cli.predict import predict
from mammolens.cli.reproduce import reproduce
from mammolens.cli.retrain import retrain
from mammolens.cli.score import score
from mammolens.cli.serve import serve
from mammolens.cli.simulate import simulate
from mammolens.cli.study import study
from mammolens.cli.train import train
from mammolens.cli.tune import tune
from mammolens.cli.users import users
from mammolens.cli.web import web
from mammolens.cli.worklist import worklist

app = Commands(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
    help=(
        "Learn what normal mammograms look like, and show where a new one deviates.\n\n"
        f"[bold]{RESEARCH_USE_ONLY}.[/bold]\n\n"
        "Start with [cyan]mammolens demo[/cyan], or [cyan]mammolens predict IMAGES -o OUT[/cyan]."
    ),
    epilog=(
        "Exit codes: 0 success, 2 usage, 3 unusable image, 4 configuration, 5 data set, 6 model, 7 server, 8 ledger, "
        "9 backup."
    ),
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mammolens {__version__} ({RESEARCH_USE_ONLY})")
        raise typer.Exit


@app.callback()
def main(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more to stderr.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Set up what all commands share."""
    log_to_stderr(verbose)


app.command("predict")(predict)
app.command("score")(score)
app.command("worklist")(worklist)
app.command("inspect")(inspect)
app.command("train")(train)
app.command("tune")(tune)
app.add_typer(configurations, name="config")
app.command("calibrate")(calibrate)
app.command("evaluate")(evaluate)
app.command("simulate")(simulate)
app.command("cross-fit")(cross_fit)
app.command("reproduce")(reproduce)
app.add_typer(models, name="models")
app.command("export")(export)
app.command("serve", context_settings={"auto_envvar_prefix": "MAMMOLENS_SERVE"})(serve)
app.add_typer(users, name="users")
app.command("retrain")(retrain)
app.command("erase")(erase)
app.command("web")(web)
app.command("demo")(demo)
app.command("phantom")(phantom)
app.command("doctor")(doctor)
app.add_typer(decisions, name="decisions")
app.add_typer(study, name="study")
app.add_typer(audit, name="audit")
app.add_typer(backup, name="backup")
