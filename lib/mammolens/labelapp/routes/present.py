"""`POST /mammolens/present`: what a page shows of images that come with the request; nothing of it is kept."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, File, Request, UploadFile
from fastapi.responses import FileResponse
from monailabel.config import RBAC_USER
from monailabel.interfaces.utils.app import app_instance

from mammolens.errors import RequestError
from mammolens.labelapp.routes.dependencies import FOR_USERS, InferQueueDep
from mammolens.names import safe_file_name

router = APIRouter(prefix="/mammolens", tags=["Infer"])
_MOST = 64
_ZIP = "application/zip"


@router.post(
    "/present",
    summary=f"{RBAC_USER}Infer uploaded mammograms, exam by exam",
    dependencies=FOR_USERS,
    response_class=FileResponse,
    responses={200: {"content": {_ZIP: {}}, "description": "index.json, and the files that it names"}},
)
async def present(
    request: Request,
    background_tasks: BackgroundTasks,
    queue: InferQueueDep,
    files: Annotated[list[UploadFile], File()],
) -> FileResponse:
    """A zip archive: ``index.json`` with exams, records and problems, and the pictures and float maps beside it."""
    if len(files) > _MOST:
        raise RequestError("files", f"are {len(files)}", f"send at most {_MOST} at once")

    def work() -> Path:
        folder = Path(tempfile.mkdtemp(prefix="mammolens-"))
        forget = partial(shutil.rmtree, folder, ignore_errors=True)
        background_tasks.add_task(forget)
        try:
            return _presented(files, folder, forget)
        except BaseException:
            forget()
            raise

    archive = await queue.run(work, request)
    return FileResponse(archive, media_type=_ZIP, headers={"Cache-Control": "no-store"}, background=background_tasks)


def _presented(uploads: list[UploadFile], folder: Path, forget: Callable[[], None]) -> Path:
    names: dict[Path, str] = {}
    for number, upload in enumerate(uploads, 1):
        name = safe_file_name(upload.filename or "")
        path = folder / "given" / f"{number:03d}" / name  # its name is the patient's if the header has none
        path.parent.mkdir(parents=True)
        with path.open("wb") as target:
            shutil.copyfileobj(upload.file, target)
        names[path] = name
    app_instance().present(names, folder / "made", forget)
    archive = folder / "made.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for file in sorted((folder / "made").iterdir()):
            packed.write(file, file.name)
    return archive
