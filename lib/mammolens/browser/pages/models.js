// The models page: which model serves, what is learned, how recent exams are, what a person has to say about it.

import { createApi } from "../shared/api.js";
import { button, fill, h, row } from "../shared/dom.js";
import { doing, eventName, jobState, kindName, modelState, needsReason } from "../shared/learning-words.js";
import { moment, sentence } from "../shared/words.js";
import { checksTable } from "./checks.js";
import { histogram } from "./histogram.js";
import { elementsById, tell } from "./page.js";

const ASK_AGAIN_MS = 15000;
const FOLLOW_MS = 2000;
const SHOWN_JOBS = 5;
const SHOWN_EVENTS = 50;
const STOPPABLE = new Set(["running", "queued"]);
const RESUMABLE = new Set(["stopped", "failed"]);

const api = createApi({ base: "mammolens" });
const page = elementsById();
let told = { jobs: { jobs: [], running: null, queued: [] }, models: { models: [], serving: null, history: [] } };
let shown = ""; // what the page was last made of
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
    told = { jobs, models, suspects, drift };
    tell(page.error, null);
  } catch (error) {
    tell(page.error, error);
  }
  show();
  const busy = told.jobs.running || told.jobs.queued.length;
  timer = setTimeout(() => (document.hidden ? later() : load()), busy ? FOLLOW_MS : ASK_AGAIN_MS);
}

function later() {
  document.addEventListener("visibilitychange", load, { once: true });
}

/** Make anew only what has changed: a focus or an open detail stays where it is. */
function show() {
  showJobs();
  const now = JSON.stringify([told.models, told.suspects, told.drift]);
  if (now === shown) {
    return;
  }
  shown = now;
  showModels();
  showDrift();
  showSuspectNormals();
}

function serving() {
  return told.models.models.find(({ model }) => model === told.models.serving);
}

function waiting() {
  return told.models.models.find(({ state }) => state === "waits");
}

function showModels() {
  const { models, history } = told.models;
  const now = serving();
  page.status.textContent = now
    ? `Serves now: ${now.model}${learnedFrom(now) && `, learned from ${learnedFrom(now)}`}.`
    : "No model serves.";
  const due = waiting();
  page.waiting.hidden = !due;
  if (due) {
    const reason = sentence(due.gate_result?.reason ?? "It was not compared with the serving model");
    fill(page["waiting-model"], h("p", {}, `${due.model}. ${reason}`), checksTable(due.gate_result?.checks ?? []));
    page.accept.textContent = needsReason(due, now) ? "Let it serve anyway" : "Accept";
  }
  fill(page.models, models.map(modelRow));
  page.back.disabled = !now || now.state === "pretrained" || !history.length;
  const events = history.slice(0, SHOWN_EVENTS);
  fill(
    page.history,
    events.map((event) => row([moment(event.time), event.version, eventName(event), event.by, sentence(event.why)])),
  );
}

function learnedFrom({ patients, images }) {
  return patients === null || patients === undefined ? "" : `${patients} patients${images ? `, ${images} images` : ""}`;
}

function modelRow(model) {
  const { gate_result: verdict } = model;
  const gateResult =
    verdict &&
    h(
      "details",
      {},
      h("summary", {}, verdict.passed ? "not worse" : "refused"),
      h("p", {}, sentence(verdict.reason)),
      checksTable(verdict.checks),
    );
  const action = model.can_serve && model.state !== "waits" && button("Let it serve", () => promote(model));
  const cells = [model.model, modelState(model), moment(model.added_at), learnedFrom(model), gateResult, action];
  return row(cells, { class: model.state === "serving" ? "current" : null });
}

function showJobs() {
  const { jobs, running, queued } = told.jobs;
  const job = jobs.find((one) => one.job === running);
  page.work.hidden = !job;
  const share = job?.progress?.share;
  if (typeof share === "number") {
    page.progress.value = share;
  } else {
    page.progress.removeAttribute("value");
  }
  const behind = queued.length ? ` ${queued.length} waiting for ${queued.length === 1 ? "its" : "their"} turn.` : "";
  const words = job ? `${doing(job)}${behind}` : behind.trim();
  if (page.doing.textContent !== words) {
    page.doing.textContent = words; // the same once more would be read aloud once more
  }
  page["jobs-table"].hidden = !jobs.length;
  const lines = jobs.slice(0, SHOWN_JOBS);
  const now = JSON.stringify(lines.map(({ job: id, state, outcome, error }) => [id, state, outcome, error]));
  if (now !== page.jobs.dataset.shown) {
    page.jobs.dataset.shown = now;
    fill(page.jobs, lines.map(jobRow));
  }
}

function jobRow(job) {
  let action = null;
  if (STOPPABLE.has(job.state)) {
    action = button("Stop", () => change(() => api.stopJob(job.job)));
  } else if (RESUMABLE.has(job.state)) {
    action = button("Go on", () => change(() => api.resumeJob(job.job)));
  }
  return row([moment(job.asked_at), kindName(job), job.asked_by, sentence(jobState(job)), action]);
}

function showDrift() {
  const { drift } = told;
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
      row([group ?? "not known", String(exams), known ? "yes" : "no"], { class: known ? null : "current" }),
    ),
  );
}

function showSuspectNormals() {
  const exams = told.suspects?.exams ?? [];
  page["second-words"].textContent = exams.length
    ? "Confirmed as normal, but unlike normal exams. They are not used for training until they are confirmed again."
    : "There are no suspect normals.";
  fill(
    page.second,
    exams.map(({ patient, views, reason, viewer }) => {
      const name = h(viewer ? "a" : "span", { href: viewer }, patient || "no patient id");
      return h("li", {}, name, h("span", { class: "faint" }, ` ${views.join(", ")}. ${sentence(reason)}`));
    }),
  );
}

/** Ask for a change, and show what came of it. */
async function change(asked) {
  try {
    await asked();
    await load();
  } catch (error) {
    tell(page.error, error);
    page.error.scrollIntoView({ block: "nearest" });
  }
}

/** Ask for a reason; null where the person cancels. */
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
  const overrules = needsReason(model, serving());
  let why = "";
  if (overrules) {
    why = await reasonFor(
      `Let ${model.model} serve`,
      "Why, although the gate has not let it pass against the model that serves now?",
      true,
    );
  }
  if (why !== null) {
    change(() => api.promote(model.model, why));
  }
}

async function keep() {
  const { model } = waiting();
  const why = await reasonFor("Keep the old model", `Why does ${model} not serve? (optional)`, false);
  if (why !== null) {
    change(() => api.refuse(model, why));
  }
}

async function goBack() {
  const why = await reasonFor("Go back to the model before", "Why?", true);
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
page.back.addEventListener("click", goBack);
load();
