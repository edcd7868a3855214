"""``mammolens decisions``: the ledger of readers' decisions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.commands import Commands
from mammolens.cli.console import one_line_errors, out, say
from mammolens.cli.options import LEDGER
from mammolens.review.policy import PolicyName, policy_of

if TYPE_CHECKING:
    from mammolens.review.chain import Entry
    from mammolens.review.effective_verdict import EffectiveVerdict

decisions = Commands(
    no_args_is_help=True,
    help=f"List, export, import and audit the decisions recorded on exams. {RESEARCH_USE_ONLY}.",
)
Where = Annotated[str, LEDGER]


@decisions.command("list")
def list_(
    ledger: Where,
    exam: Annotated[str | None, typer.Option("--exam", help="Only this exam.", show_default=False)] = None,
    current: Annotated[bool, typer.Option("--current", help="Show the effective verdicts, one line per exam.")] = False,
    policy: Annotated[
        PolicyName, typer.Option("--policy", help="Whose decisions count with --current.")
    ] = PolicyName.LATEST,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines instead of a table.")] = False,
) -> None:
    """Show decisions in order, or the effective verdicts.

    Example: mammolens decisions list -l site/decisions.sqlite --current --policy two_readers
    """
    with one_line_errors():
        from mammolens.review.effective_verdict import effective_verdicts
        from mammolens.review.ledger import Ledger

        with Ledger.open(ledger, create=False) as book:
            entries: Iterable[Entry] = book.history(exam) if exam else book.all()
            if current:
                verdicts = effective_verdicts((entry.decision for entry in entries), policy_of(policy))
                _show_effective_verdicts(verdicts.values(), as_json=as_json)
            else:
                _show_entries(entries, as_json=as_json)


@decisions.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="File to write: .csv, or .jsonl for JSON lines.")], ledger: Where
) -> None:
    """Export every entry to a file for 'decisions import'.

    Example: mammolens decisions export decisions.csv -l site/decisions.sqlite
    """
    with one_line_errors():
        from mammolens.review.exchange import export_decisions
        from mammolens.review.ledger import Ledger

        with Ledger.open(ledger, create=False) as book:
            count = export_decisions(book, file)
        say(f"wrote {count} decisions to {file}")


@decisions.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="File to read: .csv, or .jsonl for JSON lines.")], ledger: Where
) -> None:
    """Append the decisions of a file, all or none; skip those already present.

    Example: mammolens decisions import decisions.csv -l site/decisions.sqlite
    """
    with one_line_errors():
        from mammolens.review.exchange import import_decisions, read_decisions
        from mammolens.review.ledger import Ledger

        read_decisions(file)  # before a ledger is made that nothing goes into
        with Ledger.open(ledger) as book:
            done = import_decisions(book, file)
        say(f"imported {done.added} decisions; {len(done.entries) - done.added} already present")


@decisions.command("audit")
def audit(
    ledger: Where,
    head: Annotated[
        list[str] | None,
        typer.Option("--head", help="NUMBER:HASH of an earlier audit, stored elsewhere; repeatable."),
    ] = None,
) -> None:
    """Check that no entry was changed, removed or inserted; print the head, to be stored elsewhere.

    Example: mammolens decisions audit -l site/decisions.sqlite
    """
    with one_line_errors():
        from mammolens.errors import LedgerError
        from mammolens.review.chain import Head
        from mammolens.review.ledger import Ledger

        kept = [Head.parse(text) for text in head or []]
        with Ledger.open(ledger, create=False) as book:
            found = book.audit(*kept)
            if found.fault is not None:
                fault = found.fault
                which = f" ({fault.decision_id})" if fault.decision_id else ""
                raise LedgerError(
                    book.name,
                    f"{fault.kind} at entry {fault.sequence}{which}: {fault.reason}",
                    "find out who changed it, and compare with an export or a backup",
                )
        erased = f" ({found.erased} of them erased)" if found.erased else ""
        say(f"{found.entries} entries, all unchanged{erased}; store the head elsewhere")
        out().print(str(found.head), soft_wrap=True)


def _show_entries(entries: Iterable[Entry], *, as_json: bool) -> None:
    from mammolens.review.formats import values_of
    from mammolens.review.rows import text_of_time

    if as_json:
        for entry in entries:
            out().print(json.dumps(values_of(entry)), soft_wrap=True)
        return
    rows = []
    for entry in entries:
        one = entry.decision
        what = one.verdict.value if one.verdict else f"undoes {str(one.undoes)[:8]}"
        time = f"{text_of_time(one.time)[:19]}Z"
        rows.append([str(entry.sequence), time, one.exam_id, what, one.reviewer, one.comment])
    _print_table(("number", "time", "exam", "decision", "reviewer", "comment"), rows)


def _show_effective_verdicts(verdicts: Iterable[EffectiveVerdict], *, as_json: bool) -> None:
    if not as_json:
        rows = [[one.exam_id, one.verdict() or "open", ", ".join(_reviewers(one))] for one in verdicts]
        _print_table(("exam", "verdict", "reviewers"), rows)
        return
    for one in verdicts:
        line = {"exam_id": one.exam_id, "verdict": one.verdict(), "images": dict(one.images)}
        out().print(json.dumps({**line, "reviewers": _reviewers(one)}), soft_wrap=True)


def _reviewers(verdict: EffectiveVerdict) -> list[str]:
    return sorted({decision.reviewer for decision in verdict.decisions})


def _print_table(headings: Iterable[str], rows: Iterable[list[str]]) -> None:
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(title=RESEARCH_USE_ONLY, box=SIMPLE, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    out().print(table)
