"""`POST /infer/{model}`: an image of the datastore, or one that comes with the request."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, File, Form, Request, UploadFile
from monailabel.config import RBAC_USER
from monailabel.endpoints.infer import ResultType, send_response
from monailabel.endpoints.infer import router as stock_router
from monailabel.interfaces.utils.app import app_instance

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.errors import RequestError
from mammolens.files import removed_if_it_fails
from mammolens.labelapp.identifiers import check_image_id
from mammolens.labelapp.parameters import InferRequest, parse
from mammolens.labelapp.routes.arguments import json_object, safe_name
from mammolens.labelapp.routes.dependencies import CurrentUser, InferQueueDep, must_be_annotator

router = APIRouter(tags=["Infer"], responses=stock_router.responses)


@router.post(
    "/infer/{model}",
    summary=f"{RBAC_USER}Run Inference for supported model",
)
async def run_infer(
    request: Request,
    background_tasks: BackgroundTasks,
    model: str,
    user: CurrentUser,
    queue: InferQueueDep,
    image: str = "",
    params: Annotated[str, Form()] = "{}",
    file: Annotated[UploadFile | None, File()] = None,
    output: ResultType | None = None,
) -> Any:
    """Infer one mammogram; answers with the record (JSON), the map, both (multipart), or the DICOM segmentation."""
    wanted = {**json_object(params), "model": model}
    if parse(InferRequest, wanted).save_label:
        must_be_annotator(user, "save_label")
    if output is ResultType.dicom_seg:  # as MONAI Label has it: the segmentation and nothing else
        wanted["dicom"], output = DerivedKind.SEGMENTATION, ResultType.image
    if file is None and not image:
        raise RequestError("image", "is missing", "give an id of the datastore or upload a file")
    image_id = check_image_id(image) if file is None else ""

    def work() -> Any:
        app = app_instance()
        if file is None:
            result = app.infer(parse(InferRequest, {**wanted, "image": image_id}))
        else:
            with _kept(file) as path:
                result = app.infer(parse(InferRequest, {**wanted, "image": path}))
        map_file = Path(result["file"])
        background_tasks.add_task(map_file.unlink, missing_ok=True)
        with removed_if_it_fails(map_file):  # no background task runs after an error
            return send_response(app.datastore(), result, output, BackgroundTasks())

    return await queue.run(work, request)


@contextmanager
def _kept(upload: UploadFile) -> Iterator[Path]:
    """The upload as a file in a folder of its own, under a name of ours, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="mammolens-") as folder:
        path = Path(folder) / safe_name(upload.filename)
        with path.open("wb") as target:
            shutil.copyfileobj(upload.file, target)
        yield path
