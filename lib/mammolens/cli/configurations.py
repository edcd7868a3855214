"""``mammolens config``: what a configuration says, and whether it can be used."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mammolens.cli.commands import Commands
from mammolens.cli.console import one_line_errors, out, say
from mammolens.cli.options import configuration

if TYPE_CHECKING:
    from mammolens.config import AnyDocument

configurations = Commands(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help=(
        "List, show and check configurations of models.\n\n"
        "Start your own with [cyan]mammolens config show configs/restorer.yaml > mine.yaml[/cyan], change it, check "
        "it, and train with [cyan]mammolens train -c mine.yaml[/cyan].\n\n"
        "Example: mammolens config check mine.yaml"
    ),
)

File = Annotated[Path, typer.Argument(help="YAML file, or a listed configs/NAME.yaml.")]


@configurations.command("list")
def list_configurations() -> None:
    """List the configurations of the package.

    Example: mammolens config list
    """
    from mammolens.config import load_document

    table = Table("file", "what it is", box=None, pad_edge=False)
    folder = Path(str(files("mammolens"))) / "configs"
    for path in sorted(folder.glob("*.yaml")):
        table.add_row(f"configs/{path.name}", load_document(path).description.strip())
    out().print(table)


@configurations.command()
def show(file: File) -> None:
    """Print a complete configuration, including the defaults that the file omits.

    Example: mammolens config show configs/exposed.yaml
    """
    with one_line_errors():
        from mammolens.config import load_document

        typer.echo(load_document(configuration(file)).to_yaml(), nl=False)


@configurations.command()
def check(file: Annotated[list[Path], typer.Argument(help="YAML files.")]) -> None:
    """Check configurations: every setting, and whether the network can be built with its options.

    Example: mammolens config check mine.yaml
    """
    with one_line_errors():
        from mammolens.config import load_document
        from mammolens.errors import ConfigError

        for path in file:
            config = load_document(configuration(path))
            try:
                summary = _summary(config)
            except ConfigError as error:
                raise ConfigError(f"{path}: {error.source}", error.reason, error.remedy) from error
            say(f"{path}: can be used; {summary}")


@configurations.command()
def schema() -> None:
    """Print the JSON Schema of configurations, with which editors complete and check them.

    Example: mammolens config schema > config.schema.json
    """
    from mammolens.config import config_schema

    typer.echo(config_schema(), nl=False)


def _summary(config: AnyDocument) -> str:
    from mammolens.config import CalcificationConfig, EnsembleConfig
    from mammolens.models.networks import build_network

    if isinstance(config, EnsembleConfig):
        return f"an ensemble of {', '.join(config.ensemble.names)}"
    if isinstance(config, CalcificationConfig):
        return f"{config.name}: a calcification branch, pixels of {config.calcifications.pixel_size_mm} mm"
    weights = sum(weight.numel() for weight in build_network(config.network).parameters())
    members = f"{config.network.members} x " if config.network.members > 1 else ""
    grid = config.preprocessing
    pixels = (
        f"pixels of {grid.pixel_size_mm} mm" if grid.pixel_size_mm else f"images of {grid.size} x {grid.size} pixels"
    )
    return f"{config.name}: {members}{config.network.name}, {weights / 1e6:.2f} million weights, {pixels}"
