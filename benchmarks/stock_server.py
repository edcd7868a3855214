"""MammoLens's server against MONAI Label's own, by hand: ``.venv/bin/python benchmarks/stock_server.py``.

The stock server runs an app of a dozen lines around the same detector, so that one inference is the same work. What is
compared: how long ``GET /info/`` takes while somebody infers, and which hostile requests succeed; without login.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from ports import free_port
from stock_attacks import Target, attacks

from mammolens.cli.server_process import HOST, running_server
from mammolens.cli.signals import child
from mammolens.datasets.phantom_dataset import write_phantom_dataset

_LONGEST_S = 120.0
_LONGEST_START_S = 600.0  # of a busy computer
_BETWEEN_S = 0.05
_APP = """
import tempfile
from pathlib import Path

from monailabel.interfaces.app import MONAILabelApp
from monailabel.interfaces.tasks.infer_v2 import InferTask, InferType

from mammolens.dicom.export import write_volume
from mammolens.dicom.reader import read_mammogram
from mammolens.inference.predictor import Predictor


class Detector(InferTask):
    def __init__(self):
        super().__init__(InferType.SEGMENTATION, ["heat"], 2, "the same detector")
        self._predictor = Predictor.load()

    def is_valid(self):
        return True

    def __call__(self, request):
        result = self._predictor.predict(read_mammogram(Path(request["image"])))
        file = tempfile.NamedTemporaryFile(suffix=".nrrd", delete=False).name
        write_volume(result.heat_levels, result.header, Path(file))
        return file, result.record.model_dump(mode="json")


class StockApp(MONAILabelApp):
    def init_infers(self):
        return {"mammolens": Detector()}
"""


def main() -> None:
    """Measure, attack and print both tables as Markdown."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60.0, help="of each measurement of /info/")
    options.add_argument("--rows", type=int, default=3328, help="of an image")
    options.add_argument("--output", type=Path, help="write the figures as JSON, too")
    chosen = options.parse_args()
    info: dict[str, dict[str, float]] = {}
    won: dict[str, dict[str, bool]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        spacing, columns = (256 / chosen.rows, 256 / chosen.rows), chosen.rows * 4 // 5
        write_phantom_dataset(folder / "phantoms", normals=2, rows=chosen.rows, columns=columns, spacing=spacing)
        for kind, start in (("MONAI Label", _stock_server), ("MammoLens", _our_server)):
            home = folder / kind.replace(" ", "-")
            for number, path in enumerate(sorted((folder / "phantoms").rglob("*.dcm"))):
                home.joinpath("data", "studies").mkdir(parents=True, exist_ok=True)
                shutil.copy(path, home / "data" / "studies" / f"image{number}.dcm")
            (home / "elsewhere").mkdir()
            outside = home / "elsewhere" / "outside.dcm"
            shutil.copy(path, outside)
            studies = home / "data" / "studies"
            with start(home, studies) as url, httpx.Client(base_url=url, timeout=_LONGEST_S) as client:
                image = next(iter(client.get("/datastore/?output=all").json()["objects"]))
                info[kind] = _info_times(client, image, chosen.seconds)
                won[kind] = {what: _works(attack, url, studies, outside, image) for what, attack in attacks()}
    print(as_markdown(info, won))
    if chosen.output:
        chosen.output.write_text(json.dumps({"info": info, "attacks": won}, indent=2), encoding="utf-8")


def _works(attack: Callable[[Target], bool], url: str, studies: Path, outside: Path, image: str) -> bool:
    """Whether an attack works, over a connection of its own, since it may end that."""
    with httpx.Client(base_url=url, timeout=_LONGEST_S) as client:
        return attack(Target(client, studies, outside, image))


@contextmanager
def _our_server(home: Path, studies: Path) -> Iterator[str]:
    port = free_port()
    with running_server(str(studies), port, home / "app", log=home / "log"):
        yield f"http://{HOST}:{port}"


@contextmanager
def _stock_server(home: Path, studies: Path) -> Iterator[str]:
    port, app = free_port(), home / "app"
    app.mkdir()
    (app / "main.py").write_text(_APP, encoding="utf-8")
    command = [sys.executable, "-m", "monailabel.main", "start_server", "--app", str(app), "--studies", str(studies)]
    command += ["--host", HOST, "--port", str(port)]
    url, began = f"http://{HOST}:{port}", time.monotonic()
    variables = {"MONAI_LABEL_DATASTORE_FILE_EXT": '["*.dcm"]'}
    with (home / "log").open("wb") as log, child(command, log, subprocess.STDOUT, variables) as server:
        while True:
            try:
                httpx.get(f"{url}/info/", timeout=_LONGEST_S)
                break
            except httpx.TransportError:
                if server.poll() is not None or time.monotonic() - began > _LONGEST_START_S:
                    sys.exit((home / "log").read_text(encoding="utf-8", errors="replace")[-2000:])
                time.sleep(0.3)
        yield url


def _info_times(client: httpx.Client, image: str, seconds: float) -> dict[str, float]:
    """Percentiles of seconds that /info/ takes, idle and while one client infers without a pause."""
    over, inferred = threading.Event(), [0]

    def infer() -> None:
        with httpx.Client(base_url=client.base_url, timeout=_LONGEST_S) as other:
            while not over.is_set():
                answer = other.post(
                    "/infer/mammolens", params={"image": image, "output": "json"}, data={"params": "{}"}
                )
                inferred[0] += answer.is_success

    infer_once = client.post("/infer/mammolens", params={"image": image, "output": "json"}, data={"params": "{}"})
    infer_once.raise_for_status()
    idle = _times(client, min(seconds, 5.0))
    working = threading.Thread(target=infer)
    working.start()
    busy = _times(client, seconds)
    over.set()
    working.join()
    told = {f"busy p{part}": float(np.percentile(busy, part)) for part in (50, 95, 99)}
    return {"idle p50": float(np.median(idle)), **told, "inferences": inferred[0], "seconds": seconds}


def _times(client: httpx.Client, seconds: float) -> list[float]:
    taken, ends = [], time.monotonic() + seconds
    while time.monotonic() < ends:
        began = time.perf_counter()
        client.get("/info/").raise_for_status()
        taken.append(time.perf_counter() - began)
        time.sleep(_BETWEEN_S)
    return taken


def as_markdown(info: dict[str, dict[str, float]], won: dict[str, dict[str, bool]]) -> str:
    """Both tables."""
    lines = [
        "| `GET /info/`, seconds | idle, p50 | while inferring, p50 | p95 | p99 | inferences |",
        "|---|---|---|---|---|---|",
    ]
    for kind, told in info.items():
        times = (told[name] for name in ("idle p50", "busy p50", "busy p95", "busy p99"))
        lines.append(f"| {kind} | {' | '.join(f'{value:.3f}' for value in times)} | {told['inferences']} |")
    lines += ["", f"| attempt | {' | '.join(won)} |", f"|---|{'---|' * len(won)}"]
    for what in next(iter(won.values())):
        lines.append(
            f"| {what} | {' | '.join('**succeeds**' if tried[what] else 'stopped' for tried in won.values())} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
