"""Scores an archive on two Ray nodes, of which one is killed during the second exam: ``FOLDER RESULTS MODEL``."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import ray
from ray.cluster_utils import Cluster

from mammolens.archive.exam_scoring import Scoring
from mammolens.archive.ray_engine import RayEngine, ray_engine
from mammolens.archive.score import score_archive
from mammolens.archive.sources import open_archive

Item = TypeVar("Item")
Result = TypeVar("Result")


def wait_until(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.1)


def alive() -> int:
    return sum(node["Alive"] for node in ray.nodes())


class Interrupted:
    """The engine; the first process that gets the second item names its node in a file, and waits for its end."""

    def __init__(self, engine: RayEngine, place: Path) -> None:
        self._engine, self._place = engine, place

    def map(
        self, work: Callable[[Item], Result], items: Iterable[Item], crashed: Callable[[Item], Result]
    ) -> Iterator[Result]:
        place = self._place

        def interrupted(numbered: tuple[int, Item]) -> Result:
            number, item = numbered
            if number == 1 and not place.exists():
                half_written = place.with_suffix(".new")
                half_written.write_text(ray.get_runtime_context().get_node_id())
                half_written.replace(place)
                wait_until(lambda: False)
            return work(item)

        yield from self._engine.map(interrupted, enumerate(items), lambda numbered: crashed(numbered[1]))


def main(folder: str, results: str, model: str) -> None:
    place = Path(results) / "interrupted"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()

    def kill_its_node() -> None:
        wait_until(place.exists)
        (node,) = (node for node in cluster.worker_nodes if node.node_id == place.read_text())
        cluster.remove_node(node, allow_graceful=False)

    with ray_engine(cluster.address) as engine:
        before = alive()
        threading.Thread(target=kill_its_node, daemon=True).start()
        score_archive(open_archive(folder), Path(results), Scoring(Path(model)), Interrupted(engine, place))
        wait_until(lambda: alive() < before)
        sys.stdout.write(f"\n{json.dumps({'nodes before': before, 'nodes after': alive()})}\n")
    cluster.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
