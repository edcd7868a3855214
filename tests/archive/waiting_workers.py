"""Two workers that write their process ids to the files given as arguments, and do not end."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from mammolens.archive import process_engine


def never(item: Path) -> None:
    half_written = item.with_name(f"{item.name}.new")
    half_written.write_text(str(os.getpid()))
    half_written.replace(item)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    process_engine._PRELOADED = "torch"  # nothing is scored
    list(process_engine.ProcessEngine(2).map(never, map(Path, sys.argv[1:]), lambda _: None))
