"""The command line as a person and as a script meet it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from click.testing import Result

from mammolens.config import ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.diagnostics import models
from mammolens.diagnostics.results import Check, passed

from ..command_line import run_mammolens
from ..fork_server import ForkServer, Program
from ..labelapp.pacs.fake_pacs import FakePacs, attribute, served
from ..patience import end

EXECUTABLE = Path(sys.executable).with_name("mammolens")
Mammolens = Callable[..., Result]


@pytest.fixture(scope="session")
def mammolens() -> Mammolens:
    """Runs a command within this process."""
    return run_mammolens


@pytest.fixture
def start_mammolens(fork_server: ForkServer) -> Iterator[Callable[..., Program]]:
    """Starts a command as a process of its own; with ``in_background=True`` as a script does that ends in '&'."""
    started: list[Program] = []

    def start(*arguments: object, in_background: bool = False) -> Program:
        words = [str(argument) for argument in arguments]
        ignored = [signal.SIGINT] if in_background else []
        started.append(fork_server.start(EXECUTABLE, *words, ignored=ignored, own_session=True))
        return started[-1]

    yield start
    for process in started:
        end(process)


@pytest.fixture
def shipped_models_are_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without loading and trying them, which takes seconds; a model that is named is still tried."""

    def check(directory: Path | None = None) -> Iterator[Check]:
        yield passed(models.GROUP, "shipped", "taken as well")
        if directory is not None:
            yield models.diagnose_model(str(directory), directory)

    monkeypatch.setattr(models, "check_models", check)


@pytest.fixture
def no_shipped_ensembles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is shipped only the autoencoder scores the images: the others are slow; test_evaluate.py has them all."""
    from mammolens.models.store import BASELINE, pretrained_directory

    autoencoder = pretrained_directory(BASELINE)
    monkeypatch.setattr("mammolens.models.store.pretrained_directory", lambda *_: autoencoder)


@pytest.fixture(scope="session")
def phantom_folder(phantoms: Dataset) -> Path:
    """Where the phantoms lie, beside their labels.csv."""
    return phantoms.cases[0].path.parents[1]


@pytest.fixture(scope="session")
def mlo_folder(phantom_folder: Path, mlo_phantoms: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with one view of each breast, as links: copy it before changing anything."""
    folder = tmp_path_factory.mktemp("mlo") / "phantoms"
    for case in mlo_phantoms.cases:
        file = folder / case.path.relative_to(phantom_folder)
        file.parent.mkdir(parents=True, exist_ok=True)
        os.link(case.path, file)
    header, *rows = (phantom_folder / "labels.csv").read_text().splitlines()
    (folder / "labels.csv").write_text("\n".join([header, *(row for row in rows if "_MLO.dcm" in row)]))
    return folder


@pytest.fixture
def an_exam_folder(phantom_folder: Path, phantoms: Dataset) -> Path:
    """Four files of one woman."""
    return phantom_folder / phantoms.patients[0]


@pytest.fixture
def a_config_file(tmp_path: Path, a_tiny_config: ModelConfig) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(a_tiny_config.to_yaml())
    return path


@pytest.fixture
def a_pacs(an_exam_folder: Path) -> Iterator[FakePacs]:
    """Holds four phantom views, of which it has lost the last one."""
    files = sorted(an_exam_folder.iterdir())
    with served(FakePacs()) as pacs:
        headers = [pydicom.dcmread(file, stop_before_pixels=True) for file in files]
        study = headers[0].StudyInstanceUID
        pacs.add_study(study)
        for answer, header, file in zip(pacs.studies[study], headers, files, strict=True):
            answer["00080018"] = attribute("UI", header.SOPInstanceUID)
            answer["0020000E"] = attribute("UI", header.SeriesInstanceUID)
            pacs.files[header.SOPInstanceUID] = file.read_bytes()
        del pacs.files[headers[-1].SOPInstanceUID]
        yield pacs
