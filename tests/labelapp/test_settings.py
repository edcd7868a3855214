import subprocess
import sys
from datetime import time
from pathlib import Path

import pytest

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.enums import RuntimeName
from mammolens.errors import ConfigError, RequestError
from mammolens.labelapp.settings import (
    DeliveredExams,
    InferNew,
    LinkPolicy,
    Promotion,
    ResultPolicy,
    ServerSettings,
    StorePolicy,
    cores,
)
from mammolens.models import installed_runtimes
from mammolens.review.policy import PolicyName


def test_without_any_pair_everything_is_as_it_is_documented() -> None:
    settings = ServerSettings.of({}, {})
    assert settings == ServerSettings()
    assert settings.learning_threads == max(1, cores() // 2)
    assert not settings.is_scheduled
    assert (settings.promotion, settings.held_out_share, settings.guard_share) == (Promotion.AUTOMATIC, 0.2, 0.05)
    assert settings.gate_policy.min_patients == 20
    assert settings.review_policy is PolicyName.LATEST
    assert settings.result_policy == ResultPolicy(
        (DerivedKind.SEGMENTATION, DerivedKind.REPORT), StorePolicy.ON_REQUEST
    )
    assert (settings.drift_window, settings.ledger, settings.model_dir) == (100, None, None)
    assert settings.infer_new is InferNew.ON_REQUEST
    assert settings.runtime is RuntimeName.TORCH


def test_they_are_read_without_waiting_for_torch_or_statistics() -> None:
    code = "import sys; from mammolens.labelapp import settings as s; s.ServerSettings.of({}, {}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "scipy.stats"} & set(done.stdout.split())


def test_everything_can_be_set(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("min_patients: 7\n")
    settings = ServerSettings.of(
        {
            "model_dir": str(tmp_path),
            "device": "cpu",
            "precision": "bfloat16",
            "results": "cad_report",
            "store_results": "always",
            "ledger": "decisions.sqlite",
            "review_policy": "two_readers",
            "reviewer": "Ada Lovelace",
            "drift_window": "50",
            "learning_threads": "3",
            "retrain_at": "02:05",
            "retrain_after": "20",
            "promotion": "ask",
            "held_out_share": "0.3",
            "guard_share": "0",
            "gate_policy": str(policy),
            "sentinels": str(tmp_path),
            "exposure": str(tmp_path),
            "links": "any",
            "infer_new": "on_arrival",
            "runtime": "auto",
        },
        {},
    )
    assert settings.model_dir == settings.sentinels == settings.exposure == tmp_path
    assert settings.result_policy == ResultPolicy(
        (DerivedKind.SEGMENTATION, DerivedKind.CAD_REPORT), StorePolicy.ALWAYS
    )
    assert (settings.ledger, settings.review_policy) == ("decisions.sqlite", PolicyName.TWO_READERS)
    assert (settings.learning_threads, settings.retrain_at, settings.retrain_after) == (3, time(2, 5), 20)
    assert (settings.drift_window, settings.promotion) == (50, Promotion.ASK)
    assert (settings.held_out_share, settings.guard_share) == (0.3, 0.0)
    assert settings.gate_policy.min_patients == 7
    assert settings.reviewer == "Ada Lovelace"
    assert settings.links is LinkPolicy.ANY
    assert settings.is_scheduled
    assert settings.infer_new is InferNew.ON_ARRIVAL
    assert settings.runtime is RuntimeName.AUTO
    assert str(settings.placed()) == "cpu, bfloat16"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("results", "segmentation,hologram", "'hologram' is not known; use segmentation, "),
        ("store_results", "sometimes", "'sometimes' is not known; use never, on_request, always"),
        ("review_policy", "three", "'three' is not known; use latest, two_readers"),
        ("drift_window", "many", "'many' is not a number of patients to monitor"),
        ("drift_window", "29", "'29' is not a number of patients to monitor; give a whole number from 30 on"),
        ("learning_threads", "0", "'0' is not a number of 1 or more"),
        ("learning_threads", "two", "'two' is not a number of 1 or more"),
        ("retrain_after", "-3", "'-3' is not a number of 1 or more"),
        ("results_days", "0", "'0' is not a number of days from 1 to 36525"),
        ("audit_days", "0", "'0' is not a number of days from 1 to 36525"),
        ("retrain_at", "25:00", "'25:00' is not a time of day; give one like 02:00"),
        ("retrain_at", "2 o'clock", "is not a time of day"),
        ("promotion", "perhaps", "'perhaps' is not known; use automatic, ask"),
        ("held_out_share", "0", "'0' is not a share"),
        ("held_out_share", "many", "'many' is not a share"),
        ("guard_share", "1", "'1' is not a share"),
        ("sentinels", "nowhere", "'nowhere' is not a folder"),
        ("exposure", "nowhere", "'nowhere' is not a folder"),
        ("runtime", "tensorrt", "'tensorrt' is not known; use auto, torch, onnxruntime, openvino"),
        ("dimse_port", "70000", "'70000' is not a port"),
        ("dimse_callers", "CT", "has no effect without a port"),
        ("dimse_destination", "pacs:104", "'pacs:104' is not a destination; give AE_TITLE@HOST:PORT"),
        ("dimse_destination", "PACS@pacs:0", "'0' is not a port"),
        ("dimse_destination_ca", "a.pem", "has no effect without a destination"),
        ("deliver", "some", "'some' is not known; use received, all"),
        ("reviewer", "a" * 129, "is not a valid name; use up to 128 printable characters"),
        ("reviewer", "a\nb", "'a.*b' is not a valid name"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_and_names_its_option(name: str, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=f"--conf {name}: .*{complaint}"):
        ServerSettings.of({name: text})


def test_a_gate_policy_that_is_no_file_is_named() -> None:
    with pytest.raises(ConfigError, match="nowhere.yaml.*cannot be read"):
        ServerSettings.of({"gate_policy": "nowhere.yaml"})


def test_what_the_command_line_says_of_the_ledger_wins_over_the_environment() -> None:
    environment = {"MAMMOLENS_LEDGER": "variable.sqlite"}
    assert ServerSettings.of({"ledger": "said.sqlite"}, environment).ledger == "said.sqlite"
    assert ServerSettings.of({}, environment).ledger == "variable.sqlite"


def test_by_default_segmentations_and_a_report_are_made_and_sent_when_asked_for() -> None:
    policy = ResultPolicy()
    assert policy.of_image == (DerivedKind.SEGMENTATION,)
    assert policy.of_exam == (DerivedKind.REPORT,)
    assert policy.stores(True, possible=True)
    assert not policy.stores(None, possible=True)
    assert not policy.stores(False, possible=True)


def test_a_server_that_always_sends_can_be_asked_not_to() -> None:
    policy = ResultPolicy(store=StorePolicy.ALWAYS)
    assert policy.stores(None, possible=True)
    assert not policy.stores(False, possible=True)
    assert not policy.stores(None, possible=False)


def test_what_cannot_be_stored_is_refused() -> None:
    with pytest.raises(RequestError, match="no PACS"):
        ResultPolicy().stores(True, possible=False)
    with pytest.raises(RequestError, match="--conf store_results"):
        ResultPolicy(store=StorePolicy.NEVER).stores(True, possible=True)


def test_a_request_may_ask_for_a_person_or_not() -> None:
    assert ServerSettings(promotion=Promotion.ASK).asks(None)
    assert not ServerSettings(promotion=Promotion.ASK).asks(False)
    assert ServerSettings().asks(True)


def test_a_runtime_that_is_not_installed_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed_runtimes, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="runtime openvino: the package openvino is not installed"):
        ServerSettings.of({"runtime": "openvino"}, {})


def test_the_audit_is_kept_for_six_years_or_for_as_long_as_is_said() -> None:
    kept = [ServerSettings.of({"audit_days": said}, {}).audit_days for said in ("", "30", "forever")]
    assert kept == [2192, 30, None]


def test_results_are_kept_unless_days_are_given_and_as_long_as_a_delivery_may_wait() -> None:
    kept = [ServerSettings.of({"results_days": said}, {}).results_days for said in ("", "30", "forever")]
    assert kept == [None, 30, None]
    with pytest.raises(ConfigError, match="2 days are less than the 72 hours for which a delivery waits"):
        ServerSettings.of({"results_days": "2", "dimse_destination": "PACS@127.0.0.1:104"}, {})


def test_a_listener_is_off_then_of_this_computer_and_beyond_it_never_open_to_all() -> None:
    assert ServerSettings.of({}).dimse_listener is None
    listener = ServerSettings.of({"dimse_port": "11112"}, {}).dimse_listener
    assert listener is not None
    assert (listener.port, listener.address, listener.ae_title) == (11112, "127.0.0.1", "MAMMOLENS")
    with pytest.raises(ConfigError, match="would let everybody in the network store images"):
        ServerSettings.of({"dimse_port": "11112", "dimse_address": "192.0.2.1"}, {})
    named = {"dimse_port": "11112", "dimse_address": "192.0.2.1", "dimse_callers": "MG1, MG2"}
    assert ServerSettings.of(named, {}).dimse_listener.callers == ("MG1", "MG2")  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match="--conf dimse_key: is missing"):
        ServerSettings.of({"dimse_port": "11112", "dimse_certificate": "a.pem", "dimse_ca": "a.pem"}, {})


def test_a_destination_is_named_in_one_line_and_gets_what_is_received_where_something_is() -> None:
    assert ServerSettings.of({}).dimse_destination is None
    settings = ServerSettings.of({"dimse_destination": "PACS 1@pacs.example.org:104", "dimse_ae_title": "AI"})
    to = settings.dimse_destination
    assert to is not None
    assert (to.ae_title, to.host, to.port, to.calling_ae_title) == ("PACS 1", "pacs.example.org", 104, "AI")
    assert (settings.deliver, settings.delivery_hours) == (DeliveredExams.ALL, 72)
    both = {"dimse_destination": "PACS@pacs:104", "dimse_port": "11112", "delivery_hours": "5"}
    assert ServerSettings.of(both).deliver is DeliveredExams.RECEIVED
    assert ServerSettings.of({**both, "deliver": "all"}).deliver is DeliveredExams.ALL
