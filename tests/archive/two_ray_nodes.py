"""Scores an archive on two Ray nodes, of which one is killed during the second exam: ``FOLDER RESULTS MODEL``."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import ray
from ray._private import services
from ray.cluster_utils import Cluster

from mammolens.archive.exam_scoring import Scoring
from mammolens.archive.ray_engine import RayEngine, ray_engine
from mammolens.archive.score import score_archive
from mammolens.archive.sources import open_archive

Item = TypeVar("Item")
Result = TypeVar("Result")
get_node = services.get_node


def wait_until(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.1)


def get_node_in_the_end(*arguments: Any, **options: Any) -> Any:
    """Ray itself gives up on a node after 30 seconds, which it may take to start on a busy computer."""
    while True:
        try:
            return get_node(*arguments, **options)
        except RuntimeError:
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


def start_cluster() -> Cluster:
    """A head without cores and two nodes of one core, without what only people look at."""
    services.get_node = get_node_in_the_end
    common = {"node_ip_address": "127.0.0.1", "include_log_monitor": False}
    cluster = Cluster()
    cluster.add_node(num_cpus=0, include_dashboard=False, no_monitor=True, wait=False, **common)
    for _ in range(2):
        cluster.add_node(num_cpus=1, wait=False, **common)
    return cluster


def main(folder: str, results: str, model: str) -> None:
    place = Path(results) / "interrupted"
    cluster = start_cluster()

    def kill_its_node() -> None:
        wait_until(place.exists)
        (node,) = (node for node in cluster.worker_nodes if node.node_id == place.read_text())
        cluster.remove_node(node, allow_graceful=False)

    with ray_engine(cluster.address) as engine:
        wait_until(lambda: alive() == 3)
        threading.Thread(target=kill_its_node, daemon=True).start()
        score_archive(open_archive(folder), Path(results), Scoring(Path(model)), Interrupted(engine, place))
        wait_until(lambda: alive() == 2)
        sys.stdout.write(f"\n{json.dumps({'killed': place.exists(), 'nodes': alive()})}\n")
    cluster.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
