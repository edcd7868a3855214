"""What OHIF's DICOM JSON data source reads of an exam: headers, and where the files are."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pydicom

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.naturalised import naturalised
from mammolens.dicom.opening import damage_named, open_dicom
from mammolens.errors import MammoLensError
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.exams.exam import Exam
from mammolens.labelapp.exams.inference import Bench

_OF_THE_STUDY = ("StudyInstanceUID", "StudyDate", "StudyTime", "PatientID", "PatientName", "PatientSex", "PatientAge")


def manifest_of(exam: Exam, mark: str, bench: Bench) -> dict[str, Any]:
    """The images of an exam and their current segmentations, all in one study.

    Some archives make each view a study of its own, and viewers hang one study at a time; so all get the first
    image's Study Instance UID, in the manifest only.

    Args:
        exam: which.
        mark: what its current results were judged as.
        bench: the files.

    Raises:
        PacsError: no image can be fetched.
    """
    headers = [*_originals(exam, bench), *_segmentations(exam, mark, bench)]
    if not headers:
        return {"studies": []}
    first = headers[0][0]
    study = str(first.get("StudyInstanceUID") or f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, exam.exam_id).int}")
    series: dict[str, dict[str, Any]] = {}
    for header, address in headers:
        uid = str(header.get("SeriesInstanceUID") or header["SOPInstanceUID"])
        metadata = {**header, "StudyInstanceUID": study, "SeriesInstanceUID": uid}
        of_series = series.setdefault(
            uid,
            {
                "SeriesInstanceUID": uid,
                "SeriesNumber": header.get("SeriesNumber", 0),
                "SeriesDescription": header.get("SeriesDescription", ""),
                "Modality": header.get("Modality", "OT"),
                "instances": [],
            },
        )
        of_series["instances"].append({"metadata": metadata, "url": f"dicomweb:{address}"})
    return {
        "studies": [
            {
                **{name: first.get(name, "") for name in _OF_THE_STUDY},
                "StudyInstanceUID": study,
                "StudyDescription": first.get("StudyDescription", ""),
                "AccessionNumber": first.get("AccessionNumber", ""),
                "NumInstances": len(headers),
                "Modalities": "MG",
                "series": list(series.values()),
            }
        ]
    }


def _originals(exam: Exam, bench: Bench) -> Iterator[tuple[dict[str, Any], str]]:
    """Headers and addresses; an image that cannot be had is left out, unless that leaves nothing.

    A copy of an image, which has its UID too, is shown once.
    """
    trouble: MammoLensError | None = None
    told: set[str] = set()
    for image in exam.images:
        if not image.is_dicom or image.sop_instance_uid in told:
            continue
        try:
            header = _header(Path(bench.images.get_image_uri(image.image_id)))
        except MammoLensError as error:
            trouble = error
            continue
        told.add(image.sop_instance_uid)
        yield {**header, "SOPInstanceUID": image.sop_instance_uid}, f"/mammolens/images/{image.image_id}.dcm"
    if trouble is not None and not told:
        raise trouble


def _segmentations(exam: Exam, mark: str, bench: Bench) -> Iterator[tuple[Mapping[str, Any], str]]:
    for image in {image.sop_instance_uid: image for image in reversed(exam.images)}.values():
        kept = bench.results.get(Of.IMAGE, image.image_id, mark)
        content = bench.results.read(Of.IMAGE, image.image_id, mark, DerivedKind.SEGMENTATION)
        if kept is not None and content is not None:
            header = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
            # The version keeps browsers from showing an older one of the same address.
            address = f"/mammolens/derived/{image.image_id}/{DerivedKind.SEGMENTATION}.dcm?v={kept.version}"
            yield naturalised(header), address


def _header(path: Path) -> dict[str, Any]:
    with damage_named(path):
        return naturalised(open_dicom(path, with_pixels=False))
