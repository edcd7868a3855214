// The worklist page: the answer of GET mammolens/worklist as a table.

import { createApi } from "../shared/api.js";
import { button, fill, h, row } from "../shared/dom.js";
import { actionOf, keyEntries, WORKLIST_KEYS } from "../shared/keys.js";
import { counted, moment, sentence } from "../shared/text.js";
import { elementsById, showCannotFlag, showError } from "./page.js";
import { offerTheme } from "./theme.js";

const ROWS = 100; // of a page of the list
const POLL_MS = 15000;
const FOLLOW_MS = 2000;
const CONTINUES = " Closing this page does not stop it.";
const STATES = { new: "not analysed yet", running: "being analysed", done: "", failed: "cannot be analysed" };

/** Columns of the table: the title, the cell of an exam, and what to sort by where that makes sense. */
const COLUMNS = [
  { title: "Images", cell: thumbnailsCell },
  {
    title: "Exam",
    key: ({ patient }) => patient,
    cell: ({ viewer, patient }) => h("a", { href: viewer }, patient || "no patient id"),
  },
  { title: "Date", key: (exam) => exam.study_date, cell: (exam) => h("td", { class: "date" }, exam.study_date) },
  { title: "Priors", key: ({ prior_exams: priors }) => priors, cell: ({ prior_exams: priors }) => priors || "" },
  { title: "Views", cell: ({ views }) => views.map((view) => view.replaceAll(" ", "\u00a0")).join(", ") },
  { title: "Score", key: (exam) => exam.exam_decile, cell: scoreCell },
  { title: "Compared with normal exams", key: (exam) => exam.exam_percentile, cell: stateCell },
  { title: "Flag", cell: (exam) => h("td", { class: "flagged" }, exam.exam_is_anomalous && "Flagged") },
  { title: "Verdict", key: (exam) => exam.verdict_label, cell: verdictCell },
  { title: "Problems", cell: problemsCell },
];

/** What can be shown: besides these, each category that the server names. */
const FILTERS = [
  { label: "All exams", keeps: () => true },
  { label: "Flagged", keeps: (exam) => exam.exam_is_anomalous },
  { label: "In progress", keeps: (exam) => exam.in_progress_by?.length },
  { label: "With problems", keeps: (exam) => exam.problems.length },
];

const COLLATOR = new Intl.Collator(undefined, { numeric: true });
const api = createApi({ base: "mammolens" });
const page = elementsById();

let exams = [];
let leftOut = 0;
let passedOver = 0;
let at = 0; // the page of the list
const rows = new Map(); // by exam: its row, and the text of what it shows
let inference = null; // what the server's background inference does
let timer;
const reports = { worklist: "", request: "", failures: "" };
let sorted = null; // by which column; the server's order, the most anomalous first, if null
let descending = false;

async function load() {
  try {
    const worklist = await api.worklist();
    exams = worklist.exams.map((exam) => ({ ...exam, searched: searchText(exam) }));
    page.next.hidden = !worklist.read_next;
    page.next.href = worklist.read_next ?? "";
    showFilters();
    leftOut = worklist.images_left_out;
    passedOver = worklist.files_passed_over;
    page.meaning.textContent = worklist.score_meaning;
    page.model.textContent = `Model ${worklist.model}, calibration ${worklist.calibration}`;
    page.refused.hidden = !worklist.model_refused;
    page.refused.textContent = worklist.model_refused ?? "";
    showCannotFlag(page["cannot-flag"], worklist.cannot_flag);
    page.drift.hidden = !worklist.drift?.alarm;
    page["drift-words"].textContent = sentence(worklist.drift?.sentence);
    report("worklist", "");
  } catch (error) {
    report("worklist", error.message);
  }
  show();
}

function report(about, message) {
  reports[about] = message;
  const messages = Object.values(reports).filter(Boolean);
  showError(page.error, messages.length ? new Error(messages.join(" ")) : null);
}

function searchText(exam) {
  const { patient, study_date: date, views, reviewer, verdict_label: verdict, in_progress_by: readers = [] } = exam;
  return [patient, date, ...views, reviewer, verdict ?? "unreviewed", exam.exam_category_label, ...readers]
    .join(" ")
    .toLowerCase();
}

function chosen() {
  const { keeps } = filters().find(({ label }) => label === page.filter.value) ?? FILTERS[0];
  const terms = page.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  return inOrder().filter((exam) => {
    if ((page.unreviewed.checked && exam.verdict) || !keeps(exam)) {
      return false;
    }
    return terms.every((word) => exam.searched.includes(word));
  });
}

/** The filters, with the categories that exams have. */
function filters() {
  const labels = new Set(exams.map((exam) => exam.exam_category_label).filter(Boolean));
  const ofCategory = (label) => ({ label, keeps: (exam) => exam.exam_category_label === label });
  return [...FILTERS, ...[...labels].toSorted(COLLATOR.compare).map(ofCategory)];
}

function showFilters() {
  const labels = filters().map(({ label }) => label);
  if ([...page.filter.options].map(({ value }) => value).join("\n") !== labels.join("\n")) {
    const selected = page.filter.value;
    fill(
      page.filter,
      labels.map((label) => h("option", { value: label, selected: label === selected }, label)),
    );
  }
}

/** The exams in the order that the person chose; those without a value last, equal ones in the server's order. */
function inOrder() {
  if (!sorted) {
    return exams;
  }
  const compare = (one, other) => {
    const [a, b] = [sorted.key(one) ?? "", sorted.key(other) ?? ""];
    if (a === b) {
      return 0;
    }
    if (a === "" || b === "") {
      return a === "" ? 1 : -1;
    }
    const way = typeof a === "number" ? a - b : COLLATOR.compare(a, b);
    return descending ? -way : way;
  };
  return exams.toSorted(compare);
}

/** A click sorts by the column, another one the other way round, a third one as the server does. */
function sortBy(column) {
  if (sorted !== column) {
    [sorted, descending] = [column, false];
  } else if (descending) {
    [sorted, descending] = [null, false];
  } else {
    descending = true;
  }
  at = 0;
  showColumns();
  show();
}

function showColumns() {
  const focused = document.activeElement?.closest?.("th")?.dataset.title;
  fill(page.columns, COLUMNS.map(heading));
  page.columns.querySelector(`[data-title="${focused}"] button`)?.focus();
}

function heading(column) {
  const { title, key } = column;
  const way = descending ? "descending" : "ascending";
  const name = key ? button(title, () => sortBy(column), { class: "sort" }) : title;
  return h("th", { scope: "col", "data-title": title, "aria-sort": sorted === column ? way : null }, name);
}

function show() {
  const focused = document.activeElement?.closest?.("tr")?.dataset.exam;
  const found = chosen();
  const pages = Math.max(1, Math.ceil(found.length / ROWS));
  at = Math.min(at, pages - 1);
  fill(page.exams, found.slice(at * ROWS, (at + 1) * ROWS).map(examRow));
  if (focused) {
    page.exams.querySelector(`tr[data-exam="${CSS.escape(focused)}"] a`)?.focus();
  }
  page.pages.hidden = pages === 1;
  page.where.textContent = `Page ${at + 1} of ${pages}`;
  page.back.disabled = at === 0;
  page.forth.disabled = at === pages - 1;
  page.status.textContent = summary(found);
  showInference();
}

function showInference() {
  const { active, done, exam, on_arrival: onArrival, sentence: text, total } = inference ?? {};
  const isNew = exams.some(({ state }) => state === "new");
  page.infer.textContent = onArrival && !active ? "Resume analysis" : "Analyse all new";
  page.infer.disabled = isBusy() || !(isNew || (onArrival && !active));
  page.work.hidden = !text;
  page.stop.hidden = !active;
  page.progress.hidden = !exam;
  page.progress.max = total || 1;
  page.progress.value = done ?? 0;
  page.doing.textContent = sentence(text) + (exam && active ? CONTINUES : "");
}

/** Whether exams are being analysed one after the other. */
function isBusy() {
  return Boolean(inference?.exam || inference?.requested);
}

function summary(found) {
  const unreviewed = found.filter((exam) => !exam.verdict).length;
  const parts = [`${found.length} of ${counted(exams.length, "exam")}`, `${unreviewed} unreviewed`];
  if (leftOut) {
    parts.push(`${counted(leftOut, "image")} cannot be analysed`);
  }
  if (passedOver) {
    parts.push(`${counted(passedOver, "other file")} skipped`);
  }
  return exams.length ? `${parts.join(", ")}.` : "No exams yet. New exams appear within seconds.";
}

/** The row of an exam; the same element as long as nothing about the exam changes, so that its pictures stay. */
function examRow(exam) {
  const text = JSON.stringify(exam);
  const known = rows.get(exam.exam);
  if (known?.text === text) {
    return known.element;
  }
  const cells = COLUMNS.map(({ cell }) => cell(exam));
  const element = row(cells, { "data-exam": exam.exam, "data-viewer": exam.viewer });
  rows.set(exam.exam, { text, element });
  return element;
}

/** Small pictures with heat; one that is missing leaves its place empty. */
function thumbnailsCell({ thumbnails = [] }) {
  const onerror = ({ target }) => target.remove();
  const pictures = thumbnails.map(({ address, name }) =>
    h("img", { src: address, alt: name, title: name, loading: "lazy", onerror }),
  );
  return h("td", {}, h("div", { class: "thumbnails" }, pictures));
}

function scoreCell({ exam_decile: score, score_text: title }) {
  return h("td", { class: "score", title }, score ? String(score) : null);
}

function stateCell({ state, sentence: percentile }) {
  const note = STATES[state];
  return h("td", {}, percentile, note && h("span", { class: "faint" }, percentile ? ` (${note})` : note));
}

function problemsCell({ problems }) {
  return h(
    "td",
    { class: "problems faint" },
    problems.map((problem) => h("p", {}, problem)),
  );
}

function verdictCell({
  open,
  in_progress_by: now = [],
  readers,
  verdict,
  verdict_label: label,
  reviewer,
  reviewed_at: reviewedAt,
}) {
  const reading = now.length > 0 && h("p", { class: "faint" }, `In progress: ${now.join(", ")}`);
  if (open) {
    return h("td", { class: "faint" }, `Undecided, read by ${readers.join(", ")}`, reading);
  }
  const title = reviewer ? `${reviewer}, ${moment(reviewedAt)}` : null;
  return h("td", { class: verdict === "normal" ? "normal" : null, title }, label, reading);
}

/** Show what the server's background inference does, as one of the API's functions answers. */
async function follow(ask) {
  const before = inference;
  try {
    inference = await ask();
    report("request", "");
  } catch (error) {
    report("request", error.message);
    return;
  } finally {
    clearTimeout(timer);
    timer = setTimeout(keepFollowing, isBusy() ? FOLLOW_MS : POLL_MS);
  }
  const { failures } = inference;
  const few = failures.slice(0, 3).map(({ patient, reason }) => `${patient}: ${reason}.`);
  report("failures", few.length ? `${counted(failures.length, "exam")} not analysed. ${few.join(" ")}` : "");
  if (before && (before.done !== inference.done || before.active !== inference.active)) {
    await load();
  } else {
    showInference();
  }
}

function keepFollowing() {
  if (document.hidden) {
    timer = setTimeout(keepFollowing, POLL_MS);
    return;
  }
  follow(api.backgroundInference);
}

/** Focus the exam above or below the one that has the focus, also on another page; false where there is none. */
function step(by) {
  const links = [...page.exams.querySelectorAll("tr a")];
  const here = links.indexOf(document.activeElement);
  if (here < 0 && by < 0) {
    return false;
  }
  const next = links[here + by];
  if (next) {
    next.focus();
    return true;
  }
  return turn(by) && Boolean(focusRow(by > 0 ? 0 : -1));
}

function focusRow(index) {
  const link = [...page.exams.querySelectorAll("tr a")].at(index);
  link?.focus();
  return link;
}

/** Show the page before or after; false where there is none. */
function turn(by) {
  const before = at;
  at = Math.max(0, at + by);
  show();
  return at !== before;
}

/** Each returns whether it handled the key; if so, the browser's default is suppressed. */
const ACTIONS = {
  search() {
    const typing = document.activeElement === page.search;
    page.search.focus();
    return !typing;
  },
  nextExam: () => step(1),
  previousExam: () => step(-1),
  nextPage: () => !isTyping() && turn(1) && Boolean(focusRow(0)),
  previousPage: () => !isTyping() && turn(-1) && Boolean(focusRow(0)),
  readNext() {
    if (isTyping() || page.next.hidden) {
      return false;
    }
    location.assign(page.next.href);
    return true;
  },
};

const isTyping = () => document.activeElement === page.search;

document.addEventListener("keydown", (event) => {
  const action = actionOf(WORKLIST_KEYS, event);
  if (action && ACTIONS[action]()) {
    event.preventDefault();
  }
});
page.exams.addEventListener("click", (event) => {
  const viewer = event.target.closest("tr")?.dataset.viewer;
  if (viewer && !event.target.closest("a") && !getSelection().toString()) {
    location.assign(viewer);
  }
});
page.tools.addEventListener("submit", (event) => event.preventDefault());
for (const box of [page.search, page.unreviewed, page.filter]) {
  box.addEventListener("input", () => {
    at = 0;
    show();
  });
}
page.back.addEventListener("click", () => turn(-1));
page.forth.addEventListener("click", () => turn(1));
page.reload.addEventListener("click", load);
page.infer.addEventListener("click", () => follow(api.inferNew));
page.stop.addEventListener("click", () => follow(api.stopInference));
setInterval(() => document.hidden || load(), POLL_MS);
fill(page.keys, keyEntries(WORKLIST_KEYS));
offerTheme(page.theme);
showColumns();
showFilters();
load().then(keepFollowing);
