"""Check what a request brings to MONAI Label's own handlers, argument by argument, by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from monailabel.interfaces.utils.app import app_instance
from pydicom.datadict import tag_for_keyword
from starlette.datastructures import UploadFile

from mammolens.errors import RequestError
from mammolens.labelapp.identifiers import check_image_id, check_session_id, check_tag
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.parameters import (
    BatchParameters,
    Parameters,
    SampleParameters,
    ScoringParameters,
    parse,
)

_BODIES: dict[str, tuple[str, type[Parameters]]] = {
    "/batch/infer/": ("infer", BatchParameters),
    "/scoring/": ("scoring", ScoringParameters),
    "/activelearning/": ("strategy", SampleParameters),
}
_INFO_OF_IMAGES = {"/datastore/": "params", "/datastore/image": "params", "/datastore/image/info": "info"}
_NAMES_OF_TASKS = ("model", "method", "strategy")
_SUFFIXES = (".nii.gz", ".nrrd", ".dicom", ".dcm", ".png", ".jpeg", ".jpg")
_CHECKSUM = re.compile(r"(SHA256|SHA512|MD5):[0-9a-fA-F]+")


def checked(path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that may be handed to the handler of the route ``path``.

    Ids, tags and sessions are checked by pattern; JSON texts must hold an object; files get names of ours;
    the info of an image holds no key that the server alone writes; the body of a task keeps only the parameters
    that the task knows, with values that it takes.

    Raises:
        RequestError: the first argument that cannot be used.
    """
    passed = {name: _CHECKS.get(name, _unchanged)(value) for name, value in arguments.items() if value is not None}
    for prefix, (kind, parameters) in _BODIES.items():
        if path.startswith(prefix):
            passed |= _task_arguments(kind, parameters, passed)
    if path in _INFO_OF_IMAGES:
        _check_info(passed.get(_INFO_OF_IMAGES[path]))
    return {**arguments, **passed}


def json_object(text: str) -> dict[str, Any]:
    """Parse a form field that holds a JSON object.

    Raises:
        RequestError: no JSON, JSON of another kind, or half of a surrogate pair, which no answer could contain.
    """
    try:
        value = json.loads(text or "{}")
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise RequestError("params", f"is not JSON ({error})", "send a JSON object like {}") from error
    except UnicodeEncodeError as error:
        raise RequestError("params", "contains half of a surrogate pair", "send whole characters") from error
    if not isinstance(value, dict):
        raise RequestError("params", "is not a JSON object", "send one like {}")
    return value


def safe_name(filename: str | None) -> str:
    """A name for an uploaded file: letters, digits, '_' and '-', and a suffix that is known, or none."""
    name = PurePosixPath((filename or "").replace("\\", "/")).name.lower()
    suffix = next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")
    stem = re.sub(r"[^a-z0-9_-]+", "_", name.removesuffix(suffix)).strip("_-")[:64]
    return (stem or "upload") + suffix


def _check_info(text: Any) -> None:
    for key in json_object(text) if isinstance(text, str) else ():
        ours = key in set(InfoKey) and InfoKey(key).is_of_the_server
        if ours or tag_for_keyword(key) is not None:  # attributes are what the PACS says
            raise RequestError(f"info: {key}", "is written only by the server", "leave it out")


def _task_arguments(kind: str, parameters: type[Parameters], arguments: Mapping[str, Any]) -> dict[str, Any]:
    app = app_instance()
    for name in _NAMES_OF_TASKS:
        if name in arguments and not app.knows(kind, arguments[name]):
            raise RequestError(f"{name} {arguments[name][:40]!a}", "is not known here", "see /info/ for the names")
    if not isinstance(body := arguments.get("params"), dict):
        return {}
    passed = parse(parameters, body).model_dump(mode="json", exclude_unset=True)
    if parameters is BatchParameters:
        app.check_batch(passed)
    return {"params": passed}


def _unchanged(value: Any) -> Any:
    return value


def _text(check: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: check(value) if isinstance(value, str) and value else value


def _json(value: Any) -> Any:
    return json.dumps(json_object(value)) if isinstance(value, str) else value


def _file(value: Any) -> Any:
    if isinstance(value, UploadFile):
        value.filename = safe_name(value.filename)
        return value
    return [_file(item) for item in value] if isinstance(value, list) else value


def _id_or_file(value: Any) -> Any:
    return _file(value) if isinstance(value, UploadFile) else _text(check_image_id)(value)


def _checksum(value: str) -> str:
    if not _CHECKSUM.fullmatch(value):
        raise RequestError("check_sum", "is not a checksum", "give SHA256:<hexadecimal digits>")
    return value


def _packed(value: Any) -> Any:
    if value:
        raise RequestError(
            "uncompress", "is not supported, because archives can write anywhere", "send the files themselves"
        )
    return value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "image": _text(check_image_id),
    "id": _text(check_image_id),
    "label": _id_or_file,
    "tag": _text(check_tag),
    "session_id": _text(check_session_id),
    "params": _json,
    "info": _json,
    "file": _file,
    "files": _file,
    "check_sum": _text(_checksum),
    "uncompress": _packed,
}
