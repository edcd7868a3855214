"""Tables that are written into a temporary file, sent, and removed: CSV or JSON lines."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from fastapi import BackgroundTasks
from fastapi.responses import FileResponse

from mammolens.labelapp.routes.dependencies import NO_STORE

TableFormat = Literal["csv", "jsonl"]
_TYPES: Final[dict[TableFormat, str]] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


def table_download(
    name: str, form: TableFormat, write: Callable[[Path], object], background_tasks: BackgroundTasks
) -> FileResponse:
    """The response with a table.

    Args:
        name: of the file, without its suffix.
        form: of the table, and the file's suffix.
        write: writes the table to a path, by whose suffix it knows the form.
        background_tasks: of the request; they remove the file.
    """
    folder = Path(tempfile.mkdtemp())
    background_tasks.add_task(shutil.rmtree, folder, ignore_errors=True)
    path = folder / f"{name}.{form}"
    try:
        write(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(path, media_type=_TYPES[form], filename=path.name, headers=NO_STORE)
