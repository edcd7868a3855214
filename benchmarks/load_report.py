"""The report of a mixed load: ``.venv/bin/python benchmarks/load_report.py runs/mixed-load [--renew]``.

Writes report.json, report.md and mixed-load.png beside the events; ``--renew`` also puts table and picture into the
documentation.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from mammolens import RESEARCH_USE_ONLY
from mammolens.evaluation.canvas import ABNORMAL, FAINT, INK, NORMAL

EVENTS = "events.jsonl"
OBJECTIVE = 0.999
"""Of requests outside of faults that are answered without an error; the rest is the error budget."""
_REPOSITORY = Path(__file__).parents[1]
_PAGE, _PICTURE = _REPOSITORY / "benchmarks" / "README.md", _REPOSITORY / "docs" / "images" / "mixed-load.png"
_BEGIN, _END = "<!-- mixed load: written by load_report.py -->", "<!-- end of mixed load -->"
_BUSY = 429
_BUSY_WORDS = "Other programs kept it busy: times, and failures after 60 s, are not the server's own."
_BIN_S = 10.0
_WARM_S = 120.0  # after which a server has loaded what it needs
_KILLED = "server killed"  # of load_site.py
Events = Sequence[dict[str, Any]]


def main() -> None:
    """Evaluate a run."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--renew", action="store_true", help="the documentation, too")
    options.add_argument("--remark", default="", help="on what else the computer did")
    chosen = options.parse_args()
    print(write_report(chosen.folder, chosen.remark))
    if chosen.renew:
        before, _, rest = _PAGE.read_text(encoding="utf-8").partition(_BEGIN)
        table = (chosen.folder / "report.md").read_text(encoding="utf-8")
        _PAGE.write_text(f"{before}{_BEGIN}\n\n{table}\n{_END}{rest.partition(_END)[2]}", encoding="utf-8")
        shutil.copy(chosen.folder / "mixed-load.png", _PICTURE)


def write_report(folder: Path, remark: str = "") -> str:
    """Write the three files; returns the Markdown, with a remark on what else the computer did."""
    events = [json.loads(line) for line in (folder / EVENTS).read_text(encoding="utf-8").splitlines()]
    report = evaluate(events)
    text = as_markdown(report, remark)
    (folder / "report.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    (folder / "report.md").write_text(text, encoding="utf-8")
    picture(events, report).savefig(folder / "mixed-load.png")
    return text


def evaluate(events: Events) -> dict[str, Any]:
    """All figures of a run; times in seconds."""
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        by_kind[event["kind"]].append(event)
    begin = by_kind["begin"][0]
    faults = _faults(by_kind, events[-1]["at"])
    for request in by_kind["request"]:
        started = request["at"] - request["seconds"]
        request["in_fault"] = any(started <= one["recovered"] and request["at"] >= one["begins"] for one in faults)
        request["failed"] = request["status"] is None or request["status"] >= 500
    outside = [request for request in by_kind["request"] if not request["in_fault"]]
    failed = sum(request["failed"] for request in outside)
    memory = [event["mib"] for event in by_kind["memory"]]
    starts = [begin["at"], *(one["ends"] for one in faults if one["name"] == _KILLED)]
    routes = sorted({request["route"] for request in by_kind["request"]}, key=str)
    return {
        "users": begin["users"],
        "cores": begin["cores"],
        "minutes": round((events[-1]["at"] - begin["at"]) / 60, 1),
        "requests": len(by_kind["request"]),
        "requests_outside_faults": len(outside),
        "failed_outside_faults": failed,
        "availability_outside_faults": 1 - failed / len(outside) if outside else None,
        "error_budget": (1 - OBJECTIVE) * len(outside),
        "statuses": _count(request["status"] or request["problem"] for request in by_kind["request"]),
        "unexpected_statuses": _count(
            request["status"] for request in outside if request["failed"] and request["status"] not in (503, 504, 507)
        ),
        "routes": {
            route: _route([request for request in by_kind["request"] if request["route"] == route]) for route in routes
        },
        "faults": [
            {
                "name": one["name"],
                "at_s": round(one["begins"] - begin["at"], 1),
                "seconds": round(one["ends"] - one["begins"], 1),
                "until_decisions_s": round(one["recovered"] - one["ends"], 1),
                "requests": len(inside := _within(by_kind["request"], one)),
                "failed": sum(request["failed"] for request in inside),
            }
            for one in faults
        ],
        "memory_mib": {"first": memory[0], "last": memory[-1], "most": max(memory)} if memory else None,
        "memory_of_runs_mib": _memory_of_runs(by_kind["memory"], starts),
        "machine_load": round(float(np.median([event["machine_load"] for event in by_kind["memory"]])), 1)
        if memory
        else None,
        "ledger": {key: value for key, value in by_kind["ledger"][-1].items() if key not in ("kind", "at")}
        if by_kind["ledger"]
        else None,
    }


def _faults(by_kind: dict[str, list[dict[str, Any]]], last: float) -> list[dict[str, Any]]:
    """Faults with begin, end, and when a decision was first confirmed again."""
    decided = [event["at"] for event in by_kind["kept"]]
    ends = [event["at"] for event in by_kind["fault ends"]]
    found = []
    for number, event in enumerate(by_kind["fault begins"]):
        end = ends[number] if number < len(ends) else last
        recovered = next((at for at in decided if at >= end), last)
        found.append({"name": event["name"], "begins": event["at"], "ends": end, "recovered": recovered})
    return found


def _memory_of_runs(samples: Events, starts: Sequence[float]) -> list[dict[str, int]]:
    """Of each run of the server, first and last once it is warm."""
    found = []
    for start, end in zip(starts, [*starts[1:], float("inf")], strict=True):
        warm = [sample["mib"] for sample in samples if start + _WARM_S <= sample["at"] < end]
        if warm:
            found.append({"first": warm[0], "last": warm[-1]})
    return found


def _within(requests: Events, fault: dict[str, Any]) -> Events:
    return [
        one for one in requests if one["at"] - one["seconds"] <= fault["recovered"] and one["at"] >= fault["begins"]
    ]


def _route(requests: Events) -> dict[str, Any]:
    good = [one["seconds"] for one in requests if not one["in_fault"] and one["status"] and one["status"] < 400]
    return {
        "requests": len(requests),
        **{f"p{part}": round(float(np.percentile(good, part)), 3) if good else None for part in (50, 95, 99)},
        "failed_outside_faults": sum(one["failed"] and not one["in_fault"] for one in requests),
        "failed_in_faults": sum(one["failed"] and one["in_fault"] for one in requests),
        "told_to_wait": sum(one["status"] == _BUSY for one in requests),
    }


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _count(values: Any) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for value in values:
        counts[str(value)] += 1
    return dict(sorted(counts.items()))


def as_markdown(report: dict[str, Any], remark: str = "") -> str:
    """Tables and sentences."""
    words = remark or (_BUSY_WORDS if (report["machine_load"] or 0) > 4 * report["cores"] else "")
    lines = [
        f"{report['users']} users, {report['minutes']} minutes, {report['cores']} cores; median load of the computer: "
        f"{report['machine_load']}. {words}".rstrip(),
        "",
        "| route | requests | p50, s | p95, s | p99, s | failed | failed in faults | told to wait (429) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for route, told in report["routes"].items():
        figures = (told["requests"], *(_seconds(told[name]) for name in ("p50", "p95", "p99")))
        failures = (told["failed_outside_faults"], told["failed_in_faults"], told["told_to_wait"])
        lines.append(f"| `{route}` | {' | '.join(map(str, (*figures, *failures)))} |")
    lines += [
        "",
        "| fault | seconds | until decisions are confirmed again, s | requests | failed |",
        "|---|---|---|---|---|",
    ]
    for one in report["faults"]:
        told = (one["name"], one["seconds"], one["until_decisions_s"], one["requests"], one["failed"])
        lines.append(f"| {' | '.join(map(str, told))} |")
    budget = report["failed_outside_faults"] / report["error_budget"] if report["error_budget"] else 0
    lines += [
        "",
        f"Outside of faults {report['failed_outside_faults']} of {report['requests_outside_faults']} requests failed: "
        f"{budget:.0%} of an error budget of {1 - OBJECTIVE:.1%}.",
    ]
    if memory := report["memory_mib"]:
        lines.append(f"Memory: {memory['first']} MiB at first, {memory['last']} at last, {memory['most']} at most.")
    if runs := report["memory_of_runs_mib"]:
        told = ", ".join(f"{run['first']} to {run['last']}" for run in runs)
        lines.append(f"From {_WARM_S / 60:.0f} minutes after each start of the server to its end: {told} MiB.")
    if ledger := report["ledger"]:
        lines.append(
            f"Of {ledger['confirmed']} confirmed decisions {ledger['lost']} were lost and {ledger['repeated']} stored "
            f"twice; the chain of hashes is {'intact' if ledger['intact'] else 'BROKEN'}."
        )
    else:
        lines.append("The run was interrupted: the ledger was not compared.")
    return "\n".join(lines) + "\n"


def picture(events: Events, report: dict[str, Any]) -> Figure:
    """Latency, failures and memory over time; faults are shaded."""
    matplotlib.use("Agg")
    requests = [event for event in events if event["kind"] == "request"]
    memory = [event for event in events if event["kind"] == "memory"]
    begin = next(event["at"] for event in events if event["kind"] == "begin")
    figure = Figure(figsize=(10, 6.5), dpi=110, layout="constrained")
    slow, failures, resident = figure.subplots(3, 1, sharex=True)
    for axes in (slow, failures, resident):
        for one in report["faults"]:
            start = one["at_s"] / 60
            axes.axvspan(start, start + (one["seconds"] + one["until_decisions_s"]) / 60, color=FAINT, alpha=0.3)
    for one in report["faults"]:
        slow.text(one["at_s"] / 60, 1.02, one["name"], transform=slow.get_xaxis_transform(), fontsize=6, rotation=25)
    minutes = np.array([one["at"] - begin for one in requests]) / 60
    seconds, failed = np.array([one["seconds"] for one in requests]), np.array([one["failed"] for one in requests])
    slow.scatter(minutes[~failed], seconds[~failed], s=2, color=NORMAL, label="answered", linewidths=0)
    slow.scatter(minutes[failed], seconds[failed], s=3, color=ABNORMAL, label="failed", linewidths=0)
    slow.set(ylabel="Seconds", yscale="log")
    slow.legend(fontsize=7, loc="upper right")
    bins = np.arange(0, minutes.max() + _BIN_S / 60, _BIN_S / 60)
    failures.hist(minutes[~failed], bins, color=NORMAL)
    failures.hist(minutes[failed], bins, color=ABNORMAL)
    failures.set(ylabel=f"Requests in {_BIN_S:.0f} s")
    resident.plot([(one["at"] - begin) / 60 for one in memory], [one["mib"] for one in memory], color=INK, linewidth=1)
    resident.set(xlabel="Minutes", ylabel="Memory, MiB", ylim=(0, None))
    figure.text(0.995, 0.005, RESEARCH_USE_ONLY, color="grey", fontsize=6, ha="right")
    return figure


if __name__ == "__main__":
    main()
