"""What all tests share.

Imported within fixtures: what takes long to import, since the process that shares tests out among workers runs none.
"""

from __future__ import annotations

import gc
import itertools
import logging
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .surroundings import arrange

arrange()
gc.disable()  # until all is imported and collected: of that nothing is garbage

import pytest  # noqa: E402
from filelock import FileLock  # noqa: E402

from .fork_server import ForkServer, start_fork_server  # noqa: E402
from .patience import PATIENCE_S  # noqa: E402
from .stillness import still  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

    from mammolens.config import ModelConfig
    from mammolens.datasets.base import Dataset
    from mammolens.inference.predictor import Predictor
    from mammolens.types import Mammogram

REPOSITORY = Path(__file__).parents[1]
Once = Callable[[str, Callable[[Path], object]], Path]
sys.path.insert(0, str(REPOSITORY / "scripts"))
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
_LONGEST_WORD = 40
# What a test asks for tells what it costs. `make check` leaves out whatever bears one of these marks.
_MARKS = {
    "browser": {"a_browser", "a_profile"},
    "data": {"development_data"},
    "integration": {"a_postgres", "an_orthanc", "fork_server"},
    "server": {"an_app"},
    "slicer": {"a_core", "a_reader", "read"},
    "training": {"a_quick_config", "a_seeing_model", "a_tiny_config"},
}
# About how many seconds a test of a mark takes: files with the most begin first, so that none is left alone at the end.
_SECONDS = {"slow": 8.0, "integration": 4.0, "browser": 2.0, "training": 1.5, "slicer": 0.5, "server": 0.5}
_OTHER_SECONDS = 0.05
# Ask nothing of the world outside.
_CHROMIUM = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--process-per-site",  # the pages of a context share what was compiled; a new process would read all scripts anew
]
# Draw with the processor. Only OHIF needs WebGL, which SwiftShader draws; that would take longer for what is around it.
_PAGES = ["--disable-gpu"]
_WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-gpu-compositing"]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes and texts that are not a short word are called as their argument; pytest numbers them."""
    if isinstance(val, bytes):
        return argname
    if isinstance(val, str):
        is_word = val.isascii() and val.isprintable() and "\\" not in val and len(val) <= _LONGEST_WORD
        return None if is_word else argname
    return None


def pytest_configure(config: pytest.Config) -> None:
    """Workers collect from different folders on: each compiles some of the tests, and finds the others compiled."""
    if IS_WORKER and not config.getoption("file_or_dir"):
        here = Path(__file__).parent
        found = sorted((*here.glob("[a-z]*/"), *here.glob("test_*.py")))
        number, count = int(os.environ["PYTEST_XDIST_WORKER"][2:]), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        first = number * len(found) // count
        config.args = [str(path) for path in (*found[first:], *found[:first])]


def pytest_collection_finish() -> None:
    """What is there by now stays, so the garbage collector need not look at it; at the rest it looks less often."""
    gc.freeze()
    gc.set_threshold(5000, 10, 100)  # by default, it takes a twentieth of the tests' time
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by what it asks for; a fixture that another one asks for counts, too. In workers, sort by cost."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        for mark, fixtures in _MARKS.items():
            if asked & fixtures:
                item.add_marker(mark)
    if IS_WORKER:
        seconds: Counter[Path] = Counter()
        for item in items:
            marks = {mark.name for mark in item.iter_markers()}
            seconds[item.path] += max(
                (cost for mark, cost in _SECONDS.items() if mark in marks), default=_OTHER_SECONDS
            )
        items.sort(key=lambda item: (-seconds[item.path], item.path))


@pytest.fixture(scope="session")
def development_data() -> Path:
    """The folder of public data sets that the environment variable MAMMOLENS_DATA names."""
    named = os.environ.get("MAMMOLENS_DATA")
    if not named:
        pytest.skip("needs public data sets: set MAMMOLENS_DATA to their folder")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"{folder}: MAMMOLENS_DATA names no folder; correct it, or unset it to skip these tests")
    return folder


@pytest.fixture(scope="session")
def a_postgres() -> Iterator[Callable[[], str]]:
    """PostgreSQL in a folder of its own; gives the URL of a place of its own at each call."""
    import psycopg
    from topology.ports import free_port
    from topology.postgres import postgres_folder, start_postgres
    from topology.process import Processes
    from topology.programs import postgres_program

    if shutil.which(postgres_program("initdb")) is None:
        subprocess.run([REPOSITORY / "scripts" / "install-test-servers.sh"], check=True, capture_output=True)
    if shutil.which(postgres_program("initdb")) is None:
        reason = "PostgreSQL is missing: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    numbers = itertools.count()
    port, password = free_port(), secrets.token_hex(8)
    account = {"POSTGRES_USER": "mammolens", "POSTGRES_PASSWORD": password, "POSTGRES_DB": "mammolens"}
    with postgres_folder() as folder:
        processes = Processes(folder)
        try:
            start_postgres(processes, folder, port, account)

            address = f"postgresql://mammolens:{password}@127.0.0.1:{port}/mammolens"

            def make() -> str:
                name = f"ledger{next(numbers)}"
                with psycopg.connect(address) as connection:
                    connection.execute(f"CREATE SCHEMA {name}")  # a database each would be a thousand files
                return f"{address}?options=-csearch_path%3D{name}"

            yield make
        finally:
            for process in processes.ids().values():
                os.kill(process, signal.SIGQUIT)  # at once: what it has in memory is thrown away with its folder
            processes.stop_all()


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes a folder that all workers of pytest-xdist share: who asks first writes it, the others wait."""
    here = tmp_path_factory.getbasetemp()
    shared = (here.parent if IS_WORKER else here) / "shared"
    shared.mkdir(exist_ok=True)

    def make(name: str, write: Callable[[Path], object]) -> Path:
        made = shared / name / "made"
        made.parent.mkdir(exist_ok=True)
        with FileLock(shared / f"{name}.lock"):
            if not made.exists():
                write(made)
        return made

    return make


@pytest.fixture(scope="session")
def fork_server(once: Once) -> Iterator[ForkServer]:
    """What starts Python's programs at once; one process imports for all workers."""
    owner = os.getppid() if IS_WORKER else os.getpid()
    server = ForkServer(once("fork-server", lambda folder: start_fork_server(folder, owner)))
    yield server
    server.close()


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny networks lose more by sharing out their work than they gain, above all on a busy computer."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="module", autouse=True)
def few_handlers() -> None:
    """Libraries' loggers hand on what they log: to each that does not, pytest adds handlers before every test."""
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name.startswith(("monai.", "streamlit", "torch")):
            logger.propagate = True


@pytest.fixture(autouse=True)
def unredacted_logs() -> Iterator[None]:
    """An app redacts what all handlers of its process write, pytest's too; the next test's are as they were."""
    yield
    redacting = sys.modules.get("mammolens.labelapp.log_redaction")
    if redacting is not None:
        redacting.stop_redacting()


@pytest.fixture(autouse=True)
def the_same_draws() -> None:
    """Whatever is drawn without a seed is the same in each run, after whichever tests."""
    import torch

    random.seed(0)
    # Not torch.manual_seed: for every kind of GPU that is not in use yet it keeps a traceback, a millisecond a test.
    torch.default_generator.manual_seed(0)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(0)


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of passwords cost next to nothing; a hash says its cost, so that each is checked as it was made."""
    from mammolens import accounts

    monkeypatch.setattr(accounts, "_COST", 2)
    monkeypatch.setattr(accounts, "_NOBODY", accounts._NOBODY.replace(str(2**15), "2"))


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Sixteen normal phantom exams and two abnormal ones, as small DICOM files beside a labels.csv."""
    from mammolens.datasets.phantom_dataset import write_phantom_dataset

    folder = tmp_path_factory.mktemp("phantoms")
    return write_phantom_dataset(folder, normals=16, abnormals=2, rows=192, columns=160, spacing=(1.25, 1.25))


@pytest.fixture(scope="session")
def mlo_phantoms(phantoms: Dataset) -> Dataset:
    """One view of each breast: half the work, for whatever does not need both."""
    return phantoms.where(lambda case: case.path.name.endswith("_MLO.dcm"))


@pytest.fixture(scope="session")
def a_lesion_bank(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The images with lesions of two other phantom exams."""
    from mammolens.datasets.phantom_dataset import write_phantom_dataset

    folder = tmp_path_factory.mktemp("lesions")
    made = write_phantom_dataset(folder, normals=0, abnormals=2, seed=900, rows=192, columns=160, spacing=(1.25, 1.25))
    return replace(made.where(lambda case: bool(case.lesions)), name="bank")


@pytest.fixture(scope="session")
def a_tiny_config() -> ModelConfig:
    """Learns within seconds; ten of sixteen patients calibrate, so that some images can be flagged at 0.1."""
    from mammolens.config import ModelConfig

    return ModelConfig.model_validate(
        {
            "name": "tiny",
            "preprocessing": {"size": 64},
            "network": {"options": {"width": 4}},
            "training": {"epochs": 3, "learning_rate": 0.01, "validation_fraction": 0.2},
            "calibration": {"fraction": 0.6},
        }
    )


@pytest.fixture(scope="session")
def a_trained_model(phantoms: Dataset, a_tiny_config: ModelConfig, once: Once) -> Path:
    """A model directory learned from the phantoms; copy it before changing anything."""
    from mammolens.training.engine import train

    return once("tiny", lambda folder: train(a_tiny_config, phantoms, folder))


@pytest.fixture(scope="session")
def an_ensemble_file(a_tiny_config: ModelConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of an ensemble of two kinds of models: the tiny one, and two small U-Nets as one."""
    from mammolens.config import EnsembleConfig, ModelConfig

    folder = tmp_path_factory.mktemp("ensemble-configuration")
    wanted = {
        "name": "fine",
        "preprocessing": {"grid": "pixel_size", "pixel_size_mm": 3.0, "size": 96, "margin": 0},
        "network": {"name": "small_unet", "options": {"width": 1}, "members": 2},
        "training": {"epochs": 1, "lesions": {}, "validation_fraction": 0.2},
    }
    fine = ModelConfig.model_validate({**a_tiny_config.model_dump(), **wanted})
    (folder / "fine.yaml").write_text(fine.to_yaml())
    (folder / "tiny.yaml").write_text(a_tiny_config.to_yaml())
    members = [{"name": "fine", "model": "fine.yaml", "weight": 3}, {"name": "tiny", "model": "tiny.yaml"}]
    config = EnsembleConfig.model_validate({"name": "both", "ensemble": {"members": members}})
    (folder / "ensemble.yaml").write_text(config.to_yaml())
    return folder / "ensemble.yaml"


@pytest.fixture(scope="session")
def an_ensemble_of_models(phantoms: Dataset, an_ensemble_file: Path, once: Once) -> Path:
    """The model directory of that ensemble, learned from the phantoms."""
    from mammolens.training.ensemble import EnsemblePlan, read_plan, train_ensemble

    plan = read_plan(an_ensemble_file)
    assert isinstance(plan, EnsemblePlan)
    return once("both", lambda folder: train_ensemble(plan, phantoms, folder))


@pytest.fixture(scope="session")
def a_predictor(a_trained_model: Path) -> Predictor:
    from mammolens.inference.predictor import Predictor

    return Predictor.load(a_trained_model)


@pytest.fixture(scope="session")
def an_exam(phantoms: Dataset) -> list[Mammogram]:
    """The four views of one normal phantom."""
    from mammolens.dicom.reader import read_mammogram

    patient = phantoms.patients[0]
    return [read_mammogram(case.path) for case in phantoms.cases if case.patient_id == patient]


@pytest.fixture(scope="module")
def a_browser() -> Iterator[Browser]:
    """The Chromium of this system, headless."""
    from playwright.sync_api import sync_playwright

    program = _chromium_program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=[*_PAGES, *_CHROMIUM], timeout=1000 * PATIENCE_S
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def a_profile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Chromium as one person uses it: it keeps the scripts that it has compiled, which OHIF has many of.

    Its pages share a process, as the exams do that a person reads in one tab. It reaches this computer only; a route
    that refused all else would keep it from caching anything.
    """
    from playwright.sync_api import sync_playwright

    folder, program = tmp_path_factory.mktemp("profile"), _chromium_program()
    elsewhere = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    arguments = [*_WEBGL, *_CHROMIUM, elsewhere]
    with sync_playwright() as playwright:
        profile = playwright.chromium.launch_persistent_context(
            folder, executable_path=program, args=arguments, timeout=1000 * PATIENCE_S
        )
        still(profile)
        (kept,) = profile.pages  # the process lives as long as one of its pages
        kept.route("**", lambda route: route.fulfill(body=""))
        kept.goto("http://127.0.0.1:9/")
        yield profile
        profile.close()


def _chromium_program() -> str:
    program = shutil.which("chromium")
    if program is None:
        reason = "Chromium is missing: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return program
