import io
import json

import pytest
from starlette.datastructures import UploadFile

from mammolens.errors import RequestError
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.routes.arguments import checked, json_object, safe_name


@pytest.mark.parametrize(
    ("filename", "safe"),
    [
        ("GH133.dcm", "gh133.dcm"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\x.NII.GZ", "x.nii.gz"),
        ("a b/ü?.png", "upload.png"),
        ("x.dcm/../../y", "y"),
        ("run.sh", "run_sh"),
        ("..", "upload"),
        ("", "upload"),
        (None, "upload"),
        ("x" * 300 + ".nrrd", "x" * 64 + ".nrrd"),
        ("a\x00.dcm", "a.dcm"),
    ],
)
def test_uploads_get_names_that_are_safe_anywhere(filename: str | None, safe: str) -> None:
    assert safe_name(filename) == safe


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"image": "/etc/passwd"}, "is not an image id"),
        ({"id": "../x"}, "is not an image id"),
        ({"label": "a/b"}, "is not an image id"),
        ({"tag": "../../x"}, "is not a label tag"),
        ({"session_id": "../../x"}, "is not a session id"),
        ({"params": "{"}, "is not JSON"),
        ({"info": "[1]"}, "is not a JSON object"),
        ({"info": "null"}, "is not a JSON object"),
        ({"check_sum": "MD4:12"}, "is not a checksum"),
        ({"uncompress": True}, "is not supported"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused(arguments: dict[str, object], complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint):
        checked("/datastore/image", arguments)


@pytest.mark.parametrize(
    "key",
    [
        "p_value",
        "inference_fingerprint",
        "sop_instance_uid",
        "review",
        "reviews",
        "path",
        "StudyInstanceUID",
        "PatientID",
    ],
)
@pytest.mark.parametrize(
    ("path", "argument"), [("/datastore/image/info", "info"), ("/datastore/image", "params"), ("/datastore/", "params")]
)
def test_what_the_server_knows_of_an_image_is_not_taken_from_a_client(path: str, argument: str, key: str) -> None:
    with pytest.raises(RequestError, match=f"{key}: is written only by the server; leave it out"):
        checked(path, {"image": "a.dcm", argument: json.dumps({"client_id": "x", key: "1.2"})})


@pytest.mark.parametrize(
    ("path", "argument", "info"),
    [
        ("/datastore/image/info", "info", {"client_id": "y", "device": "x"}),
        ("/datastore/image", "params", {"client_id": "x"}),
        ("/datastore/label/info", "info", {"model": "of the label"}),
        ("/datastore/label", "params", {"name": "of the label"}),
    ],
)
def test_notes_of_clients_and_infos_of_labels_pass(path: str, argument: str, info: dict[str, object]) -> None:
    assert json.loads(checked(path, {argument: json.dumps(info)})[argument]) == info


def test_what_is_fine_or_left_out_passes_unchanged() -> None:
    arguments = {"image": "a.dcm", "tag": None, "session_id": "", "params": "", "user": object(), "run_sync": True}
    assert checked("/datastore/image", arguments) == {**arguments, "params": "{}"}


def test_uploaded_files_are_renamed_before_a_handler_sees_them() -> None:
    upload = UploadFile(io.BytesIO(), filename="../../../tmp/x.dcm")
    checked("/datastore/image", {"file": upload})
    assert upload.filename == "x.dcm"


def test_the_body_of_a_task_keeps_only_what_the_task_knows(an_app: MammoLensApp) -> None:
    body = {"again": True, "bundle_path": "/tmp/evil", "gpus": "0", "method": "other"}
    assert checked("/scoring/{method}", {"method": "anomaly", "params": body})["params"] == {"again": True}


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/batch/infer/{model}", {"model": "nobody"}),
        ("/scoring/{method}", {"method": "dice"}),
        ("/activelearning/{strategy}", {"strategy": "random"}),
        ("/scoring/{method}", {"method": "anomaly", "params": {"again": "maybe"}}),
        ("/batch/infer/{model}", {"model": "mammolens", "params": {"images": ["/etc/passwd"]}}),
    ],
)
def test_unknown_tasks_and_unusable_bodies_are_refused_before_a_process_starts(
    an_app: MammoLensApp, path: str, arguments: dict[str, object]
) -> None:
    with pytest.raises(RequestError):
        checked(path, arguments)


@pytest.mark.parametrize(("text", "value"), [("", {}), ("{}", {}), ('{"a": 1}', {"a": 1})])
def test_form_fields_hold_json_objects(text: str, value: dict[str, int]) -> None:
    assert json_object(text) == value


@pytest.mark.parametrize("text", ['{"\\ud800": 1}', '{"a": ["\\ud800"]}'])
def test_a_form_field_that_no_answer_could_contain_is_refused(text: str) -> None:
    """Once it was in an image's info, GET /datastore/ answered 500 for ever."""
    with pytest.raises(RequestError, match="params: contains half of a surrogate pair; send whole characters"):
        json_object(text)
