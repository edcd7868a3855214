"""Which results a server would remove by ``--conf results_days``, for ``mammolens serve --check``.

``python -m mammolens.labelapp.expiring_results`` reads ``--conf`` pairs from stdin and writes checks to stdout, both as
JSON; the variable MONAI_LABEL_STUDIES names the studies.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from monailabel.config import settings as monailabel_settings

from mammolens.diagnostics.results import Check, passed, warned
from mammolens.errors import ConfigError
from mammolens.labelapp.datastore.opening import place_of
from mammolens.labelapp.datastore.results import RESULTS, Of, ResultStore
from mammolens.labelapp.exams.result_retention import DAY_S
from mammolens.labelapp.settings import ServerSettings

GROUP: Final = "results"
_NAME: Final = "results_days"


def check_expiring(place: Path, days: int | None, now: float) -> Iterator[Check]:
    """What would be removed at the start.

    Args:
        place: where what is kept of the studies lies.
        days: for which results are kept; ``None``: for ever, nothing is checked.
        now: seconds since the epoch.
    """
    if days is None:
        return
    store, before = ResultStore(place / RESULTS), now - days * DAY_S
    exams, images = (len(store.older(of, before)) for of in (Of.EXAM, Of.IMAGE))
    if exams or images:
        detail = f"results of {exams} exams and {images} images are older than {days} days and would be removed"
        yield warned(GROUP, _NAME, detail, "this cannot be undone: make a backup first, or give more days")
    else:
        yield passed(GROUP, _NAME, f"no result is older than {days} days")


def _main() -> None:
    try:
        days = ServerSettings.of(json.load(sys.stdin)).results_days
        checks = list(
            check_expiring(place_of(monailabel_settings.MONAI_LABEL_STUDIES, monailabel_settings), days, time.time())
        )
    except ConfigError:
        checks = []  # which the check of the settings reports
    json.dump([check.model_dump() for check in checks], sys.stdout)


if __name__ == "__main__":
    _main()
