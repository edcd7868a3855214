// The models page: the model in use, training jobs, drift of recent exams, and approval of new models.

import { createApi } from "../shared/api.js";
import { button, fill, h, row } from "../shared/dom.js";
import { moment, sentence } from "../shared/text.js";
import { checksTable } from "./checks.js";
import { histogram } from "./histogram.js";
import { elementsById, showCannotFlag, showError } from "./page.js";
import { offerTheme } from "./theme.js";

const POLL_MS = 15000;
const POLL_BUSY_MS = 2000;
const SHOWN_JOBS = 5;
const SHOWN_EVENTS = 50;
const STOPPABLE = new Set(["running", "queued"]);
const RESUMABLE = new Set(["stopped", "failed"]);

const api = createApi({ base: "mammolens" });
const page = elementsById();
offerTheme(page.theme);
let data = { jobs: { jobs: [], running: null, queued: [] }, models: { models: [], serving: null, history: [] } };
let shown = ""; // what the page shows now
let timer = 0;

async function load() {
  clearTimeout(timer);
  try {
    const [jobs, models, suspects, drift] = await Promise.all([
      api.jobs(),
      api.models(),
      api.suspectNormals(),
      api.drift(),
    ]);
    data = { jobs, models, suspects, drift };
    showError(page.error, null);
  } catch (error) {
    showError(page.error, error);
  }
  show();
  const busy = data.jobs.running || data.jobs.queued.length;
  timer = setTimeout(() => (document.hidden ? later() : load()), busy ? POLL_BUSY_MS : POLL_MS);
}

function later() {
  document.addEventListener("visibilitychange", load, { once: true });
}

/** Redraw only what has changed, so that focus and open details stay where they are. */
function show() {
  showJobs();
  const now = JSON.stringify([data.models, data.suspects, data.drift]);
  if (now === shown) {
    return;
  }
  shown = now;
  showModels();
  showDrift();
  showSuspectNormals();
}

function serving() {
  return data.models.models.find(({ model }) => model === data.models.serving);
}

function waiting() {
  return data.models.models.find(({ state }) => state === "waits");
}

function showModels() {
  const { models, history, can_roll_back: canRollBack } = data.models;
  const now = serving();
  page.status.textContent = now
    ? `In use: ${now.model}${trainingData(now) && `, trained on ${trainingData(now)}`}.`
    : "No model is in use.";
  showCannotFlag(page["cannot-flag"], data.models.cannot_flag);
  const due = waiting();
  page.waiting.hidden = !due;
  if (due) {
    const reason = sentence(due.gate_result?.reason ?? "The gate has not compared it with the model in use");
    fill(page["waiting-model"], h("p", {}, `${due.model}. ${reason}`), checksTable(due.gate_result?.checks ?? []));
    page.accept.textContent = due.needs_reason ? "Use anyway" : "Accept";
  }
  fill(page.models, models.map(modelRow));
  page.back.disabled = !canRollBack;
  const events = history.slice(0, SHOWN_EVENTS);
  fill(
    page.history,
    events.map((event) => row([moment(event.time), event.version, event.event_label, event.by, sentence(event.why)])),
  );
}

function trainingData({ patients, images }) {
  return patients === null || patients === undefined ? "" : `${patients} patients${images ? `, ${images} images` : ""}`;
}

function modelRow(model) {
  const { gate_result: result } = model;
  const gateResult =
    result &&
    h(
      "details",
      {},
      h("summary", {}, result.passed ? "passed" : "rejected"),
      h("p", {}, sentence(result.reason)),
      checksTable(result.checks),
    );
  const action = model.can_serve && model.state !== "waits" && button("Use", () => promote(model));
  const cells = [model.model, model.state_label, moment(model.added_at), trainingData(model), gateResult, action];
  return row(cells, { class: model.state === "serving" ? "current" : null });
}

function showJobs() {
  const { jobs, running, queued, missing } = data.jobs;
  showMissing(missing ?? {});
  const job = jobs.find((one) => one.job === running);
  page.work.hidden = !job;
  const share = job?.progress?.share;
  if (typeof share === "number") {
    page.progress.value = share;
  } else {
    page.progress.removeAttribute("value");
  }
  const behind = queued.length ? ` ${queued.length} more queued.` : "";
  const words = job ? `${sentence(job.doing)}${behind}` : behind.trim();
  if (page.doing.textContent !== words) {
    page.doing.textContent = words; // screen readers would read the same text again
  }
  page["jobs-table"].hidden = !jobs.length;
  const lines = jobs.slice(0, SHOWN_JOBS);
  const now = JSON.stringify(lines.map(({ job: id, state_label: label }) => [id, label]));
  if (now !== page.jobs.dataset.shown) {
    page.jobs.dataset.shown = now;
    fill(page.jobs, lines.map(jobRow));
  }
}

/** Why a training or a recalibration would be refused; its button is not offered then. */
function showMissing(missing) {
  const now = JSON.stringify(missing);
  if (now === page.missing.dataset.shown) {
    return;
  }
  page.missing.dataset.shown = now;
  page.train.disabled = Boolean(missing.train);
  page.recalibrate.disabled = Boolean(missing.recalibrate);
  fill(
    page.missing,
    Object.entries(missing).map(([kind, reason]) =>
      h("li", {}, `${page[kind].textContent}: not possible yet. ${sentence(reason)}`),
    ),
  );
}

function jobRow(job) {
  let action = null;
  if (STOPPABLE.has(job.state)) {
    action = button("Stop", () => change(() => api.stopJob(job.job)));
  } else if (RESUMABLE.has(job.state)) {
    action = button("Resume", () => change(() => api.resumeJob(job.job)));
  }
  return row([moment(job.asked_at), job.kind_label, job.asked_by, sentence(job.state_label), action]);
}

function showDrift() {
  const { drift } = data;
  page.drift.textContent = sentence(drift?.sentence);
  page.drift.className = drift?.alarm ? "calm" : "";
  const counts = drift?.p_values ?? [];
  page.histogram.hidden = !counts.some(Boolean);
  if (!page.histogram.hidden) {
    fill(page.histogram, histogram(counts));
  }
  const machines = drift?.machines ?? [];
  page["machines-table"].hidden = !machines.length;
  fill(
    page.machines,
    machines.map(({ group, exams, known }) =>
      row([group ?? "manufacturer missing", String(exams), known ? "yes" : "no"], { class: known ? null : "current" }),
    ),
  );
}

function showSuspectNormals() {
  const exams = data.suspects?.exams ?? [];
  page["second-words"].textContent = exams.length
    ? "These exams were confirmed as normal but score unlike normal exams. No model trains on them until a reader confirms them again."
    : "No suspect normals.";
  fill(
    page.second,
    exams.map(({ patient, views, reason, viewer }) => {
      const name = h("a", { href: viewer }, patient || "no patient id");
      return h("li", {}, name, h("span", { class: "faint" }, ` ${views.join(", ")}. ${sentence(reason)}`));
    }),
  );
}

/** Request a change, then show the new state. */
async function change(asked) {
  try {
    await asked();
    await load();
  } catch (error) {
    showError(page.error, error);
    page.error.scrollIntoView({ block: "nearest" });
  }
}

/** Ask for a reason; null if the person cancels. */
function reasonFor(title, label, needed) {
  page["reason-title"].textContent = title;
  page["reason-label"].textContent = label;
  page.why.value = "";
  page.why.required = needed;
  page.reason.returnValue = "";
  page.reason.showModal();
  page.why.focus();
  return new Promise((resolve) => {
    page.reason.addEventListener("close", () => resolve(page.reason.returnValue ? page.why.value.trim() : null), {
      once: true,
    });
  });
}

async function promote(model) {
  let why = "";
  if (model.needs_reason) {
    why = await reasonFor(
      `Use ${model.model}`,
      "The gate has not approved this model against the one in use. Why use it anyway?",
      true,
    );
  }
  if (why !== null) {
    change(() => api.promote(model.model, why));
  }
}

async function keep() {
  const { model } = waiting();
  const why = await reasonFor("Keep the current model", `Why reject ${model}? (optional)`, false);
  if (why !== null) {
    change(() => api.refuse(model, why));
  }
}

async function rollBack() {
  const why = await reasonFor("Roll back to the previous model", "Reason", true);
  if (why !== null) {
    change(() => api.rollBack(why));
  }
}

page.learn.addEventListener("submit", (event) => {
  event.preventDefault();
  const epochs = page.epochs.value ? { epochs: page.epochs.valueAsNumber } : {};
  change(() => api.train({ from_scratch: page.scratch.checked, ask: page.ask.checked, ...epochs }));
});
page.recalibrate.addEventListener("click", () => change(() => api.recalibrate({ ask: page.ask.checked })));
page.accept.addEventListener("click", () => promote(waiting()));
page.keep.addEventListener("click", keep);
page.back.addEventListener("click", rollBack);
load();
