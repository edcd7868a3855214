"""What all scripts share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
DOCS = Path(__file__).parents[2] / "docs"


def test_an_element_takes_properties_attributes_listeners_and_children(run: Run) -> None:
    script = """m => { let clicks = 0;
      const onclick = () => clicks++;
      const element = m.h('button', {class: 'c', 'aria-label': 'l', disabled: false, title: null, onclick},
        'a', [m.h('b', {}, '<i>'), null, false], undefined, '');
      element.click(); return [element.outerHTML, clicks]; }"""
    markup, clicks = run("shared/dom.js", script)
    assert markup == '<button class="c" aria-label="l">a<b>&lt;i&gt;</b></button>'
    assert clicks == 1


def test_an_svg_element_is_drawn(run: Run) -> None:
    script = "m => { const e = m.svg('svg', {viewBox: '0 0 1 1'}, m.svg('rect', {width: 1})); return e.innerHTML; }"
    assert run("shared/dom.js", script) == '<rect width="1"></rect>'


def test_a_row_makes_a_cell_of_all_that_is_none(run: Run) -> None:
    script = "m => m.row(['a', m.h('td', {class: 'c'}, 'b'), m.h('i', {}, 'd'), null]).innerHTML"
    assert run("shared/dom.js", script) == '<td>a</td><td class="c">b</td><td><i>d</i></td><td></td>'


@pytest.mark.parametrize(
    ("event", "action"),
    [({"key": "/"}, "search"), ({"key": "/", "ctrlKey": True}, None), ({"key": "Enter"}, None), ({"key": "x"}, None)],
)
def test_a_key_does_what_the_table_says_unless_it_is_a_shortcut_of_the_browser(
    run: Run, event: dict[str, Any], action: str | None
) -> None:
    assert run("shared/keys.js", "(m, event) => m.actionOf(m.WORKLIST_KEYS, event) ?? null", event) == action


def test_the_manual_has_every_key_of_the_table(run: Run) -> None:
    rows = re.findall(
        r"^\| ((?:`\w`(?:, )?)+) \| (.+) \|$", (DOCS / "ohif.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    told = {
        key: meaning
        for keys, meanings in rows
        for key, meaning in zip(re.findall(r"`(\w)`", keys), meanings.split(", "), strict=True)
    }
    assert {entry["key"]: entry["label"].lower() for entry in run("shared/keys.js", "m => m.EXAM_KEYS")} == told


def test_keys_are_told_as_they_are_printed_on_a_keyboard(run: Run) -> None:
    script = "m => m.keyEntries(m.WORKLIST_KEYS).map(entry => entry.textContent)"
    assert run("shared/keys.js", script) == [
        "/ Search",
        "\u2193 Next exam",
        "\u2191 Previous exam",
        "Page Down Next page",
        "Page Up Previous page",
        "N Read next",
        "Enter Open the exam",
    ]


@pytest.mark.parametrize(("time", "words"), [("", ""), (None, ""), ("not a time", "not a time")])
def test_what_is_no_moment_is_told_as_it_is(run: Run, time: str | None, words: str) -> None:
    assert run("shared/text.js", "(m, time) => m.moment(time)", time) == words


def test_a_moment_is_told_in_the_readers_time_zone(run: Run) -> None:
    script = """(m, time) => { const style = {dateStyle: 'medium', timeStyle: 'short'};
      return m.moment(time) === new Date(time).toLocaleString([], style); }"""
    assert run("shared/text.js", script, "2026-02-02T03:00:00Z")


def test_who_is_not_logged_in_is_told_so(run: Run) -> None:
    script = """async m => { window.fetch = async () => new Response('{"detail": "no token"}', {status: 401});
      return m.createApi().worklist().catch(error => [error.message, error.status]); }"""
    assert run("shared/api.js", script) == ["You are not logged in: no token", 401]


def test_pages_behind_a_prefix_ask_beside_themselves(run: Run) -> None:
    script = """async m => { const asked = [];
      window.fetch = async (address, {method, body}) => {
        asked.push([address, method, body]); return new Response('{}'); };
      const api = m.createApi({base: 'mammolens'}); await api.stopJob('a/b'); await api.refuse('m', 'why');
      return asked; }"""
    assert run("shared/api.js", script) == [
        ["mammolens/jobs/a%2Fb", "DELETE", None],
        ["mammolens/models/m/refuse", "POST", '{"why":"why"}'],
    ]
