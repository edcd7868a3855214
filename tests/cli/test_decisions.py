from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from mammolens import RESEARCH_USE_ONLY
from mammolens.enums import Verdict
from mammolens.review.chain import Head
from mammolens.review.decision import Decision
from mammolens.review.ledger import Ledger


@pytest.fixture
def a_ledger(tmp_path: Path) -> Path:
    """Anna and Berta agree on e-1; on e-2 only Anna has decided, with a comment in brackets."""
    path = tmp_path / "decisions.sqlite"
    with Ledger.open(path) as ledger:
        ledger.append(Decision("e-1", ("1.1",), Verdict.NORMAL, "anna"))
        ledger.append(Decision("e-1", ("1.1",), Verdict.NORMAL, "berta"))
        ledger.append(Decision("e-2", ("1.2",), Verdict.FINDING, "anna", comment="[red]spiculated"))
    return path


def test_a_list_shows_who_decided_what_and_that_it_is_research(mammolens, a_ledger):
    result = mammolens("decisions", "list", "-l", a_ledger)
    assert result.exit_code == 0, result.stderr
    assert RESEARCH_USE_ONLY in result.stdout
    assert all(word in result.stdout for word in ("e-2", "finding", "anna", "berta"))


def test_of_one_exam_as_json(mammolens, a_ledger):
    result = mammolens("decisions", "list", "-l", a_ledger, "--exam", "e-2", "--json")
    (line,) = result.stdout.splitlines()
    assert json.loads(line)["comment"] == "[red]spiculated"
    assert json.loads(line)["sequence"] == 3


@pytest.mark.parametrize(("policy", "verdict"), [("latest", "finding"), ("two_readers", None)])
def test_what_counts_depends_on_the_policy(mammolens, a_ledger, policy, verdict):
    result = mammolens("decisions", "list", "-l", a_ledger, "--current", "--policy", policy, "--json")
    verdicts = {line["exam_id"]: line["verdict"] for line in map(json.loads, result.stdout.splitlines())}
    assert verdicts == {"e-1": "normal", "e-2": verdict}
    table = mammolens("decisions", "list", "-l", a_ledger, "--current", "--policy", policy).stdout
    assert (verdict or "open") in table


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_export_and_import_move_a_ledger(mammolens, a_ledger, tmp_path, suffix):
    file = tmp_path / f"all.{suffix}"
    assert "wrote 3 decisions" in mammolens("decisions", "export", file, "-l", a_ledger).stderr
    other = tmp_path / "other" / "decisions.sqlite"
    assert "imported 3 decisions; 0 already" in mammolens("decisions", "import", file, "-l", other).stderr
    assert "imported 0 decisions; 3 already" in mammolens("decisions", "import", file, "-l", other).stderr
    with Ledger.open(a_ledger) as one, Ledger.open(other) as two:
        assert one.head() == two.head()


def test_a_bad_file_makes_no_ledger(mammolens, tmp_path):
    (tmp_path / "bad.csv").write_text("exam,image\n")
    result = mammolens("decisions", "import", tmp_path / "bad.csv", "-l", tmp_path / "decisions.sqlite")
    assert result.exit_code == 5
    assert "has no column 'exam_id'" in result.stderr
    assert not (tmp_path / "decisions.sqlite").exists()


def test_an_audit_prints_the_head_and_takes_it_the_next_time(mammolens, a_ledger):
    result = mammolens("decisions", "audit", "-l", a_ledger)
    assert result.exit_code == 0
    head = result.stdout.strip()
    assert Head.parse(head).sequence == 3
    assert mammolens("decisions", "audit", "-l", a_ledger, "--head", head).exit_code == 0
    cut = mammolens("decisions", "audit", "-l", a_ledger, "--head", f"4:{'0' * 64}")
    assert cut.exit_code == 8
    assert "cut off at entry 4" in cut.stderr


def test_an_audit_of_a_changed_ledger_names_the_entry(mammolens, a_ledger):
    with sqlite3.connect(a_ledger) as raw:
        raw.execute("DROP TRIGGER decisions_no_update")
        raw.execute("UPDATE decisions SET verdict = 'normal' WHERE sequence = 3")
    result = mammolens("decisions", "audit", "-l", a_ledger)
    assert (result.exit_code, result.stdout) == (8, "")
    assert "changed at entry 3" in result.stderr


def test_a_missing_ledger_is_told_and_not_made(mammolens, tmp_path):
    result = mammolens("decisions", "list", "-l", tmp_path / "none.sqlite")
    assert result.exit_code == 8
    assert "there is no decision ledger" in result.stderr
    assert not list(tmp_path.iterdir())


def test_the_variable_names_the_ledger(mammolens, a_ledger, monkeypatch):
    monkeypatch.setenv("MAMMOLENS_LEDGER", str(a_ledger))
    assert mammolens("decisions", "audit").exit_code == 0
