"""Print one line for each exam of some folders, as CSV: how unusual it is, and where its strongest finding lies.

    .venv/bin/python examples/exam_scores.py exams/ > scores.csv

Research use only, not a medical device.
"""

from __future__ import annotations

import argparse
import csv
import sys
from itertools import groupby

from mammolens import AnomalyResult, Predictor, find_images, predict_files

COLUMNS = ("patient", "exam", "percentile", "flagged", "images", "strongest_finding")


def row(results: list[AnomalyResult]) -> tuple[object, ...]:
    """The line of one exam."""
    record = results[0].record  # what is said of the exam is the same in each of its images
    found = [(finding.peak, one.header, finding) for one in results for finding in one.record.findings]
    strongest = max(found, key=lambda one: one[0], default=None)
    place = f"{strongest[1].laterality} {strongest[1].view} {strongest[2].position}" if strongest else ""
    return record.patient, record.exam, record.exam_percentile, record.exam_is_anomalous, len(results), place


def main() -> None:
    """Read the folders that are named, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="+", help="folders with mammograms, as DICOM or pictures")
    images = find_images(parser.parse_args().folders).images
    lines = csv.writer(sys.stdout)
    lines.writerow(COLUMNS)
    results = (result for _, result in predict_files(Predictor.load(), images))
    for _, exam in groupby(results, key=lambda result: (result.record.patient, result.record.exam)):
        lines.writerow(row(list(exam)))


if __name__ == "__main__":
    main()
