"""A process that appends to a ledger; run by the tests of many writers and of killed ones.

``writer.py WHERE share WRITER THREADS COUNT``: each thread appends COUNT decisions, which another thread of another
process appends as well, as somebody does who got no answer.
``writer.py WHERE endless``: prints each id once it is kept.
"""

from __future__ import annotations

import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

from mammolens.enums import Verdict
from mammolens.review.decision import Decision
from mammolens.review.ledger import Ledger


def shared(group: int, number: int) -> Decision:
    """The decision that both writers of a group append."""
    return Decision(
        exam_id=f"e-{number % 7}",
        images=(f"1.2.{number}",),
        verdict=Verdict.NORMAL,
        reviewer=f"reviewer-{group}",
        decision_id=uuid.uuid5(uuid.NAMESPACE_OID, f"{group}/{number}"),
    )


def share(where: str, writer: int, threads: int, count: int) -> None:
    with Ledger.open(where) as ledger, ThreadPoolExecutor(threads) as pool:

        def write(thread: int) -> None:
            group = thread if writer % 2 == 0 else threads - 1 - thread
            for number in range(count):
                ledger.append(shared(writer // 2 * threads + group, number))

        list(pool.map(write, range(threads)))


def endless(where: str) -> None:
    with Ledger.open(where) as ledger:
        print("ready", flush=True)  # noqa: T201 - what the test reads
        while True:
            kept = ledger.append(Decision("e-1", ("1.2.3",), Verdict.NORMAL, "anna"))
            print(kept.decision.decision_id, flush=True)  # noqa: T201


if __name__ == "__main__":
    if sys.argv[2] == "share":
        share(sys.argv[1], *map(int, sys.argv[3:]))
    else:
        endless(sys.argv[1])
