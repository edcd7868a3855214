"""The mode's modules by themselves; together with OHIF they are tested in tests/integration/test_ohif_mode.py."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.labelapp.exams.worklist_entry import viewer_address

Run = Callable[..., Any]
FOUR_VIEWS = [(1, 1), (0, 1), (1, 0), (0, 0)]  # rows and columns
CELLS = """(m, views) => { const { cells, unit } = m.cellsOf(views);
  return [cells.map(cell => cell && cell.sop_instance_uid), unit]; }"""
PROTOCOL = "(m, views, aspect) => { const p = m.protocolFor(views, aspect); return {...p, ...p.stages[0]}; }"


def _views(slots: list[tuple[int, int]]) -> list[dict[str, Any]]:
    return [
        {"sop_instance_uid": str(number), "slot": {"row": row, "column": column}}
        for number, (row, column) in enumerate(slots)
    ]


@pytest.mark.parametrize(
    ("slots", "cells", "unit"),
    [
        (FOUR_VIEWS, ["3", "1", "2", "0"], 2),
        ([(1, 1), (0, 1), (0, 0)], ["2", "1", None, "0"], 2),
        ([(1, 0), (0, 0)], ["1", "0"], 1),
        ([], [], 1),
    ],
)
def test_each_image_hangs_in_the_slot_that_the_server_gave_it(
    run: Run, slots: list[tuple[int, int]], cells: list[str | None], unit: int
) -> None:
    assert run("ohif/hanging-protocol.js", CELLS, _views(slots)) == [cells, unit]


def _exam(*names: str) -> list[dict[str, Any]]:
    """Views as the server gives them, named 'R CC' and so on."""
    sides, rows = sorted({name[0] for name in names}, reverse=True), sorted({name[2:] for name in names})
    return [
        {
            "name": name,
            "laterality": name[0],
            "view": name[2:],
            "sop_instance_uid": name,
            "slot": {"row": rows.index(name[2:]), "column": sides.index(name[0])},
        }
        for name in names
    ]


STAGES = """(m, views, first) => m.protocolFor(views, 1.5, first).stages.map(
  ({id, viewportStructure: {properties: {rows, columns}}, viewports}) => [id, rows, columns,
    viewports.filter(({displaySets}) => displaySets.length).length])"""


def test_an_exam_hangs_in_one_row_in_pairs_by_view_or_by_breast_and_begins_as_last_time(run: Run) -> None:
    views = _exam("R CC", "L CC", "R MLO", "L MLO")
    stages = run("ohif/hanging-protocol.js", STAGES, views, "row")
    assert stages == [
        ["row", 1, 4, 4],
        ["all", 2, 2, 4],
        ["pairs", 2, 2, 4],
        ["CC", 1, 2, 2],
        ["MLO", 1, 2, 2],
        ["R", 1, 2, 2],
        ["L", 1, 2, 2],
    ]
    one_breast = run("ohif/hanging-protocol.js", STAGES, _exam("L CC", "L MLO"), "row")
    assert one_breast == [["all", 1, 2, 2], ["CC", 1, 1, 1], ["MLO", 1, 1, 1]]


def test_prior_views_hang_by_the_current_views_that_they_are_compared_with(run: Run) -> None:
    current = [{**view, "image": view["name"]} for view in _exam("R CC", "L CC", "R MLO", "L MLO")]
    prior = {
        "study_date": "2020-01-01",
        "views": [{"image": f"old {name}", "current": name, "name": name} for name in ("L MLO", "R CC")],
    }
    script = """(m, prior, current, comparison) => {
      const priors = m.priorViewsOf(prior, current);
      const hung = m.hungViews(comparison, current, priors);
      const places = hung.map(({ name, slot }) => [name, slot.row, slot.column]);
      return [places, current.map((one) => m.isPair(one, priors[0]))];
    }"""
    both, pairs = run("ohif/priors.js", script, prior, current, "both")
    assert both[:4] == [["R CC", 0, 0], ["L CC", 0, 1], ["R MLO", 2, 0], ["L MLO", 2, 1]]
    assert both[4:] == [["L MLO prior 2020-01-01", 3, 1], ["R CC prior 2020-01-01", 1, 0]]
    assert pairs == [False, False, False, True]
    assert len(run("ohif/priors.js", script, prior, current, "prior")[0]) == 2


def test_preferences_outlive_the_page_and_a_storage_that_fails_only_means_that_they_do_not(run: Run) -> None:
    script = """m => {
      const broken = { getItem: () => { throw new Error('forbidden'); }, setItem: () => { throw new Error('full'); } };
      const lost = new m.Preferences(broken); lost.set('linked', true);
      new m.Preferences(localStorage).set('hanging', 'row');
      const again = new m.Preferences(localStorage);
      return [lost.get('linked', false), lost.get('other', 3), again.get('hanging', 'all'), again.get('none', 0)]; }"""
    assert run("ohif/preferences.js", script) == [True, 3, "row", 0]


@pytest.mark.parametrize(("aspect", "grid"), [(1.3, (2, 2)), (3.0, (1, 4)), (0.6, (2, 2))])
def test_the_grid_is_the_one_that_shows_images_largest(run: Run, aspect: float, grid: tuple[int, int]) -> None:
    properties = run("ohif/hanging-protocol.js", PROTOCOL, _views(FOUR_VIEWS), aspect)["viewportStructure"][
        "properties"
    ]
    assert (properties["rows"], properties["columns"]) == grid


def test_each_viewport_asks_for_one_instance(run: Run) -> None:
    protocol = run("ohif/hanging-protocol.js", PROTOCOL, _views(FOUR_VIEWS), 1.3)
    first = protocol["viewports"][0]["displaySets"][0]["id"]
    rule = protocol["displaySetSelectors"][first]["seriesMatchingRules"][0]
    assert (rule["constraint"]["equals"]["value"], rule["required"]) == ("3", True)  # R CC was given last


@pytest.mark.parametrize("inverted", [False, True])
def test_the_window_spans_the_breast_and_leaves_air_out(run: Run, inverted: bool) -> None:
    view = make_phantom_exam(3, rows=256, columns=208, spacing=(1, 1)).views[0]
    stored = np.rint(view.pixels * 4095)
    values = (4095 - stored if inverted else stored).ravel().tolist()
    window = run("ohif/pixels.js", "(m, values, inverted) => m.windowOf(values, inverted)", values, inverted)
    breast = np.sort(np.array(values)[view.breast_mask.ravel()])
    inside = (breast >= window["lower"]) & (breast <= window["upper"])
    assert inside.mean() > 0.95
    air = 4095 if inverted else 0
    assert not window["lower"] < air < window["upper"]


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("number", range(4))
def test_the_chest_wall_is_found_by_the_pixels(run: Run, number: int, inverted: bool) -> None:
    view = make_phantom_exam(3, rows=256, columns=208, spacing=(1, 1)).views[number]
    values = (1 - view.pixels if inverted else view.pixels).ravel().tolist()
    find = "(m, values, inverted) => m.chestWallIsRight(values, 208, 256, inverted)"
    assert run("ohif/pixels.js", find, values, inverted) is (view.laterality == "R")


def test_the_way_back_leads_through_the_exams_seen(run: Run) -> None:
    walk = """m => { const seen = new m.VisitedExams(sessionStorage);
      seen.add('a'); seen.add('b'); return [seen.takeLast(), seen.takeLast(), seen.takeLast() ?? null]; }"""
    assert run("ohif/visited-exams.js", walk) == ["b", "a", None]


@pytest.mark.parametrize(
    "url", ["http://evil.example/mammolens/exams/e-0/ohif.json", "/x/mammolens/exams/e-0/ohif.json", "//e/ohif.json"]
)
def test_an_address_of_another_server_names_no_exam(run: Run, url: str) -> None:
    assert run("ohif/address.js", "(m, url) => m.examOf(`?url=${encodeURIComponent(url)}`)", url) is None


def test_the_exam_is_told_by_the_address_that_the_server_gives(run: Run) -> None:
    class Image:
        is_dicom = True

    class Exam:
        exam_id, images = "e-0123456789abcdef", [Image()]

    address = viewer_address(Exam())  # type: ignore[arg-type]
    assert run("ohif/address.js", "(m, url) => m.examOf(url.split('?')[1])", address) == Exam.exam_id
    assert run("ohif/address.js", "(m, exam) => m.viewerOf(exam)", Exam.exam_id) == address
    assert run(
        "ohif/address.js", "m => [m.examOf('?StudyInstanceUIDs=1.2'), m.studyOf('?StudyInstanceUIDs=1.2,3')]"
    ) == [
        None,
        "1.2",
    ]


def test_drawings_become_outlines(run: Run) -> None:
    outline = "(m, tool, data) => m.outlineOf(tool, data)"
    corners = [[0, 0, 9], [4, 0, 9], [0, 2, 9], [4, 2, 9]]
    assert run("ohif/regions.js", outline, "RectangleROI", {"handles": {"points": corners}}) == [
        [0, 0, 9],
        [4, 0, 9],
        [4, 2, 9],
        [0, 2, 9],
    ]
    axes = [[2, 3, 9], [2, -1, 9], [-1, 1, 9], [5, 1, 9]]
    ellipse = np.array(run("ohif/regions.js", outline, "EllipticalROI", {"handles": {"points": axes}}))
    assert ((ellipse[:, 0] - 2) ** 2 / 9 + (ellipse[:, 1] - 1) ** 2 / 4) == pytest.approx(1)
    circle = np.array(run("ohif/regions.js", outline, "CircleROI", {"handles": {"points": [[5, 1, 1], [5, 4, 5]]}}))
    assert np.linalg.norm(circle - [5, 1, 1], axis=1) == pytest.approx(5)
    assert set(circle[:, 0]) == {5}
    line = [[1, 1, 0], [2, 2, 0]]
    assert run("ohif/regions.js", outline, "Length", {"handles": {"points": line}}) == []
    for closed, expected in ((True, corners), (False, [])):
        freehand = {"handles": {"points": line}, "contour": {"polyline": corners, "closed": closed}}
        assert run("ohif/regions.js", outline, "PlanarFreehandROI", freehand) == expected


def test_regions_are_closed_outlines_of_this_exam_that_enclose_something(run: Run) -> None:
    script = """(m, drawings) => m.drawnRegions(
      { utilities: { worldToImageCoords: (_, [column, row]) => [column, row] } },
      { annotation: { state: { getAllAnnotations: () => drawings } } },
      imageId => ({here: 'image-1'})[imageId])"""

    def drawing(uid: str, tool: str, *points: list[int], image: str = "here") -> dict[str, Any]:
        metadata = {"toolName": tool, "referencedImageId": image}
        return {"annotationUID": uid, "metadata": metadata, "data": {"handles": {"points": list(points)}}}

    square = ([0, 0], [4, 0], [0, 4], [4, 4])
    drawings = [
        drawing("a", "RectangleROI", *square),
        drawing("b", "RectangleROI", *square, image="another exam's"),
        drawing("c", "RectangleROI", *[[2, 2]] * 4),  # a click without a drag
        drawing("d", "Length", [0, 0], [9, 9]),
    ]
    assert run("ohif/regions.js", script, drawings) == [
        {"uid": "a", "image": "image-1", "points": [[0, 0], [4, 0], [4, 4], [0, 4]]}
    ]


def test_a_view_is_missing_until_it_was_drawn_and_one_without_an_image_never_comes(run: Run) -> None:
    script = """(m, names) => {
      const events = new EventTarget(), loaded = {'R CC': 'one', 'L CC': 'two', 'L MLO': 'three'};
      const viewport = {getCornerstoneImage: () => viewport.shows && {imageId: viewport.shows}};
      const drawn = new m.DrawnViews({ Enums: {Events: {IMAGE_RENDERED: 'drawn', IMAGE_LOAD_FAILED: 'failed'}},
        eventTarget: events, getEnabledElement: () => ({viewport}) }, view => loaded[view.name], () => {});
      const stop = drawn.watch(), element = document.body.appendChild(document.createElement('div'));
      const draw = imageId => { viewport.shows = imageId; element.dispatchEvent(new Event('drawn')); };
      const missing = () => { const {waiting, failed} = drawn.missing(names.map(name => ({name})));
        return [waiting.map(view => view.name), failed.map(({view}) => view.name)]; };
      const seen = [missing()];
      draw(undefined); seen.push(missing());
      draw('one'); seen.push(missing());
      events.dispatchEvent(new CustomEvent('failed', {detail: {imageId: 'three', error: new Error('cut')}}));
      seen.push(missing()); stop(); draw('two'); seen.push(missing());
      return seen; }"""
    names = ["R CC", "L CC", "R MLO", "L MLO"]
    before, empty, first, failed, stopped = run("ohif/drawn-views.js", script, names)
    assert before == empty == [["R CC", "L CC", "L MLO"], ["R MLO"]]
    assert first == [["L CC", "L MLO"], ["R MLO"]]
    assert failed == stopped == [["L CC"], ["R MLO", "L MLO"]]


def test_a_failed_request_is_told_in_the_servers_words_and_leaves_the_exam_as_it_was(run: Run) -> None:
    script = """async (m, detail) => {
      const api = { exam: async () => ({exam: 'e', views_in_detail: []}),
        recordDecision: async () => { throw new Error(detail); } };
      const session = new m.Session(api); await session.open('e');
      return [await session.recordDecision('normal'), session.error, session.exam.exam, session.busy]; }"""
    assert run("ohif/session.js", script, "exam: gone; reload") == [False, "exam: gone; reload", "e", None]


def test_what_is_tried_again_goes_with_the_same_id_and_anything_else_with_another(run: Run) -> None:
    script = """async m => {
      const ids = []; let fails = true;
      const exam = {exam: 'e', views_in_detail: [], decisions: [{id: 'd', undone: false}]};
      const answer = async id => { ids.push(id); if (fails) { throw new Error('cut'); } return exam; };
      const api = { exam: async () => exam,
        recordDecision: (_, {id}) => answer(id), undoDecision: (_, {id}) => answer(id) };
      const session = new m.Session(api); await session.open('e');
      await session.recordDecision('normal'); await session.recordDecision('normal', 'a scar');
      await session.recordDecision('normal', 'a scar'); fails = false; await session.recordDecision('normal', 'a scar');
      await session.recordDecision('normal', 'a scar'); fails = true;
      await session.undo(); await session.undo();
      return ids; }"""
    first, other, again, once_more, new, undo, same_undo = run("ohif/session.js", script)
    assert other == again == once_more
    assert undo == same_undo
    assert len({str(UUID(one, version=4)) for one in (first, other, new, undo)} & {first, other, new, undo}) == 4


def test_progress_is_followed_while_the_server_infers(run: Run) -> None:
    script = """async m => {
      let finish; const seen = [];
      const inferred = new Promise(resolve => { finish = () => resolve({exam: 'e', state: 'done'}); });
      const progress = {done: 1, total: 4, doing: 'analysing L CC'};
      const seenNow = {exam: 'e', state: 'running', progress, views_in_detail: []};
      const api = { exam: async () => seenNow, infer: () => inferred };
      const session = new m.Session(api, {pollMs: 5}); await session.open('e');
      session.subscribe(one => {
        if (one.exam.progress && one.busy) { seen.push(one.exam.progress.doing); finish(); } });
      const done = await session.infer();
      return [done, seen.includes('analysing L CC'), session.exam.state, session.inferences]; }"""
    assert run("ohif/session.js", script) == [True, True, "done", 1]


def test_a_server_that_does_not_answer_is_told_so(run: Run) -> None:
    script = """async m => { window.fetch = async () => { throw new TypeError('Failed to fetch'); };
      return m.createApi().exam('e').catch(error => error.message); }"""
    assert "does not answer" in run("shared/api.js", script)


def test_the_servers_errors_come_in_its_own_words(run: Run) -> None:
    script = """async (m, status, answer) => { window.fetch = async () => new Response(answer, {status});
      return m.createApi().exam('e').catch(error => error.message); }"""
    assert run("shared/api.js", script, 404, '{"detail": "e: unknown; reload"}') == "e: unknown; reload"
    assert run("shared/api.js", script, 422, '{"detail": [{"msg": "too long"}]}') == "too long"
    assert "502" in run("shared/api.js", script, 502, "<html>")


BREASTS = [
    {"name": f"{side} breast", "score_text": "Score 10 of 10 (p = 0.0054)", "sentence": "Unusual."}
    for side in ("Right", "Left")
]
EXAM = {"score_text": "Score 10 of 10 (p = 0.044)", "breasts": BREASTS, "missing": [], "problems": []}
LINES_OF_SCORE = """async (m, exam) => {
  const panel = document.createElement("div");
  panel.className = "mammolens";
  panel.style.width = "256px";  // what OHIF leaves of its panel
  panel.append(m.examSection(exam));
  const style = document.createElement("style");
  style.textContent = await (await fetch("/ohif/panel.css")).text();
  document.body.append(style, panel);
  return [...panel.querySelectorAll(".mammolens-score, .mammolens-unbroken")].map((score) => {
    const range = document.createRange();
    range.selectNodeContents(score);
    return range.getClientRects().length;
  });
}"""


def test_the_exam_says_how_good_its_images_are_technically(run: Run) -> None:
    script = "(m, exam) => [...m.examSection(exam).querySelectorAll(':scope > p')].map((line) => line.textContent)"
    assert (
        run("ohif/panel-results.js", script, EXAM | {"technical_quality": "R CC <blurred>."})[-1] == "R CC <blurred>."
    )
    assert len(run("ohif/panel-results.js", script, EXAM | {"technical_quality": None})) == 1


def test_the_scores_of_an_exam_and_its_breasts_fit_a_line_of_the_panel_each(run: Run) -> None:
    assert run("ohif/panel-results.js", LINES_OF_SCORE, EXAM) == [1, 1, 1]
