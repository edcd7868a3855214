import pytest

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.errors import ConfigError, RequestError
from mammolens.labelapp.reading.policy import ResultPolicy


def test_by_default_segmentations_and_a_report_are_made_and_sent_when_asked_for() -> None:
    policy = ResultPolicy.of({})
    assert policy.of_image == (DerivedKind.SEGMENTATION,)
    assert policy.of_exam == (DerivedKind.REPORT,)
    assert policy.stores(True, possible=True)
    assert not policy.stores(None, possible=True)
    assert not policy.stores(False, possible=True)


def test_the_segmentation_is_made_whatever_is_named() -> None:
    policy = ResultPolicy.of({"results": "cad_report, parametric_map"})
    assert policy.kinds == (DerivedKind.SEGMENTATION, DerivedKind.PARAMETRIC_MAP, DerivedKind.CAD_REPORT)


@pytest.mark.parametrize("conf", [{"results": "segmentation,hologram"}, {"store_results": "sometimes"}])
def test_a_word_that_is_not_known_is_refused_with_those_that_are(conf: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="use (segmentation, |never, on_request, always)"):
        ResultPolicy.of(conf)


def test_a_server_that_always_sends_can_be_asked_not_to() -> None:
    policy = ResultPolicy.of({"store_results": "always"})
    assert policy.stores(None, possible=True)
    assert not policy.stores(False, possible=True)
    assert not policy.stores(None, possible=False)


def test_what_cannot_be_stored_is_refused() -> None:
    with pytest.raises(RequestError, match="no PACS"):
        ResultPolicy.of({}).stores(True, possible=False)
    with pytest.raises(RequestError, match="--conf store_results"):
        ResultPolicy.of({"store_results": "never"}).stores(True, possible=True)
