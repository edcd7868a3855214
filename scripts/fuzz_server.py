"""Fuzz a server over its OpenAPI with Schemathesis, by hand: ``.venv/bin/python`` this file.

A real server over three phantom exams, without login, so that each route can be reached, and then another one for each
role with a token of it. Its exit code is 1 where one answered 500, or what its OpenAPI does not describe, where it took
longer than 30 s, or ended.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path

import psutil
from fuzz_hooks import KNOWN_VALUES
from topology.ports import free_port

from mammolens.accounts import AccountsFile
from mammolens.cli.server_process import HOST, running_server
from mammolens.cli.server_requests import ask
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.enums import Role

_CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
_SLOWEST_S = 30
# Of 5xx these are documented: a model, PACS or ledger is missing, a disk is full, a model took too long.
_SETTINGS = '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", 503, 504, 507]\n'
_TOKEN = "MAMMOLENS_FUZZ_TOKEN"
_LOGIN = f'headers = {{ Authorization = "Bearer ${{{_TOKEN}}}" }}\n'
_NOBODY = "none"
_PARAMS = (
    '{"output_map": "levels"}', '{"result_extension": ".nii.gz"}', '{"dicom": ["segmentation"]}', '{"dicom": 1e999}',
    "[]", '{"result_extension": ["x"]}', '{"output_map": "\\u0000"}', '{"session_id": "../x"}', '{"exam_scores": NaN}',
    f'{{"device": {"[" * 2000}{"]" * 2000}}}',
)  # fmt: skip
_INFOS = (
    '{"review": {"verdict": "normal"}}', '{"review": "x"}', '{"review": {"verdict": ["normal"]}}', "null",
    '{"\\ud800": 1}', '{"review": {"verdict": "finding", "comment": "\\ud800"}}', '{"note": NaN}',
)  # fmt: skip


def main() -> None:
    """Fuzz, and print what Schemathesis found and the server's memory."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=300, help="of each role")
    everyone = [_NOBODY, *Role]
    options.add_argument("--roles", nargs="+", choices=everyone, default=everyone, help=f"{_NOBODY}: without login")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--examples", type=int, default=100, help="of each route in a round")
    chosen = options.parse_args()
    sys.exit(max([fuzz_as(role, chosen) for role in chosen.roles]))


def fuzz_as(role: str, chosen: argparse.Namespace) -> int:
    """The exit code of a run with a role, at a server of its own."""
    print(f"role: {role}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder, port, token = Path(name), free_port(), ""
        variables = {}
        if role != _NOBODY:
            accounts = AccountsFile(folder / "users.json")
            accounts.add("fuzz", Role(role), None)
            token = accounts.add_token("fuzz", "fuzz", timedelta(days=2))
            variables = {"MAMMOLENS_USERS": str(accounts.path), "MONAI_LABEL_AUTH_ENABLE": "true"}
        studies = folder / "studies"
        write_phantom_dataset(studies, normals=3, rows=160, columns=128, spacing=(1.6, 1.6))
        running = running_server(str(studies), port, folder / "app", log=folder / "log", variables=variables)
        with running as server:
            return fuzz(f"http://{HOST}:{port}", token, psutil.Process(server.pid), folder, chosen)


def fuzz(url: str, token: str, server: psutil.Process, folder: Path, chosen: argparse.Namespace) -> int:
    """Schemathesis's exit code, or 1 where the server ended."""
    login = _LOGIN if token else ""
    (folder / "schemathesis.toml").write_text(login + _SETTINGS, encoding="utf-8")
    environment = os.environ | {
        _TOKEN: token,
        KNOWN_VALUES: json.dumps(known_values(url, token)),
        "SCHEMATHESIS_HOOKS": "fuzz_hooks",
        "PYTHONPATH": str(Path(__file__).parent),
    }
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(folder / "schemathesis.toml")]
    command += ["run", f"{url}/openapi.json", "--checks", ",".join(_CHECKS), "--phases", "coverage,fuzzing"]
    command += ["--seed", str(chosen.seed), "--max-examples", str(chosen.examples), "--max-time", str(chosen.seconds)]
    command += ["--request-timeout", str(_SLOWEST_S), "--continue-on-failure", "--no-shrink", "--warnings", "off"]
    ended, resident = threading.Event(), [memory_of(server)]

    def watch() -> None:
        while not ended.wait(5) and server.is_running():
            resident.append(memory_of(server))

    watching = threading.Thread(target=watch)
    watching.start()
    code = subprocess.run(
        command, env=environment, cwd=folder, timeout=2 * chosen.seconds + 300, check=False
    ).returncode
    ended.set()
    watching.join()
    quarters = [resident[len(resident) * part // 4] for part in range(4)] + [resident[-1]]
    print("server, MiB, by quarters of the time:", *quarters)
    is_up = server.is_running() and server.status() != psutil.STATUS_ZOMBIE
    print("the server still runs" if is_up else "the server has ended")
    return code if is_up else 1


def known_values(url: str, token: str) -> dict[str, list[str]]:
    """Ids and values that exist."""
    exams = ask(url, "/mammolens/worklist", token=token)["exams"]
    models = ask(url, "/mammolens/models", token=token)["models"]
    return {
        "exam": [exam["exam"] for exam in exams],
        "image": [image for exam in exams for image in exam["images"]],
        "kind": [*DerivedKind],
        "method": ["anomaly"],
        "model": ["mammolens", *(model["model"] for model in models)],
        "strategy": ["most_anomalous"],
        "info": list(_INFOS),
        "params": list(_PARAMS),
    }


def memory_of(process: psutil.Process) -> int:
    """Resident memory, MiB."""
    try:
        return int(process.memory_info().rss) >> 20
    except psutil.Error:
        return 0


if __name__ == "__main__":
    main()
