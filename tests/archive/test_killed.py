from __future__ import annotations

import signal
from pathlib import Path

from mammolens.archive.exam_scoring import Scoring
from mammolens.archive.score import score_archive
from mammolens.archive.sources import open_archive

from ..patience import PATIENCE_S
from .engines import OneByOne

SCRIPT = Path(__file__).with_name("killed_scoring.py")
# In this order, each on what the one before left: the run gets a little further each time.
MOMENTS = (
    ("index", 1),
    ("index", 4),
    ("index complete", 1),
    ("exam", 1),
    ("part", 1),
    ("part", 2),
    ("moved", 1),
    ("moved", 2),
    ("part", 4),
    ("exam", 2),
    ("moved", 2),
)


def test_an_archive_killed_at_any_moment_has_each_image_once(
    fork_server, an_archive, a_trained_model, rows_of, tmp_path
):
    at_once, killed = tmp_path / "at once", tmp_path / "killed"
    for moment, number in MOMENTS:
        program = fork_server.start(SCRIPT, an_archive, killed, a_trained_model, moment, str(number), own_session=True)
        _, complaint = program.communicate(PATIENCE_S)
        assert program.returncode == -signal.SIGKILL, (moment, number, complaint)
    source, scoring = open_archive(str(an_archive)), Scoring(a_trained_model)
    score_archive(source, killed, scoring, OneByOne())
    score_archive(source, at_once, scoring, OneByOne())
    names = [row["image"] for row in rows_of(killed, "images")]
    assert sorted(names) == sorted(image.name for image in source.images())
    for kind, key in (("images", "image"), ("exams", "exam")):
        assert by(key, rows_of(killed, kind)) == by(key, rows_of(at_once, kind))


def by(key, rows):
    return sorted(rows, key=lambda row: row[key])
