// The worklist page: what GET mammolens/worklist tells, as a table; plain JavaScript, nothing from elsewhere.

import { asked, element, sent, sentence, tell } from "./page.js";

const SHOWN_AT_ONCE = 200;
const ASK_AGAIN_MS = 15000;
const UNAVAILABLE = 503; // the PACS or the model is away
const AWAY_AFTER = 2;
const VERDICTS = { normal: "Normal", finding: "Finding", poor_quality: "Poor quality" };
const STATES = { new: "not judged yet", judging: "being judged", judged: "", failed: "cannot be judged" };

const page = Object.fromEntries(
  [
    "search",
    "unreviewed",
    "judge",
    "reload",
    "work",
    "progress",
    "stop",
    "status",
    "error",
    "drift",
    "drift-words",
    "exams",
    "more",
    "model",
  ].map((id) => [id, document.getElementById(id)]),
);

let exams = [];
let leftOut = 0;
let shown = SHOWN_AT_ONCE;
let stopped = true;

async function load() {
  try {
    const worklist = await asked("mammolens/worklist");
    exams = worklist.exams;
    leftOut = worklist.images_left_out;
    page.model.textContent = `Model ${worklist.model}, calibration ${worklist.calibration}`;
    page.drift.hidden = !worklist.drift?.alarm;
    page["drift-words"].textContent = sentence(worklist.drift?.sentence);
    tell(page.error, null);
  } catch (error) {
    tell(page.error, error);
  }
  show();
}

function words(exam) {
  return [exam.patient, exam.study_date, ...exam.views, exam.reviewer, VERDICTS[exam.verdict] ?? "unreviewed"]
    .join(" ")
    .toLowerCase();
}

function chosen() {
  const wanted = page.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  return exams.filter((exam) => {
    if (page.unreviewed.checked && exam.verdict) return false;
    const said = words(exam);
    return wanted.every((word) => said.includes(word));
  });
}

function show() {
  const focused = document.activeElement?.closest?.("tr")?.dataset.exam;
  const found = chosen();
  page.exams.replaceChildren(...found.slice(0, shown).map(row));
  if (focused) page.exams.querySelector(`tr[data-exam="${focused}"] a`)?.focus();
  page.more.hidden = found.length <= shown;
  page.judge.disabled = !stopped || !exams.some((exam) => exam.state === "new");
  if (stopped) page.status.textContent = summary(found);
}

function summary(found) {
  const unreviewed = found.filter((exam) => !exam.verdict).length;
  const parts = [`${found.length} of ${exams.length} exams`, `${unreviewed} unreviewed`];
  if (leftOut)
    parts.push(`${leftOut} ${leftOut === 1 ? "image is no mammogram" : "images are no mammograms"} that can be judged`);
  return exams.length ? `${parts.join(", ")}.` : "No exams here yet; new ones are seen within seconds.";
}

function row(exam) {
  const line = element("tr");
  line.dataset.exam = exam.exam;
  const name = element("td");
  if (exam.viewer) {
    const link = element("a", exam.patient || "no patient id");
    link.href = exam.viewer;
    name.append(link);
    line.dataset.viewer = exam.viewer;
  } else {
    name.textContent = exam.patient || "no patient id";
  }
  const number = element("td", exam.sentence ?? "");
  const state = STATES[exam.state];
  if (state) number.append(element("span", exam.sentence ? ` (${state})` : state, "faint"));
  const flag = element("td", exam.exam_is_anomalous ? "Flagged" : "", "flagged");
  const views = exam.views.map((view) => view.replaceAll(" ", "\u00a0")).join(", ");
  line.append(
    name,
    element("td", exam.study_date ?? "", "date"),
    element("td", views),
    number,
    flag,
    verdict(exam),
    problems(exam),
  );
  return line;
}

function verdict(exam) {
  if (exam.open) return element("td", `Open, read by ${exam.readers.join(", ")}`, "faint");
  const cell = element("td", VERDICTS[exam.verdict] ?? "", exam.verdict === "normal" ? "normal" : "");
  if (exam.reviewer) cell.title = `${exam.reviewer}, ${new Date(exam.reviewed_at).toLocaleString()}`;
  return cell;
}

function problems(exam) {
  const cell = element("td", "", "problems faint");
  cell.append(...exam.problems.map((problem) => element("p", problem)));
  return cell;
}

async function judgeAll() {
  const due = exams.filter((exam) => exam.state === "new");
  const failures = [];
  let away = 0; // answers 503 one after the other: each may have taken as long as the PACS is waited for
  let gaveUp = "";
  stopped = false;
  page.work.hidden = false;
  page.progress.max = due.length;
  for (const [done, exam] of due.entries()) {
    if (stopped) break;
    page.progress.value = done;
    page.status.textContent = `Judging exam ${done + 1} of ${due.length}: ${exam.patient} ...`;
    try {
      const told = await sent(`mammolens/exams/${exam.exam}/judge`);
      exams = exams.map((one) => (one.exam === told.exam ? told : one));
      show();
      away = 0;
    } catch (error) {
      failures.push(`${exam.patient}: ${error.message}`);
      away = error.status === UNAVAILABLE ? away + 1 : 0;
      if (away === AWAY_AFTER) {
        gaveUp = `Stopped, since nothing can be judged now; ${due.length - done - 1} more are left. `;
        break;
      }
    }
  }
  stopped = true;
  page.work.hidden = true;
  await load();
  if (failures.length)
    tell(page.error, new Error(`${gaveUp}${failures.length} not judged. ${failures.slice(0, 3).join(" ")}`));
}

function stepBetweenExams(event) {
  const links = [...page.exams.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  const next = links[event.key === "ArrowDown" ? at + 1 : at - 1];
  if (!next || (at < 0 && event.key === "ArrowUp")) return;
  event.preventDefault();
  next.focus();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement && event.target.type === "search";
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !typing) {
    event.preventDefault();
    page.search.focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    stepBetweenExams(event);
  }
});
page.exams.addEventListener("click", (event) => {
  const viewer = event.target.closest("tr")?.dataset.viewer;
  if (viewer && !event.target.closest("a") && !getSelection().toString()) location.assign(viewer);
});
document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
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
page.judge.addEventListener("click", judgeAll);
page.stop.addEventListener("click", () => {
  stopped = true;
  page.status.textContent = "Stopping after this exam ...";
});
setInterval(() => {
  if (stopped && !document.hidden) load();
}, ASK_AGAIN_MS);
load();
