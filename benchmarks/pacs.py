"""How long a PACS with many studies takes to list, renew and ask; by hand: ``.venv/bin/python benchmarks/pacs.py``.

The PACS is the tests' own small one, in a process of its own; ``--url`` measures a real one instead.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "labelapp" / "pacs"))
import fake_pacs

from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.archive import Pacs

_EXPIRY_S = 5.0


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--studies", type=int, default=10_000)
    options.add_argument("--cap", type=int, default=1000, help="answers that the PACS gives at once, at most")
    options.add_argument("--within-studies", action="store_true", help="it searches for instances in a study only")
    options.add_argument("--url", help="measure this DICOMweb server instead")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, _a_pacs(chosen) as url:
        pacs = Pacs(PacsAccess(url, seconds=120), {"Modality": "MG"})
        measure(MammogramDicomWeb(pacs, Path(folder), expiry_seconds=_EXPIRY_S))


def measure(store: MammogramDicomWeb) -> None:
    """Print seconds of what an exam service does."""
    images = _timed("list for the first time", store.list_images)
    print(f"{len(images)} images")
    _timed("list again", store.list_images)
    _timed("renew, waiting for it", store.refresh)
    renewal = threading.Thread(target=store.refresh)
    renewal.start()
    _timed("list while it is renewed", store.list_images)
    renewal.join()
    _timed("exam of every image, first time", lambda: [store.exam_of(image) for image in images])
    _timed("exam of every image, again", lambda: [store.exam_of(image) for image in images])
    _timed("remember one score", lambda: store.update_image_info(images[0], {"note": 1}))


def _timed(what: str, step: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    done = step()
    print(f"{time.perf_counter() - started:9.3f} s  {what}", flush=True)
    return done


@contextmanager
def _a_pacs(chosen: argparse.Namespace) -> Iterator[str]:
    if chosen.url:
        yield chosen.url
        return
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(
        target=_serve, args=(theirs, chosen.studies, chosen.cap, chosen.within_studies), daemon=True
    )
    process.start()
    try:
        yield str(ours.recv())
    finally:
        ours.send("enough")
        process.join()


def _serve(asked: Connection, studies: int, cap: int, within_studies: bool) -> None:
    pacs = fake_pacs.FakePacs(cap=cap, refuses_whole=within_studies)
    for number in range(studies):
        pacs.add_study(f"1.2.3.{number + 1}", patient=f"P{number}", day=f"2020{1 + number % 12:02}01")
    with fake_pacs.served(pacs):
        asked.send(pacs.url)
        asked.recv()


if __name__ == "__main__":
    main()
