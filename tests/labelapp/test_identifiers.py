from pathlib import PurePosixPath

import pytest

from mammolens.errors import RequestError
from mammolens.labelapp.identifiers import check_image_id, check_session_id, check_tag, check_uid, image_id_of


@pytest.mark.parametrize(
    "value", ["../x", "/etc/passwd", "a/b", "a\\b", "", ".hidden", "a..b", "a\n", "x" * 161, "a b"]
)
def test_what_could_leave_the_folder_is_no_image_id(value: str) -> None:
    with pytest.raises(RequestError, match="is not an image id"):
        check_image_id(value)


@pytest.mark.parametrize("value", ["GH133.dcm", "1.2.840.10008", "patient_a_L_CC.dcm-0123456789"])
def test_names_and_uids_are_image_ids(value: str) -> None:
    assert check_image_id(value) == value


@pytest.mark.parametrize("value", ["", "1.", ".1", "1..2", "1.02", "1.2a", "1" * 65, "1.2\n", "../1", "\uff11.2"])
def test_what_ps3_5_9_1_forbids_is_no_uid(value: str) -> None:
    with pytest.raises(RequestError, match="is not a SOP Instance UID"):
        check_uid(value)


@pytest.mark.parametrize("value", ["1", "0.0", "1.2.840.10008.5.1.4.1.1.1.2", "2.25." + "9" * 39])
def test_uids_of_ps3_5_9_1_are_uids(value: str) -> None:
    assert check_uid(value) == value


@pytest.mark.parametrize("value", ["../../x", "a/b", "", "final\x00", "a.b", "x" * 65])
def test_what_could_leave_the_label_folder_is_no_tag(value: str) -> None:
    with pytest.raises(RequestError, match="is not a label tag"):
        check_tag(value)


def test_only_uuids_are_session_ids() -> None:
    assert check_session_id("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    with pytest.raises(RequestError, match="is not a session id"):
        check_session_id("../../etc")


def test_a_plain_name_is_its_own_id() -> None:
    assert image_id_of(PurePosixPath("GH133.dcm")) == "GH133.dcm"


def test_nested_files_get_ids_without_separators_that_differ_although_they_read_alike() -> None:
    paths = ["a/b_c.dcm", "a_b/c.dcm", "a/b/c.dcm", "a_b_c.dcm"]
    ids = [image_id_of(PurePosixPath(path)) for path in paths]
    assert len(set(ids)) == len(paths)
    assert all(check_image_id(image_id) for image_id in ids)
    assert ids == [image_id_of(PurePosixPath(path)) for path in paths]


@pytest.mark.parametrize(
    "path", ["Müller, Frau/1.dcm", "../..", "-x/.y", "a..b.dcm", "ö", "/".join(["1.2.840" * 9] * 5)]
)
def test_every_path_gets_an_id_that_passes_the_check(path: str) -> None:
    assert check_image_id(image_id_of(PurePosixPath(path)))


def test_a_file_cannot_take_the_id_of_another_by_its_name() -> None:
    nested = image_id_of(PurePosixPath("a/b.dcm"))
    assert image_id_of(PurePosixPath(nested)) != nested
