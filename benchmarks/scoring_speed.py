"""CPU seconds to score an exam of four views, beside ``predict`` of another checkout; without the programs' start.

Run by hand: ``.venv/bin/python benchmarks/scoring_speed.py --rival CHECKOUT``. It compares the functions that ``score``
and ``predict`` call, ``score_exam`` and ``predict_files`` (without maps and pictures), each in a process of its own and
one thread, on the same files: a phantom's views, enlarged, each in another transfer syntax. The rival uses its own
shipped model. Each process does the work twice; the second time counts, as the first one includes what is loaded late.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

import torch

_OURS = ("score, torch", "score, onnxruntime", "predict")


def cpu_seconds(what: str, files: list[Path]) -> float:
    """Of the package that is imported, which may be an old one."""
    from mammolens.inference.batch import predict_files
    from mammolens.inference.predictor import Predictor
    from mammolens.models.store import pretrained_directory

    torch.set_num_threads(1)
    work: Callable[[], object]
    if what == "predict":
        predictor = Predictor.load(pretrained_directory())

        def work() -> object:
            return list(predict_files(predictor, files, {}, print))
    else:
        from mammolens.archive.exam_scoring import Scoring, score_exam
        from mammolens.archive.tasks import ExamTask, ImageTask
        from mammolens.enums import RuntimeName

        scoring = Scoring(pretrained_directory(), runtime=RuntimeName(what.removeprefix("score, ")))
        task = ExamTask(1, "P", "E", tuple(ImageTask(file.name, str(file)) for file in files))

        def work() -> object:
            return score_exam(scoring, task)

    work()
    started = process_time()
    work()
    return process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rival", type=Path, help="another checkout")
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--only", nargs=2, metavar=("WHAT", "FOLDER"), help="print the CPU seconds of one of them")
    options = parser.parse_args()
    if options.only:
        print(cpu_seconds(options.only[0], sorted(Path(options.only[1]).glob("*.dcm"))))
        return
    from archive import write_archive

    rivals: dict[str, tuple[str, Path | None]] = {what: (what, None) for what in _OURS}
    if options.rival:
        rivals[f"predict of {options.rival.name}"] = "predict", options.rival.resolve() / "lib"
    print("| four views | CPU seconds | it / score, torch |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        write_archive(Path(place) / "archive", 4, options.rows)
        first = None
        for name, (what, library) in rivals.items():
            environment = {**os.environ, **({"PYTHONPATH": str(library)} if library else {})}
            command = [sys.executable, __file__, "--only", what, f"{place}/archive/000000"]
            printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
            taken = float(printed.split()[-1])
            first = first or taken
            print(f"| {name} | {taken:.2f} | {taken / first:.2f} |", flush=True)


if __name__ == "__main__":
    main()
