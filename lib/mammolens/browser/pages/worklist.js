// The worklist page: the answer of GET mammolens/worklist as a table.

import { createApi } from "../shared/api.js";
import { fill, h, row } from "../shared/dom.js";
import { actionOf, keyEntries, WORKLIST_KEYS } from "../shared/keys.js";
import { counted, moment, sentence } from "../shared/text.js";
import { elementsById, showCannotFlag, showError } from "./page.js";

const SHOWN_AT_ONCE = 200;
const POLL_MS = 15000;
const UNAVAILABLE = 503; // the PACS or the model is not available
const STOP_AFTER = 2;
const STATES = { new: "not analysed yet", running: "being analysed", done: "", failed: "cannot be analysed" };

/** Columns of the table: the title, and the cell of an exam. */
const COLUMNS = [
  {
    title: "Exam",
    cell: ({ viewer, patient }) => h(viewer ? "a" : "span", { href: viewer }, patient || "no patient id"),
  },
  { title: "Date", cell: (exam) => h("td", { class: "date" }, exam.study_date) },
  { title: "Views", cell: ({ views }) => views.map((view) => view.replaceAll(" ", "\u00a0")).join(", ") },
  { title: "Compared with normal exams", cell: stateCell },
  { title: "Flag", cell: (exam) => h("td", { class: "flagged" }, exam.exam_is_anomalous && "Flagged") },
  { title: "Verdict", cell: verdictCell },
  { title: "Problems", cell: problemsCell },
];

const api = createApi({ base: "mammolens" });
const page = elementsById();

let exams = [];
let leftOut = 0;
let passedOver = 0;
let shown = SHOWN_AT_ONCE;
let stopped = true;

async function load() {
  try {
    const worklist = await api.worklist();
    exams = worklist.exams;
    leftOut = worklist.images_left_out;
    passedOver = worklist.files_passed_over;
    page.model.textContent = `Model ${worklist.model}, calibration ${worklist.calibration}`;
    page.refused.hidden = !worklist.model_refused;
    page.refused.textContent = worklist.model_refused ?? "";
    showCannotFlag(page["cannot-flag"], worklist.cannot_flag);
    page.drift.hidden = !worklist.drift?.alarm;
    page["drift-words"].textContent = sentence(worklist.drift?.sentence);
    showError(page.error, null);
  } catch (error) {
    showError(page.error, error);
  }
  show();
}

function searchText(exam) {
  return [exam.patient, exam.study_date, ...exam.views, exam.reviewer, exam.verdict_label ?? "unreviewed"]
    .join(" ")
    .toLowerCase();
}

function chosen() {
  const terms = page.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  return exams.filter((exam) => {
    if (page.unreviewed.checked && exam.verdict) {
      return false;
    }
    const text = searchText(exam);
    return terms.every((word) => text.includes(word));
  });
}

function show() {
  const focused = document.activeElement?.closest?.("tr")?.dataset.exam;
  const found = chosen();
  fill(page.exams, found.slice(0, shown).map(examRow));
  if (focused) {
    page.exams.querySelector(`tr[data-exam="${focused}"] a`)?.focus();
  }
  page.more.hidden = found.length <= shown;
  page.infer.disabled = !stopped || !exams.some((exam) => exam.state === "new");
  if (stopped) {
    page.status.textContent = summary(found);
  }
}

function summary(found) {
  const unreviewed = found.filter((exam) => !exam.verdict).length;
  const parts = [`${found.length} of ${counted(exams.length, "exam")}`, `${unreviewed} unreviewed`];
  if (leftOut) {
    parts.push(`${counted(leftOut, "image")} cannot be analysed`);
  }
  if (passedOver) {
    parts.push(`${counted(passedOver, "other file")} passed over`);
  }
  return exams.length ? `${parts.join(", ")}.` : "No exams yet. New exams appear within seconds.";
}

function examRow(exam) {
  const cells = COLUMNS.map(({ cell }) => cell(exam));
  return row(cells, { "data-exam": exam.exam, "data-viewer": exam.viewer });
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

function verdictCell({ open, readers, verdict, verdict_label: label, reviewer, reviewed_at: reviewedAt }) {
  if (open) {
    return h("td", { class: "faint" }, `Undecided, read by ${readers.join(", ")}`);
  }
  const title = reviewer ? `${reviewer}, ${moment(reviewedAt)}` : null;
  return h("td", { class: verdict === "normal" ? "normal" : null, title }, label);
}

async function inferAll() {
  const due = exams.filter((exam) => exam.state === "new");
  const failures = [];
  let failedInRow = 0; // answers 503 in a row: each may have taken as long as the PACS timeout
  let stopReason = "";
  stopped = false;
  page.work.hidden = false;
  page.progress.max = due.length;
  for (const [done, exam] of due.entries()) {
    if (stopped) {
      break;
    }
    page.progress.value = done;
    page.status.textContent = `Analysing exam ${done + 1} of ${due.length}: ${exam.patient} ...`;
    try {
      const answer = await api.infer(exam.exam);
      exams = exams.filter((one) => one.exam !== answer.exam).toSpliced(answer.rank - 1, 0, answer);
      show();
      failedInRow = 0;
    } catch (error) {
      failures.push(`${exam.patient}: ${error.message}`);
      failedInRow = error.status === UNAVAILABLE ? failedInRow + 1 : 0;
      if (failedInRow === STOP_AFTER) {
        stopReason = `Stopped: the server cannot analyse exams at present; ${due.length - done - 1} not attempted. `;
        break;
      }
    }
  }
  stopped = true;
  page.work.hidden = true;
  await load();
  if (failures.length) {
    showError(page.error, new Error(`${stopReason}${failures.length} not analysed. ${failures.slice(0, 3).join(" ")}`));
  }
}

/** Focus the exam above or below the one that has the focus; false where there is none. */
function step(by) {
  const links = [...page.exams.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  const next = at < 0 && by < 0 ? undefined : links[at + by];
  next?.focus();
  return Boolean(next);
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
};

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
for (const box of [page.search, page.unreviewed]) {
  box.addEventListener("input", () => {
    shown = SHOWN_AT_ONCE;
    show();
  });
}
page.more.addEventListener("click", () => {
  shown += SHOWN_AT_ONCE;
  show();
});
page.reload.addEventListener("click", load);
page.infer.addEventListener("click", inferAll);
page.stop.addEventListener("click", () => {
  stopped = true;
  page.status.textContent = "Stopping after this exam ...";
});
setInterval(() => {
  if (stopped && !document.hidden) {
    load();
  }
}, POLL_MS);
fill(page.keys, keyEntries(WORKLIST_KEYS));
fill(
  page.columns,
  COLUMNS.map(({ title }) => h("th", { scope: "col" }, title)),
);
load();
