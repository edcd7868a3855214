"""A site whose sixteen women were confirmed as normal, and what learns from them in a test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from mammolens.config import ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.enums import Verdict
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.exams.decisions import Decisions, NewDecision
from mammolens.labelapp.exams.exam import Exams
from mammolens.labelapp.exams.suspect_normals import SuspectNormals
from mammolens.labelapp.learning.candidate import CandidateFolder, Train
from mammolens.labelapp.learning.learner import Learner
from mammolens.labelapp.learning.training_data import TrainingData
from mammolens.labelapp.parameters import DrawnRegion
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import ServerSettings
from mammolens.models.directory import WEIGHTS, seal_model
from mammolens.models.store import ModelStore
from mammolens.promotion.gate_result import GateResult
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.promote import PromotionResult
from mammolens.training.progress import Stage, TrainingProgress
from mammolens.training.recalibrate import recalibrate

from ...alpha import with_alpha
from ..conftest import PATTERNS

WOMEN = 16
MakeLearner = Callable[..., Learner]


@pytest.fixture(scope="session")
def sixteen_phantom_exams(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small views each."""
    folder = tmp_path_factory.mktemp("site")
    write_phantom_dataset(folder, normals=WOMEN, seed=3, rows=128, columns=104, spacing=(2.0, 2.0))
    for view in folder.rglob("*_CC.dcm"):
        view.unlink()
    return folder


@pytest.fixture
def a_site(
    sixteen_phantom_exams: Path, tmp_path: Path, decisions: Decisions, a_site_serving: ServingModel
) -> TrainingData:
    """All women were confirmed as normal by Anna; nobody is set aside by the guard unless a test wants it."""
    images = MammogramFolder(Path(shutil.copytree(sixteen_phantom_exams, tmp_path / "site")), PATTERNS)
    exams = Exams(images)
    for exam in exams.all().values():
        decisions.record(exam, NewDecision(Verdict.NORMAL, "anna"))
    return TrainingData(exams, decisions, images, SuspectNormals(exams, decisions, images, a_site_serving, 0.0))


@pytest.fixture
def a_site_serving(a_trained_model: Path, tmp_path: Path) -> ServingModel:
    """The tiny model, which was trained on other phantoms; at its alpha, four patients are enough to flag."""
    store = ModelStore(tmp_path / "models")
    store.publish(with_alpha(a_trained_model, tmp_path / "published", 0.2))
    return ServingModel(store)


class SameWeights:
    """Learns nothing: the candidate is the serving model, calibrated on all normals that it was given."""

    def __init__(self, serving: ServingModel) -> None:
        self._serving = serving
        self.told: dict[str, Any] = {}

    def __call__(self, config: ModelConfig, dataset: Dataset, output: Path, **options: Any) -> Path:
        self.told = {"config": config, "dataset": dataset, **options}
        options["progress"](TrainingProgress(Stage.LEARN, 1, 2, 0.5, 0.25, 12.0))
        normals = Dataset(dataset.name, tuple(case for case in dataset.cases if case.clean_normal), dataset.licence)
        recalibrate(self._serving.store.serving(), normals, output, unseen=True)
        return output


class Shuffled(SameWeights):
    """The same with the values of each weight in another order, and the calibration as it was."""

    def __call__(self, config: ModelConfig, dataset: Dataset, output: Path, **options: Any) -> Path:
        made = super().__call__(config, dataset, output, **options)
        draw = torch.Generator().manual_seed(0)
        weights: Mapping[str, torch.Tensor] = load_file(made / WEIGHTS)
        mixed = {
            name: values.flatten()[torch.randperm(values.numel(), generator=draw)].reshape(values.shape).contiguous()
            for name, values in weights.items()
        }
        save_file(mixed, made / WEIGHTS)
        seal_model(made)
        return made


@pytest.fixture
def same_weights(a_site_serving: ServingModel) -> SameWeights:
    return SameWeights(a_site_serving)


@pytest.fixture
def make_learner(
    a_site: TrainingData, a_site_serving: ServingModel, same_weights: SameWeights, tmp_path: Path
) -> MakeLearner:
    """Holds most women back; content with fewer assesses and resamples than a site is, as time is short."""

    def make(train: Train = same_weights, site: TrainingData = a_site, **settings: Any) -> Learner:
        policy = PromotionPolicy(**{"resamples": 100, "min_patients": 8, **settings.pop("policy", {})})
        asked = ServerSettings(**{"held_out_share": 0.7, "gate_policy": policy, **settings})
        return Learner(a_site_serving, site, CandidateFolder(tmp_path / "models" / "training", train), asked)

    return make


@pytest.fixture
def no_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate asks nothing of a candidate: for tests of what is learned from."""
    passed = GateResult.model_construct(checks=())
    monkeypatch.setattr(
        "mammolens.labelapp.learning.learner.propose", lambda *_, **__: PromotionResult("tiny-0", passed, serves=True)
    )


@pytest.fixture
def find(a_site: TrainingData, decisions: Decisions) -> Callable[[int], str]:
    """Have Grace mark a finding on the first view of so many women; gives the last one's patient id."""

    def mark(women: int) -> str:
        exams = list(a_site.exams.all().values())[:women]
        for exam in exams:
            region = DrawnRegion(image=exam.images[0].image_id, points=((40.0, 30.0), (60.0, 30.0), (60.0, 50.0)))
            decisions.record(exam, NewDecision(Verdict.FINDING, "grace", drawn=(region,)))
        return exams[-1].patient

    return mark
