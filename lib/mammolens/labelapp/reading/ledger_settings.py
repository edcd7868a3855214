"""Where the server's decision ledger lies, and whose decision counts: ``--conf ledger``, ``--conf review_policy``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mammolens.errors import ConfigError
from mammolens.review.ledger import Ledger
from mammolens.review.policy import PolicyName

LEDGER, POLICY = "ledger", "review_policy"  # as `--conf` has them
VARIABLE = "MAMMOLENS_LEDGER"  # in place of the former, as a command line is no place for a password
FILE = "decisions.sqlite"


def open_ledger(conf: Mapping[str, str], place: Path, environment: Mapping[str, str] = os.environ) -> Ledger:
    """Open the ledger that is named, or else the datastore's own; a file is made if it is missing.

    Args:
        conf: ``--conf`` pairs.
        place: folder of what is kept beside the images.
        environment: variables of the process.

    Raises:
        ConfigError: no such kind of database, or its driver is missing.
        LedgerError: it cannot be opened.
    """
    return Ledger.open(conf.get(LEDGER) or environment.get(VARIABLE) or place / FILE)


def review_policy(conf: Mapping[str, str]) -> PolicyName:
    """Whose decision counts where several people decided.

    Raises:
        ConfigError: a word that names no policy.
    """
    name = conf.get(POLICY) or PolicyName.LATEST
    try:
        return PolicyName(name)
    except ValueError as error:
        raise ConfigError(f"--conf {POLICY}", f"{name!r} is not known", f"use {', '.join(PolicyName)}") from error
