"""One million exams on up to 1,000 nodes, simulated: shards, and one queue in order as Ray's engine has it.

Run by hand: `python benchmarks/simulated_nodes.py` (minutes). No image is read: exams have 1 to 8 images, 4 on average,
patients 1 to 5 exams, an image takes a measured time of benchmarks/README.md, times a log-normal factor. Patients are
assigned to shards by the hash that `mammolens score --shard` uses. In the queue, exams are handed out in order, one
after the other, never more at a time than `PER_CORE` for each core, and rows are written in order.
"""

from __future__ import annotations

import argparse
import heapq
from collections import deque

import numpy as np
from numpy.typing import NDArray

from mammolens.archive.exam_index import MOST_SHARDS
from mammolens.archive.ray_engine import PER_CORE
from mammolens.datasets.splits import draw

IMAGE_S = (0.46, 0.54, 0.59)  # RLE, lossless JPEG, JPEG 2000
# Handing out an exam and writing its rows: the rows alone, and through Ray (benchmarks/ray_engine.py).
HAND_OUT_S = (0.0002, 0.0026)
SPREAD = 0.35  # standard deviation of the logarithm: sizes, and a core that others use, too
IMAGES = ((1, 0.03), (2, 0.1), (3, 0.07), (4, 0.65), (5, 0.06), (6, 0.05), (8, 0.04))
EXAMS_OF_A_PATIENT = (1, 2, 3, 4, 5)
Times = NDArray[np.float64]


def archive(exams: int) -> tuple[Times, NDArray[np.int64]]:
    """Seconds and patient of each exam."""
    rng = np.random.default_rng(0)
    numbers, shares = zip(*IMAGES, strict=True)
    images = rng.choice(numbers, exams, p=np.array(shares) / sum(shares))
    seconds = images * rng.choice(IMAGE_S, exams) * rng.lognormal(-(SPREAD**2) / 2, SPREAD, exams)
    patients = np.repeat(np.arange(exams), rng.choice(EXAMS_OF_A_PATIENT, exams))[:exams]
    return seconds, patients


def by_shards(seconds: Times, draws: NDArray[np.int64], shards: int, cores: int, start: float) -> float:
    """When the last shard ends, each on its own node; within a node, exams go to whichever core is free."""
    order = np.argsort(draws % shards, kind="stable")
    ends = np.cumsum(np.bincount(draws % shards, minlength=shards))
    return max(in_order(part, cores, 0.0) for part in np.split(seconds[order], ends[:-1])) + start


def in_order(seconds: Times, cores: int, hand_out: float) -> float:
    """When the last exam ends: a queue in order, each exam handed out by one process that takes some time for it."""
    free = [0.0] * cores
    window: deque[float] = deque()  # when the exams that are handed out end
    clock = last = 0.0
    for taken in seconds.tolist():
        if len(window) == PER_CORE * cores:
            clock = max(clock, window.popleft())  # the result of the first is taken before another is handed out
        clock += hand_out
        end = max(heapq.heappop(free), clock) + taken
        heapq.heappush(free, end)
        window.append(end)
        last = max(last, end)
    return last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exams", type=int, default=1_000_000)
    parser.add_argument("--start", type=float, default=10.0, help="seconds until a node scores: programs and model")
    options = parser.parse_args()
    seconds, patients = archive(options.exams)
    draws = np.array([draw(f"P{patient}") % (MOST_SHARDS * 10_000) for patient in range(patients[-1] + 1)])[patients]
    work = float(seconds.sum())
    print(f"{options.exams:,} exams of {patients[-1] + 1:,} patients, {work / 3600:,.0f} core hours\n")
    print("| nodes | cores each | ideal, s | shards, s | efficiency | shards, 4 a node | efficiency |", end="")
    print(*(f" one queue, {1000 * hand_out:g} ms an exam | efficiency |" for hand_out in HAND_OUT_S), sep="")
    print("|---" * (7 + 2 * len(HAND_OUT_S)) + "|")
    for nodes, cores in ((1, 32), (10, 16), (100, 16), (1000, 1), (1000, 4), (1000, 16)):
        ideal = work / nodes / cores
        ends = [by_shards(seconds, draws, nodes, cores, options.start)]
        fine = min(MOST_SHARDS, 4 * nodes)  # jobs that a batch system gives to whichever node is free
        jobs = np.bincount(draws % fine, seconds, fine) / cores + options.start
        ends.append(in_order(jobs, nodes, 0.0))
        ends.extend(in_order(seconds, nodes * cores, hand_out) + options.start for hand_out in HAND_OUT_S)
        shown = " | ".join(f"{end:,.0f} | {ideal / end:.2f}" for end in ends)
        print(f"| {nodes:,} | {cores} | {ideal:,.0f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
