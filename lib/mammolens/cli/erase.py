"""``mammolens erase``."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from mammolens.cli.console import one_line_errors, out, say, say_warning
from mammolens.cli.server_requests import ask

_ROWS = {
    "images": "images remembered, with scores",
    "results": "results: maps, small pictures, DICOM objects",
    "labels": "label files",
    "copies": "uploaded, received or cached images",
    "decisions": "decisions, replaced by tombstones",
    "audit_records": "audit records that name the patient",
}
_SECONDS = 600.0  # a log of millions of records is read


def erase(
    server: Annotated[str, typer.Argument(help="Server address.")] = "http://127.0.0.1:8000",
    patient: Annotated[
        str | None, typer.Option("--patient", help="Patient ID (0010,0020).", show_default=False)
    ] = None,
    exam: Annotated[str | None, typer.Option("--exam", help="Only this exam, by its id.", show_default=False)] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Reason; kept in the audit log, so do not name anyone.", show_default=False)
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Erase. Without it, list what would be erased.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    token: Annotated[
        str | None, typer.Option(envvar="MAMMOLENS_TOKEN", help="Bearer token, if the server requires authentication.")
    ] = None,
) -> None:
    """Erase the data that a running server keeps on a patient; needs an administrator. Without --yes, only list them.

    Originals in the folder of studies or the PACS stay, as do backups and exports made earlier. Erase while they are
    there, so that the server knows all of the patient's images; then remove them, or the server lists them as new.

    Example: mammolens erase --patient 4711 --reason 'request of 31 January' --yes
    """
    with one_line_errors():
        body: dict[str, Any] = {"patient": patient, "exam": exam, "reason": reason, "confirm": yes}
        report = ask(server, "/mammolens/erasures", method="POST", body=body, token=token, seconds=_SECONDS)
        if as_json:
            out().print(json.dumps(report), soft_wrap=True)
            return
        say("erased:" if report["done"] else "would be erased; to do it, add --yes and --reason:")
        out().print(f"{len(report['exams']):6} exams", *report["exams"], soft_wrap=True)
        for name, words in _ROWS.items():
            out().print(f"{report[name]:6} {words}")
        if report["originals_left"]:
            say_warning(f"{report['originals_left']} originals are in the folder of studies or the PACS; remove them")
        for name, words in (
            ("models", "may have learned from the patient; decide whether to train again"),
            ("reader_studies", "have an exam of the patient, by its id"),
        ):
            if report[name]:
                say_warning(f"{name.replace('_', ' ')} that {words}: {', '.join(report[name])}")
