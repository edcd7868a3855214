"""Compare the shipped models on a data set: AUROC with intervals, patients resampled, on the same images.

    .venv/bin/python examples/compare_models.py /data/inbreast

Use patients that no model has seen: a set's split 'test' is taken where it has one.
Research use only, not a medical device.
"""

from __future__ import annotations

import argparse

from mammolens import Dataset, Predictor, Split, evaluate, open_dataset, pretrained_directory


def unseen(dataset: Dataset) -> Dataset:
    """The test split of a data set that has one, else all of it."""
    test = dataset.in_split(Split.TEST)
    return test if test.cases else dataset


def main() -> None:
    """Read the data set that is named, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", help="folder of a public data set, or of your own (docs/datasets.md)")
    parser.add_argument("--resamples", type=int, default=2000, help="of patients (default: 2000)")
    arguments = parser.parse_args()
    dataset = unseen(open_dataset(arguments.dataset))
    for name in ("exposed", "restorer", "autoencoder"):
        predictor = Predictor.load(pretrained_directory(name))
        auroc = evaluate(predictor, dataset, n_bootstrap=arguments.resamples).groups[0].metrics["auroc"]
        print(f"{predictor.model_id:28} {auroc.value:.3f} [{auroc.low:.3f}, {auroc.high:.3f}]")


if __name__ == "__main__":
    main()
