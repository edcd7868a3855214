"""The commands of docs/tutorials.md as a reader runs them, on phantoms and with a small model."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

DOCUMENT = Path(__file__).parents[2] / "docs" / "tutorials.md"
LEFT_OUT = {"serve", "models"}  # one never ends, and what the gate decides depends on the exams
CHEAPER = {"evaluate": ["--bootstrap", "20", "--pictures", "0"], "score": ["--workers", "1"]}


def commands_of(heading: str) -> list[list[str]]:
    """The words of each command below a heading, without the program's name."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = re.findall(r"^mammolens (.*)$", section, flags=re.MULTILINE)
    found = [shlex.split(line, comments=True) for line in lines]
    return [words for words in found if words[0] not in LEFT_OUT]


@pytest.fixture
def run(
    mammolens: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_trained_model: Path
) -> Callable[[str], list[str]]:
    """Runs the commands below a heading in a folder; the model in place of the shipped one is small."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mammolens.models.store.pretrained_directory", lambda *_: a_trained_model)

    def commands(heading: str) -> list[str]:
        names = []
        for words in commands_of(heading):
            result = mammolens(*words, *CHEAPER.get(words[0], []))
            assert result.exit_code == 0, f"{' '.join(words)}: {result.stderr}"
            names.append(words[0])
        return names

    return commands


def test_a_site_inspects_calibrates_and_predicts(
    run: Callable[[str], list[str]], phantom_folder: Path, tmp_path: Path
) -> None:
    for number in range(11):  # the last one is analysed
        folder = tmp_path / ("our-normals" if number < 10 else "our-other-normals")
        shutil.copytree(phantom_folder / f"PHANTOM-{number}", folder / f"PHANTOM-{number}")
    assert run("Adapt it to your site in 15 minutes") == ["inspect", "calibrate", "predict"]
    assert (tmp_path / "inspection" / "inspection.html").is_file()
    assert len((tmp_path / "out" / "exams.csv").read_text().splitlines()) == 2


def test_a_public_set_is_inspected_evaluated_scored_and_listed(
    run: Callable[[str], list[str]], phantom_folder: Path, tmp_path: Path
) -> None:
    header, *rows = (phantom_folder / "labels.csv").read_text().splitlines()
    few = [row for row in rows if re.match("PHANTOM-(0|1|16|17)/", row)]  # two with a lesion
    for row in few:
        file = tmp_path / "inbreast" / row.split(",")[0]
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(phantom_folder / row.split(",")[0], file)
    (tmp_path / "inbreast" / "labels.csv").write_text("\n".join([header, *few]))
    assert run("Evaluate on a public set") == ["inspect", "evaluate", "score", "worklist"]
    assert (tmp_path / "report" / "evaluation.html").is_file()
    assert (tmp_path / "scores" / "worklist.html").is_file()
