from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammolens.enums import BiradsCategory, FindingType, Verdict
from mammolens.errors import DatasetError
from mammolens.review.decision import Origin, Region
from mammolens.review.exchange import export_decisions, import_decisions, read_decisions
from mammolens.review.ledger import Ledger

from .conftest import NOON, decision, undo
from .test_audit import decisions

_DECISION = {"exam_id": "e-1", "images": ["1.2"], "verdict": "normal", "reviewer": "anna", "time": NOON.isoformat()}


def _line(**values):
    return json.dumps({**_DECISION, **values}).encode()


def _cells(column, text):
    return f"{HEADER.strip()},{column}\n{GOOD.strip()},{text}\n".encode()


FORMATS = pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
HEADER = "exam_id,images,verdict,reviewer,time\n"
GOOD = "e-1,1.2.1 1.2.2,normal,anna,2026-01-31T12:00:00Z\n"


@pytest.fixture
def some(a_ledger):
    """A ledger with all that an entry may hold."""
    odd = decision(
        comment=' "quoted", =1+1\r\n;\tNA\r\u2028\u00e9 ',
        reviewer="NA",
        verdict=Verdict.FINDING,
        regions=(
            Region("1.2.1", ((1.5, 2), (1e-7, 3), (4, 5)), FindingType.CALCIFICATIONS, BiradsCategory.HIGH_SUSPICION),
        ),
        model="m",
        exam_p_value=0.1 + 0.2,
        exam_score=1e22,
        origin=Origin.MONAI_LABEL,
    )
    a_ledger.append_all([decision(), odd, undo(odd, images=("1.2.2",)), decision(verdict=Verdict.POOR_QUALITY)])
    return a_ledger


@FORMATS
def test_what_was_exported_comes_back_exactly_and_with_the_same_chain(some, suffix, tmp_path):
    assert export_decisions(some, tmp_path / f"a{suffix}") == 4
    with Ledger.open(tmp_path / "other.sqlite") as other:
        assert import_decisions(other, tmp_path / f"a{suffix}").added == 4
        assert list(other.all()) == list(some.all())
        assert other.audit(some.head()).is_intact
        export_decisions(other, tmp_path / f"b{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.slow
@FORMATS
@given(these=st.lists(decisions(), max_size=4, unique_by=lambda one: one.decision_id))
@settings(max_examples=25)
def test_any_decisions_come_back_exactly(suffix, these):
    with tempfile.TemporaryDirectory() as folder, Ledger.open(Path(folder) / "a") as one:
        one.append_all(these, historic=True)
        export_decisions(one, Path(folder) / f"a{suffix}")
        assert [decision for _, decision in read_decisions(Path(folder) / f"a{suffix}")] == these


def test_a_region_of_somebody_else_needs_neither_type_nor_category(a_file_ledger, tmp_path):
    path = tmp_path / "theirs.jsonl"
    outline = {"image": "1.2", "points": [[1, 2], [3, 4], [1, 4]]}
    path.write_bytes(_line(verdict="finding", regions=[outline, {**outline, "birads": "4B"}]))
    import_decisions(a_file_ledger, path)
    plain, assessed = a_file_ledger.history("e-1")[0].decision.regions
    assert (plain.finding_type, plain.birads, assessed.birads) == (None, None, BiradsCategory.MODERATE_SUSPICION)


@FORMATS
def test_importing_twice_adds_nothing(some, suffix, tmp_path):
    export_decisions(some, tmp_path / f"a{suffix}")
    again = import_decisions(some, tmp_path / f"a{suffix}")
    assert (again.added, len(again.entries)) == (0, 4)


def test_a_table_of_somebody_else_needs_four_columns_and_is_imported_once(a_file_ledger, tmp_path):
    path = tmp_path / "theirs.csv"
    path.write_text("\ufeff" + HEADER + GOOD, encoding="utf-8")
    assert [import_decisions(a_file_ledger, path).added for _ in range(2)] == [1, 0]
    kept = a_file_ledger.history("e-1")[0].decision
    assert (kept.origin, kept.time, kept.images) == (Origin.IMPORT, NOON, ("1.2.1", "1.2.2"))


def test_all_bad_lines_are_named_and_nothing_is_imported(a_file_ledger, tmp_path):
    path = tmp_path / "theirs.csv"
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    bad = ["e-1,1.2,perhaps,anna,2026-01-31T12:00:00Z", "e-1,,normal,anna,2026-01-31T12:00:00Z", "e-1,1.2"]
    path.write_text(HEADER + GOOD + "\n".join([*bad, f"e-1,1.2,normal,anna,{tomorrow}"]))
    with pytest.raises(DatasetError) as caught:
        import_decisions(a_file_ledger, path)
    message = str(caught.value)
    assert "line 3: verdict 'perhaps' is invalid (use one of normal, finding, poor_quality)" in message
    assert "line 4: images is empty (name the images that were decided on)" in message
    assert "line 5: line has 2 cells for 5 columns" in message
    assert f"line 6: time {tomorrow} is in the future" in message
    assert message.endswith("; correct them; nothing is imported")
    assert a_file_ledger.head().sequence == 0


def test_a_line_that_the_ledger_refuses_is_named_and_nothing_is_imported(a_file_ledger, tmp_path):
    known = a_file_ledger.append(decision())
    path = tmp_path / "theirs.csv"
    line = f"e-1,1.2,finding,anna,2026-01-31T12:00:00Z,{known.decision.decision_id}\n"
    path.write_text(HEADER.replace("time", "time,decision_id") + GOOD.replace("Z", "Z,") + line)
    with pytest.raises(DatasetError, match="line 3: .* a different decision with this id; nothing is imported"):
        import_decisions(a_file_ledger, path)
    assert a_file_ledger.head() == known.head


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "line 1: has no column 'exam_id'; add it"),
        ("a.csv", HEADER.replace("time", "time,time").encode(), "line 1: names a column twice"),
        ("a.csv", (HEADER + 'e-1,"1.2').encode(), "line 2: unexpected end of data; save the table"),
        ("a.csv", b"\xff\xfe", "is not UTF-8"),
        ("a.jsonl", b"{", "line 1: line is not JSON"),
        ("a.jsonl", b"\n[]", "line 2: line is not a JSON object"),
        ("a.jsonl", b'{"exam_id": "e-1"}', "line 1: images is missing"),
        ("a.jsonl", b"[" * 100_000, "line 1: line is nested too deeply"),
        ("a.jsonl", _line(regions=[]).replace(b"[]", b"[" * 100_000), "line 1: line is nested too deeply"),
        ("a.csv", _cells("regions", "[" * 100_000), "line 2: regions '[[["),
        ("a.jsonl", _line(exam_score=float("nan")), "line 1: exam_score 'nan' is not a finite number"),
        ("a.jsonl", _line(exam_p_value=float("inf")), "line 1: exam_p_value 'inf' is not a finite number"),
        ("a.csv", _cells("exam_score", "nan"), "line 2: exam_score 'nan' is not a finite number"),
        ("a.jsonl", _line(exam_score=10**400), "line 1: exam_score '1000"),
        ("a.jsonl", _line(exam_score=0).replace(b": 0", b": " + b"9" * 5000), "line 1: line is not JSON (Exceeds"),
        ("a.jsonl", _line(regions=[{"image": "1.2", "points": [[10**400, 1]]}]), "line 1: regions '1000"),
        ("a.jsonl", _line(regions=[{"image": "1.2", "points": [[float("nan"), 1]]}]), "regions contains a number"),
        ("a.jsonl", _line(regions=[{"image": "1.2", "points": [[1, 2], [3, 4]]}]), "regions a region has 2 different"),
        ("a.jsonl", _line(time="0001-01-01T00:00:00Z"), "line 1: time 0001-01-01T00:00:00+00:00 is implausible"),
        ("a.jsonl", _line(time="0001-01-01T00:00:00+14:00"), "line 1: time '0001-01-01T00:00:00+14:00' is invalid"),
        ("a.jsonl", _line(time="9999-12-31T23:59:59-14:00"), "line 1: time '9999-12-31T23:59:59-14:00' is invalid"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        read_decisions(tmp_path / name)
    assert message in str(caught.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DatasetError, match="a.csv: cannot be read"):
        read_decisions(tmp_path / "a.csv")


def test_an_export_that_fails_leaves_the_file_of_before(some, tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    export_decisions(some, path)
    before = path.read_bytes()
    monkeypatch.setattr("mammolens.review.formats.values_of", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_decisions(some, path)
    assert path.read_bytes() == before
