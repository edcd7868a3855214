import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from mammolens.labelapp.routes.site_pages import BROWSER

from ...patience import patient

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ORIGIN = "http://127.0.0.1:9"  # the discard port: nobody answers there, all comes from the routes below
ELSEWHERE = r"https?://|//[a-z]+\."
AWAY = "http://pacs.example: the PACS does not answer; start it"


PAGES = pytest.mark.parametrize("page", ["/", "/models", "/login"])
FILES = sorted(str(file.relative_to(BROWSER)) for kind in ("js", "css") for file in BROWSER.rglob(f"*.{kind}"))
ENTRIES = [
    "ohif/mode.js",
    "pages/login.js",
    "pages/models.js",
    "pages/worklist.js",
    "reports/sortable-table.js",  # a report in one file contains it
    "viewer/viewer.js",
]  # what a page itself loads


@PAGES
def test_a_page_says_what_it_is_for_and_loads_only_its_own_parts(a_client: TestClient, page: str) -> None:
    answer = a_client.get(page)
    assert answer.headers["content-type"].startswith("text/html")
    assert "Research use only, not a medical device" in answer.text
    parts = re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]*)"', answer.text)
    assert len(parts) == 2
    for part in parts:
        assert a_client.get(f"/{part}").status_code == 200


@PAGES
def test_a_page_may_run_no_script_and_ask_no_server_but_ours(a_client: TestClient, page: str) -> None:
    policy = a_client.get(page).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    text = a_client.get(page).text
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", text)  # inline ones, which the policy forbids
    assert not re.search(ELSEWHERE, text)


def test_scripts_and_style_sheets_are_served_as_what_they_are(a_client: TestClient) -> None:
    for file in FILES:
        answer = a_client.get(f"/mammolens/browser/{file}")
        assert answer.headers["content-type"].startswith("text/javascript" if file.endswith(".js") else "text/css")
        assert answer.text == (BROWSER / file).read_text()


@pytest.mark.parametrize("file", FILES)
def test_no_script_names_another_site_or_makes_markup_of_words(file: str) -> None:
    text = (BROWSER / file).read_text().replace("http://www.w3.org/2000/svg", "")  # a name, no address
    assert not re.search(ELSEWHERE, text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_every_script_that_is_imported_is_there_and_none_is_left_over() -> None:
    wanted, reached = list(ENTRIES), set()
    while wanted:
        name = wanted.pop()
        reached.add(name)
        for found in re.findall(r'from "([^"]+)"', (BROWSER / name).read_text()):
            imported = str((BROWSER / name).parent.joinpath(found).resolve().relative_to(BROWSER))
            wanted += [imported] if imported not in reached else []
    assert reached == {file for file in FILES if file.endswith(".js")}


@pytest.mark.parametrize(
    "name", ["pages/models.html", "..%2F__init__.py", "pages/..%2Fohif", "pages/unknown.js", "pages/"]
)
def test_nothing_else_is_served_beside_them(a_client: TestClient, name: str) -> None:
    assert a_client.get(f"/mammolens/browser/{name}").status_code in (400, 404)


@pytest.fixture(scope="module")
def a_tab(a_browser: "Browser") -> Iterator["Page"]:
    """One for all tests: each new one would start a process that reads all scripts anew."""
    tab = patient(a_browser.new_page())
    yield tab
    tab.close()


@pytest.fixture
def a_page(a_tab: "Page", a_client: TestClient) -> Iterator["Page"]:
    """An empty tab in which the page can be opened; its parts are the server's. It forgets what a test left in it."""

    def part(route: "Route") -> None:
        answer = a_client.get(route.request.url.removeprefix(ORIGIN))
        route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    a_tab.route("**/*", part)
    yield a_tab
    if a_tab.url.startswith(ORIGIN):
        a_tab.evaluate("localStorage.clear(); sessionStorage.clear()")
    a_tab.context.clear_cookies()
    a_tab.unroute_all(behavior="ignoreErrors")
    a_tab.goto("about:blank")
    a_tab.emulate_media(color_scheme="light")
    a_tab.set_viewport_size({"width": 1280, "height": 720})


def shown(page: "Page") -> list[str]:
    """The exams of the list, in order."""
    found: list[str] = page.locator("#exams tr").evaluate_all("(rows) => rows.map((row) => row.dataset.exam)")
    return found


class BackgroundServer:
    """A server in memory whose background inference is where a test puts it; notes what it is asked for."""

    def __init__(self, page: "Page", *, on_arrival: bool = False) -> None:
        self.page, self.asked = page, list[str]()
        self.states = {"ANNA": "new", "BERTA": "new", "CARLA": "new"}
        self.inference: dict[str, Any] = {
            "on_arrival": on_arrival, "requested": False, "active": on_arrival, "exam": None, "done": 0, "total": 0,
            "waiting": None, "failures": [], "stopped_by": None, "sentence": "",
        }  # fmt: skip
        page.route("**/mammolens/worklist", self._worklist)
        page.route("**/mammolens/inference", self._answer)
        page.route("**/infer", lambda route: self.asked.append("an exam by the page itself"))

    def infers(self, done: int) -> None:
        """The next exam begins."""
        for name in list(self.states)[:done]:
            self.states[name] = "done"
        running = list(self.states)[done]
        self.inference |= {"requested": True, "active": True, "exam": running, "done": done, "total": 3}
        self.inference["sentence"] = f"Analysing exam {done + 1} of 3: {running}"

    def _worklist(self, route: "Route") -> None:
        known: dict[str, Any] = {"views": [], "problems": [], "verdict": None}
        exams = [
            {"exam": patient, "patient": patient, "state": state, "rank": rank, **known}
            for rank, (patient, state) in enumerate(self.states.items(), 1)
        ]
        route.fulfill(json={"exams": exams, "images_left_out": 0, "model": "m", "calibration": "c"})

    def _answer(self, route: "Route") -> None:
        method = route.request.method
        if method != "GET":
            self.asked.append(method)
        if method == "POST":
            self.infers(0)
        if method == "DELETE":
            self.inference |= {"requested": False, "active": False, "exam": None, "sentence": ""}
        route.fulfill(json=self.inference)


def test_the_server_infers_all_new_and_the_page_follows(a_page: "Page") -> None:
    server = BackgroundServer(a_page)
    a_page.goto(f"{ORIGIN}/")
    a_page.click("#infer:enabled")
    a_page.wait_for_selector("text=Analysing exam 1 of 3: ANNA. Closing this page does not stop it.")
    assert a_page.is_disabled("#infer")
    server.infers(2)
    a_page.wait_for_selector("text=Analysing exam 3 of 3: CARLA")
    assert a_page.evaluate("[document.querySelector('progress').value, document.querySelector('progress').max]") == [
        2,
        3,
    ]
    a_page.click("#stop")
    a_page.wait_for_selector("#work", state="hidden")
    a_page.wait_for_selector("#infer:enabled")
    assert server.asked == ["POST", "DELETE"]


def test_a_page_opened_while_exams_are_inferred_shows_the_progress(a_page: "Page") -> None:
    BackgroundServer(a_page).infers(1)
    a_page.goto(f"{ORIGIN}/")
    a_page.wait_for_selector("text=Analysing exam 2 of 3: BERTA")


def test_exams_that_could_not_be_inferred_are_named(a_page: "Page") -> None:
    server = BackgroundServer(a_page)
    server.inference["failures"] = [{"exam": "ANNA", "patient": "ANNA", "reason": AWAY}]
    a_page.goto(f"{ORIGIN}/")
    a_page.wait_for_selector("#error:not([hidden])")
    assert a_page.inner_text("#error") == f"1 exam not analysed. ANNA: {AWAY}."


def test_analysis_on_arrival_can_be_stopped_and_resumed(a_page: "Page") -> None:
    server = BackgroundServer(a_page, on_arrival=True)
    server.inference["sentence"] = "New exams are analysed as they arrive"
    server.states = dict.fromkeys(server.states, "done")
    a_page.goto(f"{ORIGIN}/")
    a_page.wait_for_selector("text=New exams are analysed as they arrive.")
    assert a_page.is_hidden("progress")
    a_page.click("#stop")
    a_page.click("text=Resume analysis")
    a_page.wait_for_selector("text=Analysing exam 1 of 3")
    assert server.asked == ["DELETE", "POST"]


def test_an_alarm_stands_above_the_worklist_and_leads_to_the_models(a_page: "Page") -> None:
    drift = {"alarm": True, "alarms": [], "sentence": "31 of 100 exams come from an <unknown> machine"}
    worklist = {"exams": [], "images_left_out": 0, "model": "m", "calibration": "c", "drift": drift}
    a_page.route("**/mammolens/worklist", lambda route: route.fulfill(json=worklist))
    a_page.goto(f"{ORIGIN}/")
    a_page.wait_for_selector("#drift:not([hidden])")
    assert a_page.inner_text("#drift-words") == "31 of 100 exams come from an <unknown> machine."
    assert a_page.get_attribute("#drift a", "href") == "models"


def test_a_refused_model_is_an_alert_above_the_worklist(a_page: "Page") -> None:
    refusal = "Model m-2 is refused: config.yaml is damaged. A good copy of m-1 serves until it is restored."
    worklist = {"exams": [], "images_left_out": 0, "model": "m-1", "calibration": "c", "drift": None}
    a_page.route("**/mammolens/worklist", lambda route: route.fulfill(json={**worklist, "model_refused": refusal}))
    a_page.goto(f"{ORIGIN}/")
    a_page.wait_for_selector("#refused:not([hidden])")
    assert a_page.inner_text("#refused") == refusal
    assert a_page.get_attribute("#refused", "role") == "alert"


def test_the_worklist_says_if_the_model_can_flag_nobody(a_page: "Page") -> None:
    reason = "cannot flag any exam: it is calibrated on 5 of the 9 normal patients that alpha = 0.1 requires"
    worklist = {"exams": [], "images_left_out": 0, "model": "m", "calibration": "c", "cannot_flag": reason}
    a_page.route("**/mammolens/worklist", lambda route: route.fulfill(json=worklist))
    a_page.goto(f"{ORIGIN}/")
    a_page.wait_for_selector("#cannot-flag:not([hidden])")
    assert a_page.inner_text("#cannot-flag") == f"The model {reason}. Recalibrate it on more normal exams."


def test_what_is_no_exam_is_counted_below_the_worklist(a_page: "Page") -> None:
    exam = {"exam": "e", "patient": "e", "state": "new", "rank": 1, "views": [], "problems": [], "verdict": None}
    counts = {"images_left_out": 1, "files_passed_over": 3}
    worklist = {"exams": [exam], **counts, "model": "m", "calibration": "c", "drift": None}
    a_page.route("**/mammolens/worklist", lambda route: route.fulfill(json=worklist))
    a_page.goto(f"{ORIGIN}/")
    a_page.wait_for_selector("text=1 of 1 exam, 1 unreviewed, 1 image cannot be analysed, 3 other files skipped.")


def test_the_worklist_is_sorted_by_a_click_on_a_heading(a_page: "Page") -> None:
    known = {"state": "done", "views": [], "problems": [], "verdict": None}
    exams = [
        {"exam": name, "patient": name, "rank": rank, "study_date": day, "exam_percentile": percentile, **known}
        for rank, (name, day, percentile) in enumerate(
            [("P10", "2026-02-01", 99.0), ("P9", "2026-03-01", 50.0), ("P1", None, 20.0)], start=1
        )
    ]
    worklist = {"exams": exams, "images_left_out": 0, "model": "m", "calibration": "c"}
    a_page.route("**/mammolens/worklist", lambda route: route.fulfill(json=worklist))
    a_page.goto(f"{ORIGIN}/")
    a_page.wait_for_selector("#exams tr")

    assert shown(a_page) == ["P10", "P9", "P1"]
    heading = a_page.get_by_role("button", name="Exam", exact=True)
    seen = []
    for _ in range(3):
        heading.click()
        seen.append(shown(a_page))
    assert seen == [["P1", "P9", "P10"], ["P10", "P9", "P1"], ["P10", "P9", "P1"]]
    a_page.get_by_role("button", name="Date").click()
    assert shown(a_page) == ["P10", "P9", "P1"]
    a_page.get_by_role("button", name="Date").click()
    assert shown(a_page) == ["P9", "P10", "P1"]
    assert a_page.locator("th[aria-sort=descending]").inner_text() == "Date"


LABELS = ["Within the normal range", "Unusual", "Highly unusual"]


def _open_worklist(page: "Page", size: int) -> None:
    """A worklist of this many exams: every tenth unusual, every hundredth highly unusual, half of them read."""
    exams = [
        {
            "exam": f"e-{rank}", "patient": f"P{rank}", "rank": rank, "state": "done", "study_date": "2026-02-01",
            "views": ["R CC", "L CC"], "problems": ["R CC: is blank."] if rank == size - 1 else [],
            "exam_decile": 10 - rank * 9 // size, "score_text": f"Score of {rank}",
            "exam_category_label": LABELS[(rank % 10 == 0) + (rank % 100 == 0)], "exam_is_anomalous": rank % 10 == 0,
            "sentence": "More anomalous than others.", "verdict": "normal" if rank % 2 == 0 else None,
            "verdict_label": "Normal" if rank % 2 == 0 else None, "viewer": f"/ohif/exam?{rank}",
            "in_progress_by": ["berta"] if rank == 7 else [],
            "thumbnails": [{"address": f"/mammolens/images/i{rank}/thumbnail.jpg", "name": "R CC"}],
        }
        for rank in range(1, size + 1)
    ]  # fmt: skip
    worklist = {"exams": exams, "images_left_out": 0, "model": "m", "calibration": "c", "read_next": "/ohif/exam?1"}
    page.route("**/mammolens/worklist", lambda route: route.fulfill(json={**worklist, "score_meaning": "A tenth."}))
    page.route("**/ohif/**", lambda route: route.fulfill(body="the viewer", content_type="text/html"))
    page.goto(f"{ORIGIN}/")
    page.wait_for_selector("#exams tr")


def test_ten_thousand_exams_are_searched_filtered_and_sorted_a_page_of_the_list_at_a_time(a_page: "Page") -> None:
    _open_worklist(a_page, 10_000)
    assert shown(a_page) == [f"e-{rank}" for rank in range(1, 101)]  # the browser never holds more rows than these
    assert a_page.inner_text("#where") == "Page 1 of 100"
    a_page.click("#forth")
    assert shown(a_page)[0] == "e-101"
    a_page.fill("#search", "p9999")
    assert shown(a_page) == ["e-9999"]
    assert a_page.is_hidden("#pages")
    a_page.fill("#search", "")
    a_page.select_option("#filter", "Highly unusual")
    assert shown(a_page) == [f"e-{rank}" for rank in range(100, 10001, 100)]
    a_page.select_option("#filter", "In progress")
    assert shown(a_page) == ["e-7"]
    assert "In progress: berta" in a_page.inner_text("#exams")
    a_page.select_option("#filter", "With problems")
    assert shown(a_page) == ["e-9999"]
    a_page.select_option("#filter", "All exams")
    a_page.check("#unreviewed")
    assert a_page.inner_text("#where") == "Page 1 of 50"
    a_page.get_by_role("button", name="Score").click()
    assert shown(a_page)[0] == "e-8889"  # the least anomalous first: a score of 2
    assert a_page.locator("#exams td.score").first.inner_text() == "2"
    assert a_page.inner_text("#meaning") == "A tenth."
    assert a_page.get_attribute("#export", "href") == "mammolens/worklist.csv"


def test_the_list_is_read_by_the_keyboard_alone(a_page: "Page") -> None:
    _open_worklist(a_page, 200)

    def focused() -> str:
        return str(a_page.evaluate("document.activeElement.closest('tr')?.dataset.exam"))

    a_page.keyboard.press("ArrowDown")
    assert focused() == "e-1"
    a_page.keyboard.press("PageDown")
    assert focused() == "e-101"
    a_page.keyboard.press("ArrowUp")
    assert focused() == "e-100"
    a_page.keyboard.press("ArrowDown")
    assert focused() == "e-101"
    a_page.keyboard.press("/")
    a_page.keyboard.type("p77 n")
    assert a_page.input_value("#search") == "p77 n"  # no shortcut while a person types
    a_page.keyboard.press("Enter")
    a_page.evaluate("document.activeElement.blur()")
    a_page.keyboard.press("n")
    a_page.wait_for_url("**/ohif/exam?1")


def test_pictures_stay_while_nothing_about_an_exam_changes(a_page: "Page") -> None:
    _open_worklist(a_page, 200)
    a_page.evaluate("document.querySelector('#exams tr').marked = true")
    with a_page.expect_response("**/mammolens/worklist"):
        a_page.click("#reload")
    a_page.wait_for_selector("#status:has-text('200 of 200 exams')")
    assert a_page.evaluate("document.querySelector('#exams tr').marked") is True


def test_light_and_dark_are_chosen_and_remembered(a_page: "Page") -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    a_page.emulate_media(color_scheme="light")
    a_page.goto(f"{ORIGIN}/")
    light = a_page.evaluate(colour)
    for name in ("Light", "Dark"):
        a_page.click("#theme")
        assert a_page.inner_text("#theme") == name
    dark = a_page.evaluate(colour)
    assert dark != light
    a_page.goto(f"{ORIGIN}/login")
    a_page.wait_for_selector("#theme:has-text('Dark')")
    assert a_page.evaluate(colour) == dark
    a_page.click("#theme")
    assert a_page.evaluate(colour) == light
    a_page.emulate_media(color_scheme="dark")
    assert a_page.evaluate(colour) == dark


@PAGES
def test_a_page_is_no_wider_than_a_telephone(a_page: "Page", page: str) -> None:
    a_page.set_viewport_size({"width": 390, "height": 844})
    if page == "/models":
        Site(a_page)
    else:
        a_page.goto(ORIGIN)
        a_page.wait_for_selector("#exams tr")
    assert a_page.evaluate("document.documentElement.scrollWidth") <= 390
    a_page.evaluate("document.querySelectorAll('table').forEach((table) => { table.hidden = true; })")
    hidden = a_page.locator("[hidden]").all()
    assert hidden
    assert not any(element.is_visible() for element in hidden)


OLD, NEW = "restorer-0", "restorer-1"
JOB = {"job": "j-1", "kind": "train", "asked_by": "anna", "asked_at": "2026-02-02T02:00:00Z", "outcome": None}
RUNNING = {
    "state": "running",
    "state_label": "running",
    "kind_label": "Training",
    "doing": "training: epoch 2 of 8, about 4 minutes left",
    "progress": {"stage": "learn", "share": 0.25},
}


def _check(name: str, label: str, candidate: str, *, passed: bool = True) -> dict[str, Any]:
    figures = {"candidate_text": candidate, "serving_text": "8 %", "outcome_label": "passed" if passed else "failed"}
    return {"name": name, "label": label, "passed": passed, "sentence": f"about <b>{name}</b>", **figures}


class Site:
    """A server in memory that learns; notes what it is asked for."""

    def __init__(self, page: "Page", *, passed: bool = True) -> None:
        checks = [
            _check("realised_rate", "Normal patients flagged", "13 %", passed=passed),
            _check("synthetic_lesions_compared", "Loss on synthetic lesions", "-0.01 to 0.03"),
        ]
        reason = "not worse" if passed else "refused: it flags too many"
        verdict = {"passed": passed, "reason": reason, "against": OLD, "checks": checks, "overridden_by": None}
        base = {"model_id": None, "added_at": None, "patients": 126, "images": 504}
        state = "waits" if passed else "refused"
        new = {
            **base,
            "model": NEW,
            "state": state,
            "state_label": "awaits approval" if passed else "rejected",
            "gate_result": verdict,
            "can_serve": True,
            "needs_reason": not passed,
        }
        old = {
            **base,
            "model": OLD,
            "state": "serving",
            "state_label": "in use",
            "gate_result": None,
            "can_serve": False,
            "needs_reason": True,
        }
        event = {
            "time": "2026-02-02T03:00:00Z",
            "event": "added",
            "event_label": "added",
            "version": NEW,
            "by": "anna",
            "why": "",
        }
        look = {"exam": "e", "patient": "Berta", "views": ["R CC"], "reason": "rare", "viewer": "/ohif/e"}
        machine = {"group": "ACME", "exams": 31, "known": False}
        self.told: dict[str, Any] = {
            "jobs": {"jobs": [], "running": None, "queued": []},
            "models": {
                "serving": OLD,
                "cannot_flag": "cannot flag any exam",
                "can_roll_back": False,
                "models": [new, old],
                "history": [event],
            },
            "suspect-normals": {"exams": [look], "model": OLD},
            "drift": {"alarm": True, "sentence": "a new machine", "p_values": [5, *[1] * 9], "machines": [machine]},
        }
        self.asked: list[tuple[str, str, Any]] = []
        page.route(re.compile(r"/mammolens/(jobs|models|suspect-normals|drift)"), self._answer)
        page.goto(f"{ORIGIN}/models")
        page.wait_for_selector(f"#status:has-text('{OLD}')")

    def _answer(self, route: "Route") -> None:
        path = route.request.url.removeprefix(f"{ORIGIN}/mammolens/")
        if route.request.method == "GET":
            route.fulfill(json=self.told[path])
            return
        self.asked.append((route.request.method, path, route.request.post_data_json))
        job = {**JOB, **RUNNING}
        if path == "jobs":
            self.told["jobs"] = {"jobs": [job], "running": "j-1", "queued": []}
        elif path == "jobs/j-1":
            self.told["jobs"] = {
                "jobs": [{**job, "state": "stopped", "state_label": "stopped"}],
                "running": None,
                "queued": [],
            }
        route.fulfill(json={})


def test_the_models_page_tells_how_it_is_in_words(a_page: "Page") -> None:
    Site(a_page)
    rows = [row.inner_text().split("\t") for row in a_page.locator("#waiting tbody tr").all()]
    assert [[row[0].split("\n")[0], *row[1:]] for row in rows] == [
        ["Normal patients flagged", "8 %", "13 %", "passed"],
        ["Loss on synthetic lesions", "8 %", "-0.01 to 0.03", "passed"],
    ]
    assert "About <b>realised_rate</b>." in a_page.inner_text("#waiting")
    assert a_page.inner_text("#drift") == "A new machine."
    assert "14 recent exams: 5 from 0.0, 1 from 0.1" in str(a_page.get_attribute("#histogram svg", "aria-label"))
    assert a_page.inner_text("#machines") == "ACME\t31\tno"
    assert a_page.get_attribute("#second a", "href") == "/ohif/e"
    assert "added" in a_page.inner_text("#history")
    assert "awaits approval" in a_page.inner_text("#models")
    assert a_page.inner_text("#cannot-flag") == "The model cannot flag any exam. Recalibrate it on more normal exams."


def test_a_model_that_waits_is_accepted_with_one_click(a_page: "Page") -> None:
    site = Site(a_page)
    with a_page.expect_response("**/promote"):
        a_page.get_by_role("button", name="Accept").click()
    assert site.asked == [("POST", f"models/{NEW}/promote", {"why": ""})]


def test_or_the_old_one_is_kept_with_or_without_a_reason(a_page: "Page") -> None:
    site = Site(a_page)
    a_page.get_by_role("button", name="Keep the current model").click()
    with a_page.expect_response("**/refuse"):
        a_page.get_by_role("button", name="Confirm").click()
    assert site.asked == [("POST", f"models/{NEW}/refuse", {"why": ""})]


def test_what_the_gate_refused_serves_only_with_a_reason(a_page: "Page") -> None:
    site = Site(a_page, passed=False)
    assert a_page.locator("#waiting").is_hidden()
    a_page.get_by_role("button", name="Use", exact=True).click()
    a_page.get_by_role("button", name="Confirm").click()
    assert a_page.locator("dialog[open]").count() == 1  # no reason, no change
    a_page.keyboard.press("Escape")
    assert site.asked == []
    a_page.get_by_role("button", name="Use", exact=True).click()
    a_page.keyboard.type("the old one is blind on machine 2")
    with a_page.expect_response("**/promote"):
        a_page.get_by_role("button", name="Confirm").click()
    assert site.asked == [("POST", f"models/{NEW}/promote", {"why": "the old one is blind on machine 2"})]


def test_what_is_missing_is_said_and_neither_training_nor_recalibration_offered(a_page: "Page") -> None:
    site = Site(a_page)
    assert a_page.get_by_role("button", name="Train").is_enabled()
    site.told["jobs"]["missing"] = {"train": "there are 3 of 20", "recalibrate": "no exam is confirmed"}
    a_page.reload()
    a_page.get_by_text("Train: not possible yet. There are 3 of 20.").wait_for()
    a_page.get_by_text("Recalibrate: not possible yet. No exam is confirmed.").wait_for()
    assert a_page.get_by_role("button", name="Train").is_disabled()
    assert a_page.get_by_role("button", name="Recalibrate").is_disabled()


def test_a_training_is_started_followed_and_stopped(a_page: "Page") -> None:
    site = Site(a_page)
    a_page.get_by_label("Epochs").fill("7")
    a_page.get_by_label("Ask me before using it").check()
    a_page.get_by_role("button", name="Train").click()
    a_page.wait_for_selector("#doing:has-text('Training: epoch 2 of 8, about 4 minutes left.')")
    assert site.asked == [("POST", "jobs", {"kind": "train", "from_scratch": False, "ask": True, "epochs": 7})]
    assert a_page.evaluate("document.getElementById('progress').value") == 0.25
    a_page.get_by_role("button", name="Stop").click()
    a_page.get_by_role("button", name="Resume").wait_for()
    assert site.asked[1:] == [("DELETE", "jobs/j-1", None)]
