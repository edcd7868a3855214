"""deploy/grafana/mammolens.json: what it asks for is what `GET /metrics` has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.delivery.courier import Courier
from mammolens.labelapp.delivery.queue import DeliveryKind, DeliveryQueue

from .test_metrics import NoChannel

DASHBOARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "deploy" / "grafana" / "mammolens.json").read_text()
)
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_every_metric_and_label_of_a_query_exists(a_client: TestClient, an_app: MammoLensApp, tmp_path: Path) -> None:
    an_app.infer_times.observe_steps({"infer": 0.1})
    an_app.courier = Courier(DeliveryQueue(tmp_path), {DeliveryKind.WEBHOOK: NoChannel()}, 72)
    a_client.get("/mammolens/worklist")
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(a_client.get("/metrics").text):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    for query in QUERIES:
        metrics = re.findall(r"\bmammolens_\w+", query)
        assert metrics, query
        assert set(metrics) <= labels.keys(), query
        wanted = {word for group in re.findall(r"by \(([^)]*)\)", query) for word in group.split(", ")}
        wanted |= set(re.findall(r"[{,](\w+)=", query))
        assert all(wanted <= labels[metric] for metric in metrics), query


def test_deliveries_and_erasures_are_shown() -> None:
    shown = set(re.findall(r"\bmammolens_\w+", " ".join(QUERIES)))
    assert shown >= {
        "mammolens_deliveries_waiting",
        "mammolens_deliveries_waiting_since_seconds",
        "mammolens_deliveries_failed",
        "mammolens_deliveries_up",
        "mammolens_erasures_total",
    }


def test_legends_name_labels_that_their_query_keeps() -> None:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                grouped = re.findall(r"by \(([^)]*)\)", target["expr"])
                assert not grouped or label in ", ".join(grouped), target


def test_panels_do_not_overlap() -> None:
    taken = [
        (panel["gridPos"]["x"] + column, panel["gridPos"]["y"] + row)
        for panel in DASHBOARD["panels"]
        for column in range(panel["gridPos"]["w"])
        for row in range(panel["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken))
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {"${datasource}"}
    assert "Research use only" in DASHBOARD["description"]
