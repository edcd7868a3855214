"""``mammolens evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammolens.cli.console import one_line_errors, out, progress_bar, say, say_error
from mammolens.cli.options import Data, Kind, Model, Table

if TYPE_CHECKING:
    from mammolens.datasets.base import Dataset
    from mammolens.evaluation.scored import ScoredImage
    from mammolens.inference.predictor import Predictor


def evaluate(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for report, figures and scores.")],
    model: Model = None,
    kind: Kind = None,
    table: Table = None,
    split: Annotated[
        str, typer.Option("--split", help="Which split to score; 'all' for every case with a truth.")
    ] = "test",
    n_bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=1, help="Resamples of patients for the intervals.")
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the bootstrap.")] = 0,
    record: Annotated[
        bool, typer.Option("--record", help="Also write the figures into the model's directory and card.")
    ] = False,
) -> None:
    """Measure a model on patients that it never saw.

    AUROC, AUPRC, sensitivity at 90 and 95 % specificity, and the false-positive rate that the
    decision really has, each with a 95 % interval from a bootstrap over patients, overall and within
    each site, beside baselines that need no model.

    Example: mammolens evaluate -d /data/rsna640 -o runs/evaluation
    """
    with one_line_errors():
        from mammolens.datasets.registry import open_dataset
        from mammolens.evaluation.report import evaluate as measure
        from mammolens.evaluation.report import rows, write_report
        from mammolens.inference.predictor import Predictor
        from mammolens.models.store import pretrained_directory

        directory = model or pretrained_directory()
        predictor = Predictor.load(directory)
        cases = _cases(open_dataset(data, kind, table), split)
        scored = _scored(predictor, cases)
        config = predictor.config
        title = f"{cases.name}, split {split}"
        evaluation = measure(
            scored, alpha=config.calibration.alpha, n_bootstrap=n_bootstrap, seed=seed, fusion=config.scoring.fusion
        )
        write_report(
            evaluation,
            scored,
            output,
            title=title,
            model=predictor.model_id,
            notes=[f"Data: {cases.name}; licence: {cases.licence}", cases.citation],
        )
        _print(rows(evaluation))
        say(f"wrote {output / 'evaluation.md'}")
        if record:
            from mammolens.evaluation.model_card import record_in_model

            record_in_model(evaluation, directory, title=title, model=predictor.model_id)
            say(f"recorded in {directory}")


def _cases(dataset: Dataset, split: str) -> Dataset:
    from mammolens.enums import Split, member
    from mammolens.errors import DatasetError

    known = dataset.where(lambda case: case.abnormal is not None)
    if split == "all":
        return known
    wanted = member(Split, split)
    if wanted is None:
        raise DatasetError("--split", f"there is no split '{split}'", f"use all or one of {', '.join(Split)}")
    chosen = known.in_split(wanted)
    if not chosen.cases:
        raise DatasetError(dataset.name, f"has no case with a truth in split '{split}'", "try --split all")
    return chosen


def _scored(predictor: Predictor, dataset: Dataset) -> list[ScoredImage]:
    from mammolens.dicom.reader import read_mammogram
    from mammolens.errors import InputError
    from mammolens.evaluation.scored import ScoredImage

    scored = []
    with progress_bar() as bar:
        for case in bar.track(dataset.cases, description="scoring"):
            try:
                score = predictor.score(read_mammogram(case.path, case.attributes))
            except InputError as error:
                say_error(str(error))
                continue
            p_value = predictor.image_p_value(score.pred_score)
            scored.append(
                ScoredImage(
                    path=case.path, patient_id=case.patient_id, exam_id=score.header.exam_id,
                    abnormal=bool(case.abnormal), site=case.site, laterality=score.header.laterality,
                    view=score.header.view, pred_score=score.pred_score, p_value=p_value,
                    is_anomalous=predictor.is_anomalous(score.pred_score), covariates=case.covariates,
                )
            )  # fmt: skip
    return scored


def _print(lines: list[tuple[str, str, str]]) -> None:
    from rich.table import Table as RichTable

    table = RichTable("group", "figure", "value [95 % interval by patient]")
    for line in lines:
        table.add_row(*line)
    out().print(table)
