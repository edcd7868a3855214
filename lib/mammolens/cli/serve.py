"""``mammolens serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.console import one_line_errors, say
from mammolens.cli.doctor import report
from mammolens.cli.options import Device, Precision
from mammolens.cli.server_check import checks_of_server
from mammolens.cli.server_config import OTHERS, use_config
from mammolens.cli.server_links import address, first_viewer
from mammolens.cli.server_process import APP, running_server, wait_for
from mammolens.enums import RuntimeName
from mammolens.errors import ConfigError
from mammolens.review.policy import PolicyName


def serve(
    context: typer.Context,
    studies: Annotated[str, typer.Argument(help="Folder of mammograms, or the DICOMweb address of a PACS.")],
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="Port on the loopback address.")] = 8000,
    app: Annotated[
        Path, typer.Option("--app", help="App folder; created if missing. Holds the published models.")
    ] = APP,
    model_dir: Annotated[
        Path | None, typer.Option("--model-dir", help="Folder of the published models instead.", show_default=False)
    ] = None,
    device: Device = "auto",
    precision: Precision = "float32",
    results: Annotated[
        str | None,
        typer.Option(
            help="DICOM objects created for each exam, comma-separated: segmentation, parametric_map, "
            "secondary_capture, report, cad_report, presentation_state.",
            show_default="segmentation,report",
        ),
    ] = None,
    store_results: Annotated[
        str | None,
        typer.Option(help="When to send them to the PACS: never, on_request or always.", show_default="on_request"),
    ] = None,
    infer_new: Annotated[
        str | None,
        typer.Option(
            help="When to analyse new exams in the background: on_request or on_arrival.", show_default="on_request"
        ),
    ] = None,
    ledger: Annotated[
        str | None,
        typer.Option(
            help="Decision ledger: a file, or postgresql://USER:PASSWORD@HOST/NAME. Use the variable "
            "MAMMOLENS_LEDGER to keep a password off the command line.",
            show_default="beside the images",
        ),
    ] = None,
    users: Annotated[
        Path | None,
        typer.Option(
            help="Ask for a login: file of the accounts, as 'mammolens users' makes it.",
            envvar="MAMMOLENS_USERS",
            show_default="no login",
        ),
    ] = None,
    reviewer: Annotated[
        str | None,
        typer.Option(help="Your name, stored with your decisions if there is no login.", show_default="login name"),
    ] = None,
    review_policy: Annotated[
        PolicyName | None,
        typer.Option(help="Whose decision counts if several readers have decided.", show_default="latest"),
    ] = None,
    retrain_at: Annotated[
        str | None,
        typer.Option(help="Train at this time of day, such as 02:00, if exams were accepted.", show_default="no"),
    ] = None,
    retrain_after: Annotated[
        int | None, typer.Option(min=1, help="Train after this number of newly accepted exams.", show_default="no")
    ] = None,
    learning_threads: Annotated[
        int | None, typer.Option(min=1, help="Threads for training.", show_default="half of the cores")
    ] = None,
    promotion: Annotated[
        str | None,
        typer.Option(
            help="Use a new model as soon as it passes the gate (automatic), or after approval (ask).",
            show_default="automatic",
        ),
    ] = None,
    gate_policy: Annotated[
        Path | None, typer.Option(help="YAML file with the gate's margins.", show_default="built in")
    ] = None,
    sentinels: Annotated[
        Path | None,
        typer.Option(help="Data set of sentinel exams that no new model may misclassify.", show_default="none"),
    ] = None,
    exposure: Annotated[
        Path | None,
        typer.Option(help="Data set with outlined lesions to train on as well.", show_default="none"),
    ] = None,
    drift_window: Annotated[
        int | None, typer.Option(min=30, help="Number of recent patients monitored for drift.", show_default="100")
    ] = None,
    runtime: Annotated[
        RuntimeName | None,
        typer.Option(
            help="What runs the network; auto: the fastest that is installed and agrees with torch.",
            show_default="torch",
        ),
    ] = None,
    show_log: Annotated[
        bool, typer.Option("--show-log", help="Print the server's log here instead of writing it to a file.")
    ] = False,
    log_format: Annotated[
        str | None,
        typer.Option(help="How the server's log is written: text, or json for programs.", show_default="text"),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            is_eager=True,
            callback=use_config,
            help="YAML file with these options, such as 'port: 8000'; options on the command line override it.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Check settings, folders, ports, PACS, models and connections, and start nothing."
        ),
    ] = False,
) -> None:
    """Serve mammograms to 3D Slicer, OHIF and curl through MONAI Label, on this computer only.

    Equivalent to: monailabel start_server --app monai_app --studies STUDIES --host 127.0.0.1

    Every option can be a line of a YAML file (--config), or a variable such as MAMMOLENS_SERVE_PORT.

    Examples:
        mammolens serve /data/studies

        mammolens serve --config server.yaml --check
    """
    options = {
        "device": None if device == "auto" else device,
        "precision": None if precision == "float32" else precision,
        "log_format": log_format,
        "results": results,
        "store_results": store_results,
        "infer_new": infer_new,
        "ledger": ledger if ledger is None or "://" in ledger else str(Path(ledger).resolve()),
        "reviewer": reviewer,
        "review_policy": review_policy,
        "retrain_at": retrain_at,
        "retrain_after": retrain_after,
        "learning_threads": learning_threads,
        "promotion": promotion,
        "gate_policy": gate_policy and gate_policy.resolve(),
        "sentinels": sentinels and sentinels.resolve(),
        "exposure": exposure and exposure.resolve(),
        "drift_window": drift_window,
        "runtime": runtime,
    }
    conf = {**context.meta.get(OTHERS, {}), **{name: str(value) for name, value in options.items() if value}}
    variables = {}
    if "://" in conf.get("ledger", ""):
        variables["MAMMOLENS_LEDGER"] = conf.pop("ledger")  # the server logs its --conf pairs; this one has a password
    log = None if show_log else app / "logs" / "serve.log"
    with one_line_errors():
        if users is not None:
            variables |= _login_with(users)
        if check:
            report(checks_of_server(studies, port, app, model_dir, conf, variables))
            return
        with running_server(studies, port, app, model_dir, log, conf, variables) as server:
            wait_for(server, lambda: _announce(studies, port, log))


def _login_with(users: Path) -> dict[str, str]:
    """The variables of a server that asks for a login."""
    from mammolens.accounts import AccountsFile

    if not AccountsFile(users).accounts():
        raise ConfigError(users, "contains no account", "add one with mammolens users add")
    return {"MAMMOLENS_USERS": str(users.resolve()), "MONAI_LABEL_AUTH_ENABLE": "true"}


def _announce(studies: str, port: int, log: Path | None) -> None:
    say(f"serving {studies} at {address(port)} - press Ctrl-C to stop")
    say(f"worklist: {address(port)}")
    if viewer := first_viewer(port):
        say(f"first exam: {viewer}")
    if log is not None:
        say(f"log: {log}")
    say(f"{RESEARCH_USE_ONLY}.")
