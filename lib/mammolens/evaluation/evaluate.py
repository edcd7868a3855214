"""Evaluate a model on a data set: figures with intervals."""

from __future__ import annotations

from mammolens.datasets.base import Dataset
from mammolens.evaluation.results import Evaluation
from mammolens.evaluation.score_evaluation import evaluate_as_configured
from mammolens.evaluation.scoring import score_cases
from mammolens.inference.batch import OnError, log_left_out
from mammolens.inference.predictor import Predictor


def evaluate(
    predictor: Predictor,
    dataset: Dataset,
    *,
    n_bootstrap: int = 2000,
    seed: int = 0,
    on_error: OnError = log_left_out,
) -> Evaluation:
    """Score a data set and measure how well the scores separate abnormal from normal, as ``mammolens evaluate`` does.

    Args:
        predictor: the model.
        dataset: patients that were not used to train or calibrate the model; cases of unknown truth are left out. For
            a data set with splits, pass ``dataset.in_split(Split.TEST)``.
        n_bootstrap: resamples of patients for the 95 % intervals, at least 1.
        seed: of the resamples.
        on_error: called with the error of each image that cannot be used; the others are measured. By default it is
            logged.

    Raises:
        DatasetError: without both normal and abnormal images.
        ValueError: for ``n_bootstrap`` below 1.

    Example:
        >>> from mammolens import Case, Dataset, Predictor
        >>> from mammolens.datasets.phantom import make_phantom_exam
        >>> from mammolens.datasets.phantom_dicom import write_phantom_exam
        >>> from mammolens.datasets.phantom_lesions import PhantomLesion
        >>> exams = make_phantom_exam(8), make_phantom_exam(7, lesions=[PhantomLesion(contrast=0.45)])
        >>> files = [write_phantom_exam(exam, f"evaluated/{exam.patient_id}")[1] for exam in exams]
        >>> cases = [Case(file, file.parent.name, abnormal=file.parent.name == "PHANTOM-7") for file in files]
        >>> evaluation = evaluate(Predictor.load(), Dataset("phantoms", tuple(cases), licence=""), n_bootstrap=50)
        >>> evaluation.groups[0].metrics["auroc"].value
        1.0
    """
    known = dataset.where(lambda case: case.abnormal is not None)
    images = list(score_cases(predictor, known.cases, on_error=on_error))
    return evaluate_as_configured(images, predictor.config, n_bootstrap=n_bootstrap, seed=seed)
