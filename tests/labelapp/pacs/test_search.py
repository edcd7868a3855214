from collections.abc import Iterator

import pytest

from mammolens.errors import PacsError
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.errors import PacsRefusalError
from mammolens.labelapp.pacs.search import Search

from ...patience import PATIENCE_S
from .fake_pacs import Answer, FakePacs, attribute, instance_json, served


@pytest.fixture
def a_fake_pacs() -> Iterator[FakePacs]:
    with served(FakePacs()) as pacs:
        yield pacs


def search_of(server: FakePacs) -> Search:
    return Search(PacsAccess(server.url, seconds=PATIENCE_S), {"Modality": "MG"})


def test_the_filter_and_the_wanted_attributes_are_asked_for(a_fake_pacs: FakePacs) -> None:
    search = search_of(a_fake_pacs)
    search.studies()
    search.all_instances()
    search.instances_of("1.2")
    studies, instances, within = a_fake_pacs.asked
    assert studies.query["ModalitiesInStudy"] == instances.query["Modality"] == within.query["Modality"] == ["MG"]
    assert {"SOPInstanceUID", "ImageLaterality", "ViewPosition"} <= set(instances.query["includefield"])
    assert [asked.path for asked in a_fake_pacs.asked] == ["/studies", "/instances", "/studies/1.2/instances"]


@pytest.mark.parametrize("cap", [1, 7, 100])
def test_a_server_that_gives_fewer_than_asked_for_is_read_to_the_end(a_fake_pacs: FakePacs, cap: int) -> None:
    a_fake_pacs.cap = cap
    for number in range(5):
        a_fake_pacs.add_study(f"1.2.{number}")
    instances, surely_all = search_of(a_fake_pacs).all_instances()
    assert len({instance.sop_instance_uid for instance in instances}) == 20
    assert surely_all
    assert len(search_of(a_fake_pacs).studies()) == 5


def test_a_server_that_repeats_itself_is_not_asked_for_ever(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.knows_offset, a_fake_pacs.cap = False, 7
    for number in range(5):
        a_fake_pacs.add_study(f"1.2.{number}")
    instances, surely_all = search_of(a_fake_pacs).all_instances()
    assert len(instances) == 7
    assert not surely_all
    assert len(a_fake_pacs.asked) == 2


def test_studies_tell_how_many_instances_they_have_if_the_server_does(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.add_study("1.2", views=3)
    assert search_of(a_fake_pacs).studies() == {"1.2": 3}
    a_fake_pacs.tells_counts = False
    assert search_of(a_fake_pacs).studies() == {"1.2": None}


def test_what_is_of_another_modality_is_left_out_though_the_server_gave_it(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.add_study("1.2")
    a_fake_pacs.studies["1.2"][0]["00080060"] = attribute("CS", "SR")
    assert len(search_of(a_fake_pacs).instances_of("1.2")) == 3


def test_one_impossible_uid_does_not_hide_the_others(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.add_study("1.2")
    a_fake_pacs.studies["1.2"][0]["00080018"] = attribute("UI", "../../x")
    a_fake_pacs.studies["1.2"][1].pop("0020000E")
    a_fake_pacs.studies["1.2"][2].pop("00080018")
    assert [found.sop_instance_uid for found in search_of(a_fake_pacs).instances_of("1.2")] == ["1.2.9.4"]


def test_laterality_and_view_are_told_wherever_the_answer_has_them(a_fake_pacs: FakePacs) -> None:
    plain, coded, series, known = (instance_json("1.2", number) for number in (0, 0, 0, 0))
    for number, answer in enumerate((plain, coded, series, known)):
        answer["00080018"] = attribute("UI", f"1.2.9.{number + 1}")
    for answer in (coded, series, known):
        answer.pop("00185101")
        answer.pop("00200062")
    code = {"00080100": attribute("SH", "399368009"), "00080102": attribute("SH", "SCT")}
    coded["00540220"] = attribute("SQ", code)
    series["00200060"] = attribute("CS", "L")
    known["00100020"] = attribute("LO", "Mass-Test_P_00820_LEFT_MLO")
    a_fake_pacs.studies["1.2"] = [plain, coded, series, known]
    told = [found.attributes for found in search_of(a_fake_pacs).instances_of("1.2")]
    views = [(attributes.get("ImageLaterality"), attributes.get("ViewPosition")) for attributes in told]
    assert views == [("R", "CC"), (None, "MLO"), ("L", None), ("L", "MLO")]


NONSENSE = [
    Answer(body=b"<html>login</html>", kind="text/html"),
    Answer(body=b'{"error": "no"}'),
    Answer(body=b'["a", "b"]'),
    Answer(body=b"17"),
    Answer(body=b'[{"hello": 1}]'),
    Answer(body=b'[{"0020000D": {"vr": "UI"}}]'),
]


@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: answer.body.decode())
def test_nonsense_is_called_so(a_fake_pacs: FakePacs, answer: Answer) -> None:
    a_fake_pacs.next_answers = [answer]
    with pytest.raises(PacsError, match="is not (DICOM )?JSON; check"):
        search_of(a_fake_pacs).studies()


def test_an_answer_that_breaks_off_is_called_so(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.next_answers = [Answer(body=b"[", announced=1000)]
    with pytest.raises(PacsError, match="the connection broke off during"):
        search_of(a_fake_pacs).studies()


def test_an_empty_answer_is_no_mammogram(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.next_answers = [Answer(204)]
    assert search_of(a_fake_pacs).studies() == {}


def test_a_refusal_tells_its_status(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.refuses_whole = True
    with pytest.raises(PacsRefusalError) as refused:
        search_of(a_fake_pacs).all_instances()
    assert refused.value.status == 400
    assert refused.value.is_of_the_request
