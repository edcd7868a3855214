import pytest

from mammolens.diagnostics.diagnosis import check_groups, run_group
from mammolens.diagnostics.results import Diagnosis, failed, passed, warned
from mammolens.errors import ModelError


def test_there_is_a_group_for_each_concern():
    assert list(check_groups(None, [], [])) == ["environment", "devices", "decoders", "models", "folders", "ports"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModelError("a model", "is damaged", "train it again"), "is damaged"),
        (ImportError("libcudart.so.12: cannot open"), "libcudart.so.12"),
        (OSError(5, "Input/output error"), "Input/output error"),
    ],
)
def test_a_check_that_cannot_be_carried_out_has_failed_and_the_ones_before_stay(error, said):
    def checks():
        yield passed("group", "first", "fine")
        raise error

    first, second = run_group("group", checks)
    assert (first.status, second.status) == ("ok", "failed")
    assert said in second.detail
    assert second.remedy


@pytest.mark.parametrize(("last", "healthy"), [(warned("g", "n", "d", "r"), True), (failed("g", "n", "d", "r"), False)])
def test_failures_alone_are_unhealthy(last, healthy):
    assert Diagnosis.of([passed("g", "n", "d"), last]).healthy is healthy
