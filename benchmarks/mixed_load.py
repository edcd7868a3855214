"""Users at a real server while things go wrong, by hand: ``.venv/bin/python benchmarks/mixed_load.py --minutes 30``.

Phantom exams in a stand-in for a PACS, accounts, readers who list, look, infer and decide, and every few minutes a
fault: a slow PACS, none at all, a full disk, a killed server, a clock that is set, a database that ends. Everything
is noted in ``events.jsonl`` as it happens; ``load_report.py`` makes the report of it, of an interrupted run as well.
All traffic stays on the loopback address. Needs ``apt-get install gcc libc6-dev postgresql``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import threading
import time
from pathlib import Path

import psutil
from load_report import EVENTS, write_report
from load_site import Site
from load_users import Journal, User, compare_with_ledger

_SAMPLE_S = 5.0
_FAULTS_PER_MINUTE = 0.8
_LONGEST_FAULT_S = 20.0


def main() -> None:
    """Run, and write the report."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=30.0)
    options.add_argument("--users", type=int, default=20)
    options.add_argument("--exams", type=int, default=40)
    options.add_argument("--rows", type=int, default=1024, help="of an image")
    options.add_argument("--pause", type=float, default=5.0, help="mean seconds between two requests of a user")
    options.add_argument("--output", type=Path, default=Path("runs/mixed-load"))
    chosen = options.parse_args()
    if (chosen.output / EVENTS).exists():
        options.error(f"{chosen.output}: holds a run already; remove it, or choose another --output")
    chosen.output.mkdir(parents=True, exist_ok=True)
    journal = Journal(chosen.output / EVENTS)
    site = Site(chosen.output.resolve(), chosen.users, chosen.exams, chosen.rows)
    users = [User(site.url, token, journal, seed, chosen.pause) for seed, token in enumerate(site.tokens)]
    try:
        site.start_pacs()
        site.start_database()
        site.start()
        run(site, users, journal, chosen.minutes * 60)
    finally:
        site.stop()
        journal.close()
    print(write_report(chosen.output))


def run(site: Site, users: list[User], journal: Journal, seconds: float) -> None:
    """Let users work and things go wrong for some seconds, then compare the ledger with what was confirmed."""
    over = threading.Event()
    watching = threading.Thread(target=_watch, args=(site, journal, over))

    async def work() -> None:
        await asyncio.gather(*(user.work(over.is_set) for user in users))

    working = threading.Thread(target=lambda: asyncio.run(work()))
    ends = time.monotonic() + seconds
    journal.note("begin", users=len(users), cores=os.cpu_count(), pause_s=users[0].pause_s, seconds=seconds)
    watching.start()
    working.start()
    try:
        faults = site.faults()
        rounds = max(1, round(seconds / 60 * _FAULTS_PER_MINUTE / len(faults)))
        step = seconds / (rounds * len(faults) + 1)
        for number, fault in enumerate(faults * rounds, start=1):
            time.sleep(max(0.0, ends - seconds + number * step - time.monotonic()))
            journal.note("fault begins", name=fault.name)
            with fault.happens():
                if fault.lasts:
                    time.sleep(min(_LONGEST_FAULT_S, step / 3))
            journal.note("fault ends", name=fault.name)
        time.sleep(max(0.0, ends - time.monotonic()))
    finally:
        over.set()
        working.join()
        watching.join()
    kept, doubtful = ([named for user in users for named in getattr(user, kind)] for kind in ("kept", "doubtful"))
    journal.note("ledger", **compare_with_ledger(kept, doubtful, site.url, users[0].token))


def _watch(site: Site, journal: Journal, over: threading.Event) -> None:
    """Note the memory of the server's processes."""
    while not over.wait(_SAMPLE_S):
        try:
            assert site.process is not None
            family = [site.process, *site.process.children(recursive=True)]
            resident = sum(process.memory_info().rss for process in family)
        except psutil.Error:
            continue  # it is being started again
        if resident:  # a process that was killed has none
            journal.note("memory", mib=resident >> 20, machine_load=psutil.getloadavg()[0])


if __name__ == "__main__":
    main()
