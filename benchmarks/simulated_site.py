"""A site's first year, played through the real server: ``.venv/bin/python benchmarks/simulated_site.py``.

A model that learned from one hospital of the RSNA set alone serves; the mammograms of the other one, whose machines
it has never seen, arrive as DICOM. A scripted annotator confirms the normal exams and makes mistakes; the
model is retrained or recalibrated, and the gate decides. Both are measured, before and after, on patients that are
not among the arrivals and that no model was trained on. Needs ``MAMMOLENS_DATA``, a folder with ``rsna640``; half an
hour on two cores.

No image leaves the folder that is given with --output.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import requests
from ports import free_port
from rich.console import Console
from site_images import write_exam

from mammolens.calibration.realised_rate import EvaluatedPatients, rate_band
from mammolens.cli.console import progress_bar
from mammolens.cli.server_process import HOST, running_server
from mammolens.cli.training_bar import bar_observer
from mammolens.config import load_config
from mammolens.datasets.base import Dataset
from mammolens.datasets.formats import open_dataset
from mammolens.enums import Split
from mammolens.evaluation import metrics
from mammolens.evaluation.bootstrap import Interval, PatientBootstrap, difference
from mammolens.evaluation.exams import exams_with_decision
from mammolens.evaluation.records import scores_csv
from mammolens.evaluation.scored import ScoredImage, columns
from mammolens.evaluation.scored_set import read_scores
from mammolens.evaluation.scoring import score_cases
from mammolens.files import write_text
from mammolens.inference.batch import predict_files
from mammolens.inference.predictor import Predictor
from mammolens.models.store import ModelStore
from mammolens.promotion.contamination import AcceptedExam, extreme_exams
from mammolens.training.engine import train

_SITES = ("1", "2")  # of RSNA
_TAUGHT = (Split.TRAIN, Split.CALIBRATION)
_MISTAKES = 0.03  # of the exams that are confirmed as normal, cancers
_HELD_BACK = 24  # normal patients that are wished for the gate, which wants 20 at least
_BATCH = 10  # exams that arrive between two looks at the drift monitor
_HERE = Path(__file__).parent
say = Console(stderr=True).print


@dataclass
class Played:
    """What one way to learn came to."""

    kind: str
    arrivals: int = 0
    mistakes: int = 0
    alarms: list[dict[str, Any]] = field(default_factory=list)
    flagged_on_arrival: float = float("nan")
    outcome: dict[str, Any] = field(default_factory=dict)
    seconds: float = float("nan")
    set_aside: list[str] = field(default_factory=list)
    mistakes_set_aside: int = 0
    drift_afterwards: dict[str, Any] = field(default_factory=dict)
    model: str = ""


def main() -> None:
    """Play, measure, write ``simulated-site.json`` and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--new", choices=_SITES, default="2", help="the hospital whose exams arrive")
    options.add_argument("-o", "--output", type=Path, help="default: runs/simulated-site-NEW")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--only", choices=("train", "recalibrate"), help="one of the two ways")
    chosen = options.parse_args()
    output: Path = chosen.output or Path(f"runs/simulated-site-{chosen.new}")
    dataset = open_dataset(Path(os.environ["MAMMOLENS_DATA"]) / "rsna640", None, None)
    base = base_model(dataset.where(lambda case: case.site != chosen.new and case.clean_normal), output / "base")
    new = dataset.where(lambda case: case.site == chosen.new and (case.clean_normal or bool(case.abnormal)))
    arrivals, mistakes = arriving(new, chosen.seed)
    later = new.where(lambda case: case.split is Split.TEST)
    sent = written(later, output / "later")
    before = scored(base, sent, output / "before.csv")
    told: dict[str, Any] = {"before": figures(before, base), "played": {}}
    told["guard"] = caught(base, arrivals, new.where(lambda case: case.split is Split.EXPOSURE))
    for kind in (chosen.only,) if chosen.only else ("recalibrate", "train"):
        folder = output / kind
        shutil.rmtree(folder, ignore_errors=True)
        played = play(kind, base, arrivals, mistakes, later, folder, chosen.seed)
        model = folder / "models" / "versions" / played.model
        after = scored(model, sent, folder / "after.csv")
        told["played"][kind] = {
            **asdict(played),
            "after": figures(after, model),
            "auroc_difference": asdict(gained(before, after)),
        }
        write_text(output / "simulated-site.json", json.dumps(told, indent=2))
    print(json.dumps(told, indent=2))


def base_model(normals: Dataset, folder: Path) -> Path:
    """A restorer that has seen the other hospital only, those whom the set keeps for tests as well."""
    if not folder.exists():
        cases = [case if case.split in _TAUGHT else replace(case, split=Split.CALIBRATION) for case in normals.cases]
        say(f"training on images of {len(normals.patients)} patients of the other hospital")
        with progress_bar() as bar:
            train(
                load_config(_HERE.parent / "configs" / "restorer.yaml"),
                Dataset(normals.name, tuple(cases), normals.licence),
                folder,
                progress=bar_observer(bar, epochs_in_words=True),
                resume=True,
            )
    return folder


def arriving(new: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """Normal exams that arrive and are confirmed, and cancers that are confirmed by mistake."""
    normals = new.where(lambda case: case.clean_normal and case.split in _TAUGHT)
    cancers = new.where(lambda case: bool(case.abnormal) and case.split is Split.EXPOSURE)
    count = max(1, round(_MISTAKES * len(normals.patients)))
    mistaken = set(random.Random(seed).sample(sorted(cancers.patients), count))
    return normals, cancers.where(lambda case: case.patient_id in mistaken)


def written(cases: Dataset, folder: Path) -> Dataset:
    """The same cases as DICOM, a folder a patient."""
    return Dataset(cases.name, tuple(write_exam(cases.cases, folder)), cases.licence)


def scored(model: Path, cases: Dataset, kept: Path) -> list[ScoredImage]:
    """What a model says of the later patients; kept, so that the script can go on."""
    if not kept.exists():
        images = list(score_cases(Predictor.load(model), cases.cases, on_error=lambda error: say(str(error))))
        write_text(kept, scores_csv(images))
    return list(read_scores(kept))


def figures(images: Sequence[ScoredImage], model: Path) -> dict[str, Any]:
    """Detection and kept promise on patients of the second hospital whom nobody learned from."""
    rows, exams = columns(images), columns(exams_with_decision(images, "mean"))
    drawn = PatientBootstrap.of(rows.patients, rows.abnormal)
    drawn_exams = PatientBootstrap.of(exams.patients, exams.abnormal)
    p_values = np.array([image.exam_p_value for image in exams_with_decision(images, "mean") if not image.abnormal])
    normals, calibration = int((~exams.abnormal).sum()), Predictor.load(model).calibration
    calibrated_on = len({exam.patient for exam in calibration.exams})
    return {
        "normal_patients": normals,
        "calibration_patients": calibrated_on,
        "band": rate_band([EvaluatedPatients(normals, calibrated_on)], calibration.config.alpha),
        "cancer_patients": int(exams.abnormal.sum()),
        "auroc_images": asdict(drawn.interval(partial(metrics.auroc, rows.abnormal, rows.scores))),
        "auroc_exams": asdict(drawn_exams.interval(partial(metrics.auroc, exams.abnormal, exams.scores))),
        "flagged_normal_exams": asdict(
            drawn_exams.interval(partial(metrics.flagged_share, exams.flagged, ~exams.abnormal))
        ),
        "flagged_cancer_exams": asdict(
            drawn_exams.interval(partial(metrics.flagged_share, exams.flagged, exams.abnormal))
        ),
        "p_values": sorted(float(p) for p in p_values),
    }


def gained(before: Sequence[ScoredImage], after: Sequence[ScoredImage]) -> Interval:
    """AUROC of images after minus before, in the same resamples of patients."""
    first = {image.path.name: image for image in before}
    pairs = [(first[image.path.name], image) for image in after]
    rows, others = columns([image for _, image in pairs]), columns([image for image, _ in pairs])
    drawn = PatientBootstrap.of(rows.patients, rows.abnormal)
    return drawn.interval(difference(metrics.auroc, rows.abnormal, rows.scores, others.scores))


def caught(model: Path, normals: Dataset, cancers: Dataset) -> dict[str, int]:
    """How many of the cancers that no model was trained on are set aside, each added to the arrivals alone."""
    predictor = Predictor.load(model)
    known = predictor.calibration.acquisition_groups
    others = list(_as_accepted(predictor, normals).values())
    mistakes = _as_accepted(predictor, cancers).values()
    aside = [any(found.exam == exam.exam for found in extreme_exams([*others, exam], known)) for exam in mistakes]
    return {
        "cancers": len(mistakes),
        "cancers_set_aside": sum(aside),
        "normals": len(others),
        "normals_set_aside": len(extreme_exams(others, known)),
    }


def _as_accepted(predictor: Predictor, cases: Dataset) -> dict[str, AcceptedExam]:
    """Exams as the contamination guard sees them, by patient: each has one here."""
    attributes = {case.path: case.attributes for case in cases.cases}
    calibrated_on = len({exam.patient for exam in predictor.calibration.exams})
    exams: dict[str, AcceptedExam] = {}
    for mammogram, result in predict_files(predictor, list(attributes), attributes, lambda error: say(str(error))):
        patient, record = mammogram.header.patient_id, result.record
        exams[patient] = AcceptedExam(
            exam=patient,
            patient=patient,
            acquisition_group=record.acquisition_group,
            score=record.exam_score,
            p_value=record.exam_p_value,
            calibration_patients=calibrated_on,
        )
    return exams


def play(kind: str, base: Path, normals: Dataset, mistakes: Dataset, later: Dataset, folder: Path, seed: int) -> Played:
    """Arrivals, alarm, decisions, learning, gate: by HTTP alone."""
    ModelStore(folder / "models").publish(base, by="simulated site")
    studies = folder / "studies"
    studies.mkdir(parents=True)
    arrivals = sorted({*normals.patients, *mistakes.patients})
    random.Random(seed).shuffle(arrivals)
    played = Played(kind, arrivals=len(arrivals), mistakes=len(mistakes.patients))
    port = free_port()
    share = max(0.2, _HELD_BACK / len(normals.patients))
    conf = {"drift_window": str(len(arrivals)), "held_out_share": f"{share:.2f}"}
    with running_server(str(studies), port, folder / "app", folder / "models", log=folder / "server.log", conf=conf):
        server = Client(f"http://{HOST}:{port}")
        for start in range(0, len(arrivals), _BATCH):
            some = set(arrivals[start : start + _BATCH])
            for cases in (normals, mistakes):
                written(cases.where(lambda case, some=some: case.patient_id in some), studies)
            server.score(start + len(some))
            drift = server.get("/mammolens/drift")
            played.alarms.append({"exams": start + len(some), "alarms": drift["alarms"], "p_values": drift["p_values"]})
            say(f"{start + len(some)} exams: {drift['sentence']}")
        exams = server.exams()
        decided = [exam for exam in exams if exam["patient"] in normals.patients]
        played.flagged_on_arrival = float(np.mean([bool(exam["exam_is_anomalous"]) for exam in decided]))
        for exam in exams:
            server.post(
                f"/mammolens/exams/{exam['exam']}/decisions",
                {"verdict": "normal", "viewer": "script", "second_confirmation": True},
            )
        aside = {exam["patient"] for exam in server.get("/mammolens/suspect-normals")["exams"]}
        played.set_aside, played.mistakes_set_aside = sorted(aside), len(aside & set(mistakes.patients))
        began = time.monotonic()
        played.outcome = server.learned(kind)
        played.seconds = time.monotonic() - began
        played.model = played.outcome["model"]
        if not played.outcome["serves"]:
            say(f"refused: {played.outcome['reason']}")
        server.score(len(arrivals))
        written(later.where(lambda case: case.clean_normal), studies)
        server.score(len(arrivals) + len({case.patient_id for case in later.cases if case.clean_normal}))
        played.drift_afterwards = server.get("/mammolens/drift")
    return played


class Client:
    """The server, as a viewer asks it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str) -> Any:
        """An answer's JSON."""
        return self._json(requests.get(self._url + path, timeout=300))

    def post(self, path: str, body: Any) -> Any:
        """Likewise."""
        return self._json(requests.post(self._url + path, json=body, timeout=3600))

    def exams(self) -> list[dict[str, Any]]:
        """All exams."""
        return list(self.get("/mammolens/worklist")["exams"])

    def score(self, count: int) -> None:
        """Have every image scored, once this many exams are seen."""
        while len(self.exams()) < count:
            time.sleep(0.5)
        self.post("/scoring/anomaly?run_sync=true", {})

    def learned(self, kind: str) -> dict[str, Any]:
        """Ask for a job and wait for its end."""
        job = self.post("/mammolens/jobs", {"kind": kind})
        told = ""
        while job["state"] in ("queued", "running"):
            time.sleep(2)
            job = self.get(f"/mammolens/jobs/{job['job']}")
            sentence = (job["progress"] or {}).get("sentence", job["state"])
            if sentence != told:
                say(sentence)
                told = sentence
        if job["state"] != "done":
            raise SystemExit(f"the job {job['state']}: {job['error']}")
        return dict(job["outcome"])

    @staticmethod
    def _json(answer: requests.Response) -> Any:
        if not answer.ok:
            raise SystemExit(f"{answer.url}: {answer.status_code} {answer.text}")
        return answer.json()


if __name__ == "__main__":
    main()
