"""The DICOM JSON manifest of an exam for OHIF: headers, and URLs of the files."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pydicom

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.picture_image import picture_header
from mammolens.dicom.dicom_json import dicom_json
from mammolens.dicom.geometry import pixel_spacing_of
from mammolens.dicom.opening import damage_named, open_dicom
from mammolens.dicom.reader import read_header
from mammolens.errors import MammoLensError
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.exams.exam import Exam, view_of_image
from mammolens.labelapp.exams.inference import InferenceContext

# OHIF measures by these. It knows no implausible values, no scanner's spacing, and no Pixel Spacing that only repeats
# Imager Pixel Spacing, which is not a correction for magnification.
_PIXEL_SIZES = ("PixelSpacing", "ImagerPixelSpacing", "PixelSpacingCalibrationType")
_OF_THE_STUDY = ("StudyInstanceUID", "StudyDate", "StudyTime", "PatientID", "PatientName", "PatientSex", "PatientAge")


def manifest_of(exam: Exam, fingerprint: str, context: InferenceContext, *, heat: bool = True) -> dict[str, Any]:
    """The images of an exam and their current segmentations, all in one study.

    Some archives make each view a study of its own, and viewers hang one study at a time; so all get the first
    image's Study Instance UID, in the manifest only.

    Args:
        exam: the exam.
        fingerprint: of its current result.
        context: datastore and results.
        heat: with the segmentations of the heat levels.

    Raises:
        PacsError: no image can be fetched.
    """
    headers = [*_originals(exam, context), *(_segmentations(exam, fingerprint, context) if heat else ())]
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


def _originals(exam: Exam, context: InferenceContext) -> Iterator[tuple[dict[str, Any], str]]:
    """Headers and addresses; an image that cannot be had is left out, unless that leaves nothing.

    A copy of an image, which has its UID too, is shown once. A picture is offered as the DICOM image made from it.
    """
    infos = context.images.infos(exam.image_ids)
    trouble: MammoLensError | None = None
    seen: set[str] = set()
    for image in exam.images:
        if image.sop_instance_uid in seen:
            continue
        try:
            path = Path(context.images.get_image_uri(image.image_id))
            header = _header(path) if image.is_dicom else _picture_header(path, image, infos.get(image.image_id, {}))
        except MammoLensError as error:
            trouble = error
            continue
        seen.add(image.sop_instance_uid)
        yield {**header, "SOPInstanceUID": image.sop_instance_uid}, f"/mammolens/images/{image.image_id}.dcm"
    if trouble is not None and not seen:
        raise trouble


def _segmentations(exam: Exam, fingerprint: str, context: InferenceContext) -> Iterator[tuple[Mapping[str, Any], str]]:
    for image in {image.sop_instance_uid: image for image in reversed(exam.images)}.values():
        stored = context.results.get(Of.IMAGE, image.image_id, fingerprint)
        content = context.results.read(Of.IMAGE, image.image_id, fingerprint, DerivedKind.SEGMENTATION)
        if stored is not None and content is not None:
            header = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
            # The version keeps browsers from showing an older one of the same address.
            address = f"/mammolens/derived/{image.image_id}/{DerivedKind.SEGMENTATION}.dcm?v={stored.version}"
            yield dicom_json(header), address


def _picture_header(path: Path, image: ImageDescription, info: Mapping[str, Any]) -> dict[str, Any]:
    laterality, view = view_of_image(image, info)
    seen = {"ImageLaterality": laterality, "ViewPosition": view}
    return {**dicom_json(picture_header(read_header(path))), **{name: value for name, value in seen.items() if value}}


def _header(path: Path) -> dict[str, Any]:
    """The header, with Pixel Spacing (0028,0030) at the breast, by which OHIF measures; without it if unknown."""
    with damage_named(path):
        dataset = open_dicom(path, with_pixels=False)
        header = {name: value for name, value in dicom_json(dataset).items() if name not in _PIXEL_SIZES}
        spacing = pixel_spacing_of(dataset)
    return {**header, "PixelSpacing": [spacing.between_rows, spacing.between_columns]} if spacing else header
