"""Retrieve one instance of a PACS, as it is stored and whole (WADO-RS, PS3.18 10.4)."""

from __future__ import annotations

import logging
import time
from io import BytesIO

import pydicom
import requests
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, ExplicitVRLittleEndian
from requests_toolbelt.multipart.decoder import ImproperBodyPartContentException, MultipartDecoder

from mammolens.dicom.header_values import texts_of
from mammolens.dicom.opening import first_line
from mammolens.errors import InputError, PacsError
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.errors import CutOffError, errors_of, unknown_if_not_found
from mammolens.labelapp.pacs.instance import Instance
from mammolens.labelapp.pacs.session import open_session

_log = logging.getLogger(__name__)
_ANY_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*'  # the PACS need not transcode
_BARE = {"", "application/dicom", "application/octet-stream"}  # of servers that forget the envelope
_PAUSES_S = (0.5, 2.0)  # the session tries again only until an answer begins
_REMEDY = "check this instance in the PACS, repair or replace it, and infer the exam again"
_EPILOGUE = 1024  # bytes; where the end of the last part is looked for


def retrieve(access: PacsAccess, instance: Instance) -> bytes:
    """The instance's file, byte by byte as the PACS sent it; in no other transfer syntax than it is stored.

    dicomweb-client is not used for this: it takes an answer without its end for whole, and rewrites what it
    has read.

    Raises:
        PacsError: no answer, a broken one, or one that is none of DICOMweb, like a page of a proxy.
        InputError: the answer holds no DICOM, or another instance: what the PACS holds is damaged.
        UnknownImageError: the PACS has it no more.
    """
    url = _address(access, instance)
    with unknown_if_not_found(access.url), errors_of(access.url):
        content = _patiently(open_session(access), url)
    _check(content, instance.sop_instance_uid, access.url)
    return content


def retrieve_header(access: PacsAccess, instance: Instance) -> tuple[FileDataset, str | None]:
    """The instance's attributes without its pixels (WADO-RS metadata, PS3.18 10.4.1.1.2).

    Returns:
        A data set to be written in explicit VR, little endian, and the UID of the transfer syntax in which the PACS
        stores the instance (Available Transfer Syntax UID), if it says so.

    Raises:
        PacsError: no answer, a broken one, or one that is none of DICOMweb.
        InputError: the answer does not describe this instance.
        UnknownImageError: the PACS has it no more.
    """
    with unknown_if_not_found(access.url), errors_of(access.url):
        response = open_session(access).get(
            f"{_address(access, instance)}/metadata", headers={"Accept": "application/dicom+json"}
        )
        response.raise_for_status()
        described = response.json()
    try:
        (answer,) = described
        dataset = Dataset.from_json(answer, bulk_data_uri_handler=lambda *_: None)
    except Exception as error:  # pydicom may raise anything on invalid values
        reason = f"the PACS describes {instance.sop_instance_uid} in no DICOM JSON ({first_line(error)})"
        raise InputError(access.url, reason, _REMEDY) from error
    if dataset.get("SOPInstanceUID") != instance.sop_instance_uid:
        raise InputError(access.url, f"the PACS describes an instance other than {instance.sop_instance_uid}", _REMEDY)
    syntaxes = texts_of(dataset, "AvailableTransferSyntaxUID")
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(dataset.get("SOPClassUID") or "")
    meta.MediaStorageSOPInstanceUID = UID(instance.sop_instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.pop("PixelData", None)  # described by an address at most
    header = FileDataset("", dataset, file_meta=meta, preamble=bytes(128))
    header.is_little_endian, header.is_implicit_VR = True, False
    return header, syntaxes[0] if syntaxes else None


def _address(access: PacsAccess, instance: Instance) -> str:
    uids = (instance.study_instance_uid, instance.series_instance_uid, instance.sop_instance_uid)
    parts = [part for pair in zip(("studies", "series", "instances"), uids, strict=True) for part in pair]
    return access.address(access.wado_prefix, *parts)


def _patiently(session: requests.Session, url: str) -> bytes:
    for pause in _PAUSES_S:
        try:
            return _part(session, url)
        except requests.exceptions.ChunkedEncodingError as error:
            _log.warning("%s is requested again, because the answer broke off: %s", url, error)
            time.sleep(pause)
    return _part(session, url)


def _part(session: requests.Session, url: str) -> bytes:
    """The first part of the answer, or the whole where a server forgets the envelope."""
    response = session.get(url, headers={"Accept": _ANY_SYNTAX})
    response.raise_for_status()
    kind = response.headers.get("Content-Type", "")
    if not kind.lower().startswith("multipart/") or "boundary=" not in kind.lower():
        return _without_envelope(response)
    try:
        decoder = MultipartDecoder.from_response(response)
    except ImproperBodyPartContentException:
        return b""
    if b"--" + decoder.boundary + b"--" not in response.content[-_EPILOGUE:]:
        raise CutOffError("the last part has no end")
    return bytes(decoder.parts[0].content) if decoder.parts else b""


def _without_envelope(response: requests.Response) -> bytes:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in _BARE:
        raise PacsError(
            response.url, f"the answer is {kind or 'without a type'} and not DICOM", "check the address, and try again"
        )
    return response.content


def _check(content: bytes, sop_instance_uid: str, url: str) -> None:
    try:
        header = pydicom.dcmread(BytesIO(content), stop_before_pixels=True, specific_tags=["SOPInstanceUID"])
    except (InvalidDicomError, EOFError, ValueError, KeyError, NotImplementedError) as error:
        raise InputError(url, f"the PACS sent no DICOM for {sop_instance_uid}", _REMEDY) from error
    if header.get("SOPInstanceUID") != sop_instance_uid:
        raise InputError(url, f"the PACS sent an instance other than {sop_instance_uid}", _REMEDY)
