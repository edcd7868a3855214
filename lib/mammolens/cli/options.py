"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from mammolens.enums import RuntimeName

Model = Annotated[
    Path | None,
    typer.Option(
        "--model", "-m", help="Model directory; the pretrained one of the package by default.", show_default=False
    ),
]
Runtime = Annotated[
    RuntimeName,
    typer.Option(help="What runs the network; auto: the fastest that is installed and agrees with torch."),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="YAML file; by default configs/exposed.yaml with --exposure, else configs/restorer.yaml.",
        show_default=False,
    ),
]
LEDGER = typer.Option(
    "--ledger",
    "-l",
    envvar="MAMMOLENS_LEDGER",
    help="Ledger file, or postgresql://USER:PASSWORD@HOST/NAME; the variable hides the password from the shell.",
    show_default=False,
)
DATA_HELP = "Folder of a data set; its format is detected from the layout. Repeatable: each set is a site."
Data = Annotated[list[Path], typer.Option("--data", "-d", help=DATA_HELP)]
Exposure = Annotated[
    Path | None,
    typer.Option(
        "--exposure",
        help="Data set with outlined lesions of other patients to train on as well; for configs/exposed.yaml.",
        show_default=False,
    ),
]
Kind = Annotated[
    str | None,
    typer.Option(
        "--kind",
        help="Kind of the data set, such as rsna, table or folder (docs/datasets.md); detected by default.",
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        envvar="MAMMOLENS_DEVICE",
        help="Where networks run: auto (a GPU that can be used, else the processor), cpu, cuda, cuda:1 or mps.",
    ),
]
Precision = Annotated[
    str, typer.Option("--precision", help="float32, or bfloat16: faster on many GPUs, with slightly different scores.")
]
Table = Annotated[
    Path | None,
    typer.Option(
        "--table",
        "-t",
        help="CSV with the columns image, patient_id, laterality, view, machine_id, pixel_size_mm and others.",
    ),
]


def configuration(given: Path | None, exposure: Path | None = None) -> Path:
    """The file that is given, or the configuration of a pretrained model: the one that learns from what is there.

    ``configs/NAME.yaml`` is found in the package where the current folder has none.
    """
    from mammolens.models.directory import CONFIG
    from mammolens.models.store import NORMAL_ONLY, PRETRAINED, pretrained_directory

    if given is not None and not given.exists() and given.parts[0] == "configs":
        packaged = Path(str(files("mammolens"))) / given
        return packaged if packaged.is_file() else given
    return given or pretrained_directory(PRETRAINED if exposure else NORMAL_ONLY) / CONFIG
