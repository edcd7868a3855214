"""``mammolens models``: the versions of a server's model, and which of them is in use."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mammolens.cli.commands import Commands
from mammolens.cli.console import one_line_errors, out, progress_bar, say, say_error, say_warning
from mammolens.cli.exit_codes import ExitCode
from mammolens.cli.model_tables import check_table, history_table, lineage_table, versions_table
from mammolens.cli.options import Device, Kind, Table
from mammolens.cli.server_process import APP

if TYPE_CHECKING:
    from mammolens.datasets.base import Case, Dataset
    from mammolens.models.store import ModelStore

models = Commands(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help=(
        "List, compare, promote and roll back the versions of a server's model.\n\n"
        "A new model is used only if the gate shows that it is no worse on normal patients that no model was "
        "trained on (docs/promotion.md). A running server uses the new version from its next request on.\n\n"
        "Example: mammolens models list --store monai_app/model"
    ),
)

Store = Annotated[Path, typer.Option("--store", "-s", help="Folder of the server's models ('model_dir').")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
By = Annotated[str | None, typer.Option("--by", help="Name to record; your user name by default.", show_default=False)]
Findings = Annotated[
    Path | None, typer.Option("--findings", help="Data set with marked lesions, to compare localisation on.")
]
Sentinels = Annotated[
    Path | None, typer.Option("--sentinels", help="Data set of sentinel exams that must not be misclassified.")
]
Policy = Annotated[Path | None, typer.Option("--policy", help="YAML file with the gate's margins.", show_default=False)]
Candidate = Annotated[str, typer.Argument(help="A version of the store, or a model directory.")]
_DEFAULT = APP / "model"


@models.command("list")
def list_models(store: Store = _DEFAULT, as_json: AsJson = False) -> None:
    """List all versions, oldest first, with their state.

    Example: mammolens models list --store monai_app/model
    """
    with one_line_errors():
        from mammolens.models.lineage import lineages

        opened = _open(store)
        found = lineages(opened)
        if as_json:
            _print_json([one.model_dump(mode="json") for one in found])
            return
        out().print(versions_table(found))
        if opened.serving_version() is None:
            say("the model of the package is in use")


@models.command()
def show(
    version: Annotated[str, typer.Argument(help="A version of the store.")],
    store: Store = _DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Show the origin, history and last gate result of a version.

    Example: mammolens models show restorer-1a2b3c4d5e6f
    """
    with one_line_errors():
        from mammolens.models.lineage import lineage
        from mammolens.promotion.gate_result import read_gate_result

        opened = _open(store)
        found = lineage(opened, version)
        entries = [entry for entry in opened.history() if entry.version == version]
        gate_result = (
            read_gate_result(opened.gate_result(found.gate_result), found.gate_result) if found.gate_result else None
        )
        if as_json:
            shown: dict[str, Any] = {
                "lineage": found.model_dump(mode="json"),
                "history": [entry.model_dump(mode="json") for entry in entries],
                "gate_result": gate_result.model_dump(mode="json") if gate_result else None,
            }
            _print_json(shown)
            return
        out().print(lineage_table(found))
        out().print(history_table(entries))
        if gate_result is not None:
            out().print(check_table(gate_result))


@models.command()
def compare(
    candidate: Candidate,
    data: Annotated[Path, typer.Option("--data", "-d", help="Held-out normal exams; see 'promote'.")],
    store: Store = _DEFAULT,
    findings: Findings = None,
    sentinels: Sentinels = None,
    policy: Policy = None,
    device: Device = "auto",
    kind: Kind = None,
    table: Table = None,
    as_json: AsJson = False,
) -> None:
    """Compare a model with the one in use by the gate, and change nothing.

    The exit code is 6 if the gate rejects it.

    Example: mammolens models compare runs/mine -d held-out/
    """
    with one_line_errors():
        from mammolens.promotion.gate import run_gate

        opened = _open(store)
        directory = opened.directory(candidate) if candidate in opened.versions() else Path(candidate)
        normals, marked, chosen = _cases(data, kind, table, findings, sentinels, (opened.serving(), directory))
        with _told() as telling:
            gate_result = run_gate(
                opened.serving(), directory, normals,
                findings=marked, sentinels=chosen, policy=_policy(policy), device=device, **telling,
            )  # fmt: skip
        _print_json(gate_result.model_dump(mode="json")) if as_json else out().print(check_table(gate_result))
        _leave(gate_result.promotes, gate_result.reason)


@models.command()
def promote(
    candidate: Candidate,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            "-d",
            help="Normal patients that neither model was trained on: the split 'test', or all without splits.",
        ),
    ] = None,
    store: Store = _DEFAULT,
    findings: Findings = None,
    sentinels: Sentinels = None,
    policy: Policy = None,
    override: Annotated[
        str | None,
        typer.Option("--override", help="Reason to use it regardless of the gate; recorded with your name."),
    ] = None,
    by: By = None,
    device: Device = "auto",
    kind: Kind = None,
    table: Table = None,
    as_json: AsJson = False,
) -> None:
    """Use a model if the gate finds it no worse than the one in use.

    The gate needs held-out normal exams (--data). It reports each figure with its interval. If it rejects the
    model, it gives the reason and exits with code 6; the version stays in the store. A version that has passed the
    gate and awaits approval needs no --data. With --override the model is used in any case, even without
    --data, and the history records who decided it and why.

    Example: mammolens models promote runs/mine -d held-out/ --by 'Dr Example'
    """
    with one_line_errors():
        from mammolens.promotion.promote import propose

        opened, who = _open(store), by or getpass.getuser()
        given: str | Path = candidate if candidate in opened.versions() else Path(candidate)
        if data is None:
            version = _accepted(opened, given, who, override)
            _print_json({"version": version, "serves": True, "gate_result": None}) if as_json else out().print(version)
            return
        directory = opened.directory(given) if isinstance(given, str) else given
        normals, marked, chosen = _cases(data, kind, table, findings, sentinels, (opened.serving(), directory))
        with _told() as telling:
            decision = propose(
                opened, given, normals, by=who,
                findings=marked, sentinels=chosen, policy=_policy(policy), override=override, device=device, **telling,
            )  # fmt: skip
        gate_result = decision.gate_result
        if as_json:
            shown = {"version": decision.version, "serves": decision.serves}
            _print_json({**shown, "gate_result": gate_result.model_dump(mode="json")})
        else:
            out().print(check_table(gate_result))
            out().print(decision.version)
        _leave(decision.serves, gate_result.reason)


@models.command()
def refuse(
    version: Annotated[str, typer.Argument(help="A version that awaits approval.")],
    store: Store = _DEFAULT,
    why: Annotated[str, typer.Option("--why", help="Reason, recorded in the history.")] = "kept the model in use",
    by: By = None,
) -> None:
    """Reject a version and keep the model in use; the version stays in the store.

    Example: mammolens models refuse restorer-1a2b3c4d5e6f --why 'too many marks'
    """
    with one_line_errors():
        opened = _open(store)
        if version == opened.serving_version():
            raise typer.BadParameter(f"{version} is in use; see 'mammolens models rollback'")
        opened.refuse(version, by=by or getpass.getuser(), why=why)
        say(f"{version} is rejected")


@models.command()
def rollback(
    why: Annotated[str, typer.Option("--why", help="Reason, recorded in the history.")],
    store: Store = _DEFAULT,
    by: By = None,
) -> None:
    """Go back to the previously used version; repeat to go further back.

    Example: mammolens models rollback --why 'too many marks on machine 2'
    """
    with one_line_errors():
        now = _open(store).rollback(by=by or getpass.getuser(), why=why)
        out().print(now or "the model of the package")


@models.command()
def seal(
    directory: Annotated[Path, typer.Argument(help="A model directory, such as runs/mine.")],
) -> None:
    """Accept the files of a model directory that you changed on purpose.

    A model is used only if config.yaml, weights, calibration and training record match its file SHA256SUMS. This
    command writes that file for the files as they are now, and prints the model's id. After a change of
    preprocessing or scoring, calibrate the model as well. A version of a store is never changed: seal a copy and
    promote it.

    Example: mammolens models seal runs/mine
    """
    with one_line_errors():
        from mammolens.models.directory import accept_changes

        out().print(accept_changes(directory))


def _accepted(store: ModelStore, given: str | Path, who: str, why: str | None) -> str:
    """Use a model without running the gate; return the version."""
    from mammolens.errors import RequestError
    from mammolens.promotion.promote import accept

    if isinstance(given, Path) and why is None:
        raise typer.BadParameter("give --data FOLDER for the gate, or --override 'WHY'")
    version = given if isinstance(given, str) else store.add(given, by=who)
    try:
        accept(store, version, by=who, why=why or "")
    except RequestError as error:
        raise typer.BadParameter("give --data FOLDER for the gate, or --override 'WHY'") from error
    return version


def _open(store: Path) -> ModelStore:
    """Open the store; a missing folder is an error here, though a server would create it."""
    from mammolens.errors import ModelError
    from mammolens.models.store import ModelStore

    if not store.is_dir():
        raise ModelError(store, "is not a model store", "give the server's 'model_dir' as --store")
    return ModelStore(store)


def _cases(
    data: Path,
    kind: str | None,
    table: Path | None,
    findings: Path | None,
    sentinels: Path | None,
    models: tuple[Path, Path],
) -> tuple[tuple[Case, ...], tuple[Case, ...], tuple[Case, ...]]:
    """Normals, findings and sentinels, without the patients that one of the models was trained or calibrated on."""
    from mammolens.datasets.formats import open_dataset
    from mammolens.promotion.holdout import gate_cases

    dataset = open_dataset(data, kind, table)
    others = [open_dataset(path) if path else None for path in (findings, sentinels)]
    normals = gate_cases(_unseen(dataset, models))
    marked, chosen = (_unseen(one, models).cases if one else () for one in others)
    return normals, marked, chosen


def _unseen(dataset: Dataset, models: tuple[Path, Path]) -> Dataset:
    """Leave out the patients that one of the models has seen, and report it."""
    from mammolens.training.unseen import overlap

    found = [overlap(directory, dataset) for directory in models if directory.is_dir()]
    seen = frozenset[str]().union(*(one.patients for one in found))
    if seen:
        say(f"{dataset.name}: {len(seen)} patients are left out: one of the models was trained or calibrated on them")
    for doubt in dict.fromkeys(one.doubt for one in found if one.doubt):
        say_warning(f"{dataset.name}: {doubt}")
    return dataset.where(lambda case: case.patient_id not in seen)


def _policy(path: Path | None) -> Any:
    from mammolens.promotion.policy import PromotionPolicy, load_policy

    return load_policy(path) if path else PromotionPolicy()


@contextmanager
def _told() -> Iterator[dict[str, Any]]:
    """The gate's progress and errors on the console."""
    with progress_bar() as bar:
        task = bar.add_task("comparing", total=None)
        yield {
            "on_error": lambda error: say_error(str(error)),
            "progress": lambda done, total: bar.update(task, completed=done, total=total),
        }


def _leave(promotes: bool, reason: str) -> None:
    if not promotes:
        say_error(reason)
        raise typer.Exit(ExitCode.MODEL)
    say(reason)


def _print_json(document: Any) -> None:
    out().print(json.dumps(document, indent=1), soft_wrap=True)
