"""MONAI Label's own routes for decisions, which write to the ledger: an image's review, and a final label."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, File, Form, UploadFile
from monailabel.config import RBAC_ANNOTATOR, RBAC_USER
from monailabel.endpoints import datastore as stock
from monailabel.interfaces.datastore import DefaultLabelTag
from monailabel.interfaces.utils.app import app_instance

from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.routes.arguments import checked, json_object
from mammolens.labelapp.routes.dependencies import FOR_USERS, CurrentAnnotator, ReviewsDep
from mammolens.labelapp.routes.stock import cleaned_up

router = APIRouter(prefix="/datastore", tags=["Datastore"])
_FINAL = DefaultLabelTag.FINAL.value
_NOBODY = "unknown"


@router.get("/", summary=f"{RBAC_USER}Get All Images/Labels from datastore", dependencies=FOR_USERS)
def images(reviews: ReviewsDep, output: stock.ResultType | None = None) -> Any:
    """Counts, or the infos of all images, with the decisions on them."""
    answer = stock.datastore(output)
    if output is stock.ResultType.train:
        return answer
    if output is not stock.ResultType.all:
        return {**answer, **app_instance().reviewed()}
    by_image = reviews.all_reviews()
    for image_id, known in answer["objects"].items():
        known["image"]["info"] = known["image"]["info"] | by_image.get(image_id, {})
    return answer


@router.get("/image/info", summary=f"{RBAC_USER}Get Image Info", dependencies=FOR_USERS)
def info_of_image(image: str, reviews: ReviewsDep) -> dict[str, Any]:
    """The info of an image; ``review`` is the effective decision, ``reviews`` are all of them."""
    image = checked("", {"image": image})["image"]
    info: dict[str, Any] = stock.get_image_info(image)
    return info | reviews.reviews_of(image)


@router.put("/image/info", summary=f"{RBAC_ANNOTATOR}Update Image Info")
def update_info(image: str, user: CurrentAnnotator, reviews: ReviewsDep, info: Annotated[str, Form()] = "{}") -> None:
    """Merge into the info of an image; a ``review`` is a decision, an empty one undoes the last one."""
    changes = json_object(info)
    decides, review = InfoKey.REVIEW in changes, changes.pop(InfoKey.REVIEW, None)
    passed = checked("/datastore/image/info", {"image": image, "info": json.dumps(changes)})
    if decides:
        reviews.review(passed["image"], review, user.username or _NOBODY)
    if changes or not decides:
        stock.update_image_info(passed["image"], passed["info"], user.username)


@router.put("/label", summary=f"{RBAC_ANNOTATOR}Save Finished Label")
def save_label(
    background_tasks: BackgroundTasks,
    image: str,
    user: CurrentAnnotator,
    reviews: ReviewsDep,
    label: Annotated[UploadFile, File()],
    params: Annotated[str, Form()] = "{}",
    tag: str = _FINAL,
) -> dict[str, Any]:
    """Store a label; a final one is a decision: a finding if anything is drawn, else normal.

    A ``review`` in ``params`` takes precedence, as in an image's info.
    """
    extra = json_object(params)
    review = extra.pop(InfoKey.REVIEW, None)
    asked = {"image": image, "params": json.dumps(extra), "tag": tag or _FINAL, "label": label}
    passed = checked("/datastore/label", asked)
    if passed["tag"] == _FINAL:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / passed["label"].filename
            with file.open("wb") as copy:
                shutil.copyfileobj(label.file, copy)
            reviews.label(passed["image"], file, review, user.username or _NOBODY)
        label.file.seek(0)
    with cleaned_up(background_tasks):
        answer: dict[str, Any] = stock.save_label(background_tasks, **passed, user=user.username)
    return answer
