#!/usr/bin/env python3
"""Start the site of compose.yaml without containers: PostgreSQL, Orthanc, MammoLens and nginx as Debian has them.

For tests and evaluation before installation. The services' settings come from compose.yaml, deploy/orthanc.json
and deploy/nginx.conf; only addresses and folders are replaced, by free ports of 127.0.0.1 and by --home. The
certificate is made on the spot. As root, PostgreSQL runs as the user `postgres`, since it refuses to run as root.
Research use only, not a medical device.

    .venv/bin/python scripts/run_topology.py --realm https://login.example/realms/hospital

Prints one line of JSON (addresses, certificate authority, folder) once everything answers; Ctrl-C or SIGTERM stops it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import tempfile
from pathlib import Path

from topology import programs
from topology.process import ServiceError
from topology.site import Site


def main() -> int:
    options = _options()
    if missing := programs.missing():
        print(f"missing: {', '.join(missing)}; apt-get install {programs.PACKAGES}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    with contextlib.ExitStack() as cleanup:
        home = options.home or Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="mammolens-site-")))
        home.mkdir(parents=True, exist_ok=True)
        if (home / "orthanc").exists():
            print(f"{home}: holds another site; give a new folder by --home", file=sys.stderr)
            return 1
        site = Site(home.resolve(), options.realm)
        try:
            cleanup.enter_context(site.running())
        except ServiceError as error:
            print(error, file=sys.stderr)
            return 1
        print(json.dumps(site.address()), flush=True)
        name = site.wait()
        print(f"{name}: ended by itself; see {site.home / name}.log", file=sys.stderr)
    return 1


def _stop(*_: object) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # once is enough; the next one would cut the cleaning up short
    sys.exit(0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--realm", required=True, help="the OpenID Connect realm that signs the tokens")
    parser.add_argument("--home", type=Path, help="a new folder to keep everything in; without it, a temporary one")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
