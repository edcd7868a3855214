"""Fixtures of the app's tests: a small model with random weights, phantom mammograms, datastores, a client."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import monailabel.app
import monailabel.interfaces.utils.app as app_registry
import pydicom
import pytest
import torch
from fastapi import FastAPI
from monailabel.config import settings
from monailabel.endpoints.user.auth import User
from starlette.testclient import TestClient

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.normals import NormalExam, NormalImage
from mammolens.config import ModelConfig, PreprocessingConfig, TrainingConfig
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.errors import PacsError, UnknownImageError
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.pacs.archive import Instance
from mammolens.labelapp.routes.http import harden
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import ResultPolicy
from mammolens.models.directory import CALIBRATION, save_model, seal_model
from mammolens.models.networks import build_network
from mammolens.models.store import ModelStore
from mammolens.review.ledger import Ledger

PATTERNS = ("*",)
NO_REPORTS = ResultPolicy((DerivedKind.SEGMENTATION,))
"""Of the DICOM objects of a result only the one that viewers need: structured reports take longer than inference."""
MakeModel = Callable[..., Path]


@pytest.fixture(autouse=True)
def _process_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An app makes the process that it runs in its own: umask and temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", tempfile.gettempdir())
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    umask = os.umask(0o022)
    yield
    os.umask(umask)


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> MakeModel:
    """Write a model directory with random weights and made-up normal scores of twenty patients, or of fewer."""

    def make(seed: int = 0, patients: int = 20) -> Path:
        folder = tmp_path_factory.mktemp("model") / "made"
        config = ModelConfig(preprocessing=PreprocessingConfig(size=64), training=TrainingConfig(epochs=1))
        torch.manual_seed(seed)
        save_model(folder, config, build_network(config.network), {"seed": seed, "notice": "random weights"})
        images = tuple(
            NormalImage(
                patient=n, view="CC", acquisition_group=None, raw_score=n / 20, pred_score=n / 20, map_peak=n / 20
            )
            for n in range(patients)
        )
        exams = tuple(
            NormalExam(patient=n, acquisition_group=None, exam_score=n / 20, asymmetry=None) for n in range(patients)
        )
        Calibration(images, exams, config.calibration).save(folder / CALIBRATION)
        seal_model(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def a_model(make_model: MakeModel) -> Path:
    return make_model()


@pytest.fixture(scope="session")
def a_published_model(a_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose serving model is the small one; copy it before changing anything."""
    store = ModelStore(tmp_path_factory.mktemp("published") / "models")
    store.publish(a_model)
    return store.root


@pytest.fixture
def a_serving(a_published_model: Path, tmp_path: Path) -> ServingModel:
    """A store of the test's own with that model."""
    return ServingModel(ModelStore(Path(shutil.copytree(a_published_model, tmp_path / "models"))))


@pytest.fixture(scope="session")
def two_phantom_exams(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two women, four small views each, a folder a woman."""
    folder = tmp_path_factory.mktemp("phantoms")
    write_phantom_dataset(folder, normals=2, rows=160, columns=128, spacing=(1.6, 1.6))
    return folder


@pytest.fixture
def a_studies_folder(two_phantom_exams: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(two_phantom_exams, tmp_path / "studies"))


@pytest.fixture
def a_folder_datastore(a_studies_folder: Path) -> MammogramFolder:
    """It looks at the folder again at every request."""
    return MammogramFolder(a_studies_folder, PATTERNS, rescan_seconds=0)


@dataclass
class PacsStandIn:
    """A PACS made of files; it counts what was fetched, and can be taken down."""

    folder: Path
    url: str = "http://pacs.example/dicom-web"
    is_up: bool = True
    fetched: list[str] = field(default_factory=list)
    looked_for: list[str] = field(default_factory=list)
    stored: list[pydicom.Dataset] = field(default_factory=list)

    def instances(self) -> list[Instance]:
        self._answer()
        headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(self.folder.rglob("*.dcm"))]
        return [
            Instance(
                str(header.SOPInstanceUID),
                str(header.SeriesInstanceUID),
                str(header.StudyInstanceUID),
                {"PatientID": str(header.PatientID), "Modality": str(header.Modality)},
            )
            for header in headers
        ]

    def find(self, sop_instance_uid: str) -> Instance | None:
        self.looked_for.append(sop_instance_uid)
        return next((found for found in self.instances() if found.sop_instance_uid == sop_instance_uid), None)

    def store(self, datasets: Sequence[pydicom.Dataset]) -> None:
        self._answer()
        self.stored.extend(datasets)

    def fetch(self, instance: Instance, path: Path) -> None:
        self._answer()
        self.fetched.append(instance.sop_instance_uid)
        path.parent.mkdir(parents=True, exist_ok=True)
        for file in self.folder.rglob("*.dcm"):
            if pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID == instance.sop_instance_uid:
                shutil.copy(file, path)
                return
        raise UnknownImageError(instance.sop_instance_uid, "gone", "list again")

    def _answer(self) -> None:
        if not self.is_up:
            raise PacsError(self.url, "the PACS does not answer", "start it")


@pytest.fixture
def a_pacs(a_studies_folder: Path) -> PacsStandIn:
    return PacsStandIn(a_studies_folder)


@pytest.fixture
def a_pacs_datastore(a_pacs: PacsStandIn, tmp_path: Path) -> MammogramDicomWeb:
    """It asks the PACS again at every request."""
    return MammogramDicomWeb(a_pacs, tmp_path / "cache", expiry_seconds=0)


@pytest.fixture
def a_ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty one, in a file."""
    with Ledger.open(tmp_path / "decisions.sqlite") as ledger:
        yield ledger


@pytest.fixture
def decisions(a_ledger: Ledger) -> Decisions:
    """Of the ledger; the last one counts."""
    return Decisions(a_ledger)


@pytest.fixture
def an_app(
    a_studies_folder: Path, a_serving: ServingModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MammoLensApp]:
    """The app over the folder, known to MONAI Label as the one that runs."""
    for name in ("MONAI_LABEL_APP_DIR", "MONAI_LABEL_STUDIES"):
        monkeypatch.setattr(settings, name, getattr(settings, name))
    app_dir = tmp_path / "app"
    app_dir.mkdir()
    settings.MONAI_LABEL_APP_DIR, settings.MONAI_LABEL_STUDIES = str(app_dir), str(a_studies_folder)
    app = MammoLensApp(str(app_dir), str(a_studies_folder), {"model_dir": str(tmp_path / "models")})
    app.server_mode(True)
    monkeypatch.setitem(app_registry.apps, f"{app_dir}{a_studies_folder}", app)
    yield app
    app.access_recorder.close()
    app.private_files.close()


@pytest.fixture
def studies_at(an_app: MammoLensApp, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Tells MONAI Label that the app's studies are at another address."""

    def set_studies(url: str) -> None:
        monkeypatch.setattr(settings, "MONAI_LABEL_STUDIES", url)
        monkeypatch.setitem(app_registry.apps, f"{settings.MONAI_LABEL_APP_DIR}{url}", an_app)

    return set_studies


@pytest.fixture
def a_guarded_app(an_app: MammoLensApp, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The web application with authentication; a bearer token is a list of roles, like 'user,annotator'."""

    async def user_of(token: str) -> User:
        return User(username="ada", roles=[f"monailabel-{role}" for role in token.split(",")])

    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_ENABLE", True)
    application: FastAPI = monailabel.app.app
    harden(application, settings, user_of)
    return application


@pytest.fixture
def a_guarded_client(a_guarded_app: FastAPI, a_client: TestClient) -> TestClient:
    """A client of that; it sends no token by itself."""
    return a_client


@pytest.fixture
def a_client(an_app: MammoLensApp) -> TestClient:
    """A client on the same machine; server errors come as responses."""
    return TestClient(
        monailabel.app.app,
        base_url="http://127.0.0.1:8000",
        client=("127.0.0.1", 50000),
        raise_server_exceptions=False,
        follow_redirects=False,
    )
