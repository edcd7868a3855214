"""`POST /infer/{model}`: an image of the datastore, or one that comes with the request."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, File, Form, UploadFile
from monailabel.config import RBAC_USER, settings
from monailabel.endpoints.infer import ResultType, send_response
from monailabel.endpoints.infer import router as stock_router
from monailabel.endpoints.user.auth import RBAC
from monailabel.interfaces.utils.app import app_instance

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.errors import RequestError
from mammolens.labelapp.identifiers import check_image_id
from mammolens.labelapp.keys import RequestKey
from mammolens.labelapp.parameters import InferParameters, KeepParameters, parse
from mammolens.labelapp.routes.arguments import json_object, safe_name

router = APIRouter(tags=["Infer"], responses=stock_router.responses)


@router.post(
    "/infer/{model}",
    summary=f"{RBAC_USER}Run Inference for supported model",
    dependencies=[Depends(RBAC(settings.MONAI_LABEL_AUTH_ROLE_USER))],
)
def run_infer(
    background_tasks: BackgroundTasks,
    model: str,
    image: str = "",
    params: Annotated[str, Form()] = "{}",
    file: Annotated[UploadFile | None, File()] = None,
    output: ResultType | None = None,
) -> Any:
    """Judge one mammogram; answers with the record (JSON), the map, both (multipart), or the DICOM segmentation."""
    request = _request(model, params)
    if output is ResultType.dicom_seg:  # as MONAI Label has it: the segmentation and nothing else
        request |= {"dicom": DerivedKind.SEGMENTATION}
        output = ResultType.image
    app = app_instance()
    if file is None:
        if not image:
            raise RequestError("image", "is missing", "give an id of the datastore or upload a file")
        result = app.infer({**request, RequestKey.IMAGE: check_image_id(image)})
    else:
        with _kept(file) as path:
            result = app.infer({**request, RequestKey.IMAGE: path})
    background_tasks.add_task(Path(result["file"]).unlink, missing_ok=True)
    return send_response(app.datastore(), result, output, BackgroundTasks())


def _request(model: str, params: str) -> dict[str, Any]:
    said = json_object(params)
    wanted = [parse(kind, said).model_dump(mode="json") for kind in (InferParameters, KeepParameters)]
    return {**wanted[0], **wanted[1], RequestKey.MODEL: model}


@contextmanager
def _kept(upload: UploadFile) -> Iterator[Path]:
    """The upload as a file in a folder of its own, under a name of ours, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="mammolens-") as folder:
        path = Path(folder) / safe_name(upload.filename)
        with path.open("wb") as target:
            shutil.copyfileobj(upload.file, target)
        yield path
