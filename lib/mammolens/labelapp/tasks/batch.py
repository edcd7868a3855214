"""Batch infer: many images one after another, on any device; a bad image does not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from monailabel.interfaces.datastore import Datastore
from monailabel.interfaces.tasks.batch_infer import BatchInferImageType, BatchInferTask

from mammolens.errors import MammoLensError, RequestError
from mammolens.labelapp.identifiers import check_tag
from mammolens.labelapp.keys import RequestKey
from mammolens.labelapp.parameters import BatchParameters, InferRequest, parse

_log = logging.getLogger(__name__)
Infer = Callable[[InferRequest, Datastore], dict[str, Any]]


class MammogramBatch(BatchInferTask):
    """Runs infer for each image and keeps the map as a label of the image.

    MONAI Label's own asks for several GPUs by default and divides by their number.
    """

    def get_images(self, request: Mapping[str, Any], datastore: Datastore) -> list[str]:
        """Ids that the request means.

        Raises:
            RequestError: neither a known word nor a list of ids.
            UnknownImageError: an id that the datastore does not hold.
        """
        return _chosen(parse(BatchParameters, request), datastore)

    def __call__(self, request: Mapping[str, Any], datastore: Datastore, infer: Infer) -> dict[str, Any]:
        """Infer the images.

        Returns:
            For each id the result's ``label``, ``tag`` and ``params``, or ``{"error": why}``.
        """
        wanted = parse(BatchParameters, request)
        image_ids = _chosen(wanted, datastore)[: wanted.max_batch_size or None]
        of_each = {**wanted.model_dump(), "model": request.get(RequestKey.MODEL, ""), "save_label": True}
        results: dict[str, Any] = {}
        for done, image_id in enumerate(image_ids, start=1):
            results[image_id] = _inferred(InferRequest(**of_each, image=image_id), datastore, infer)
            _log.info("batch infer: %d of %d images, %s", done, len(image_ids), image_id)
        return results


def _chosen(wanted: BatchParameters, datastore: Datastore) -> list[str]:
    tag = check_tag(wanted.label_tag)
    if isinstance(wanted.images, list):
        for image_id in wanted.images:
            datastore.get_image_info(image_id)
        return wanted.images
    lists: dict[str, Callable[[], list[str]]] = {
        BatchInferImageType.IMAGES_ALL.value: datastore.list_images,
        BatchInferImageType.IMAGES_LABELED.value: lambda: datastore.get_labeled_images(tag),
        BatchInferImageType.IMAGES_UNLABELED.value: lambda: datastore.get_unlabeled_images(tag),
    }
    if wanted.images not in lists:
        raise RequestError("images", f"cannot be {wanted.images[:40]!r}", f"give {', '.join(lists)} or a list of ids")
    return lists[wanted.images]()


def _inferred(request: InferRequest, datastore: Datastore, infer: Infer) -> dict[str, Any]:
    try:
        result = infer(request, datastore)
    except MammoLensError as error:
        _log.warning("batch infer: %s", error)
        return {"error": str(error)}
    except Exception:  # noqa: BLE001 - one bad image must not stop the others
        _log.exception("batch infer: %s", request.image)
        return {"error": "unexpected error; the server's log has the details"}
    Path(result.pop("file")).unlink(missing_ok=True)
    return result
