// The models page: which model serves, what is learned, how recent exams are, what a person has to say about it.

import { checksTable } from "./checks.js";
import { histogram } from "./histogram.js";
import { doing, eventName, jobState, kindName, modelState, needsReason } from "./learning-words.js";
import { asked, element, group, moment, row, sent, sentence, tell } from "./page.js";

const ASK_AGAIN_MS = 15000;
const FOLLOW_MS = 2000;
const SHOWN_JOBS = 5;
const SHOWN_EVENTS = 50;
const RESUMABLE = new Set(["stopped", "failed"]);

const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((place) => [place.id, place]));
let told = { jobs: { jobs: [], running: null, queued: [] }, models: { models: [], serving: null, history: [] } };
let shown = ""; // what the page was last made of
let timer = 0;

async function load() {
  clearTimeout(timer);
  try {
    const [jobs, models, look, drift] = await Promise.all(
      ["jobs", "models", "second-look", "drift"].map((name) => asked(`mammolens/${name}`)),
    );
    told = { jobs, models, look, drift };
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
  const now = JSON.stringify([told.models, told.look, told.drift]);
  if (now === shown) return;
  shown = now;
  showModels();
  showDrift();
  showSecondLook();
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
    page["waiting-model"].replaceChildren(
      element("p", `${due.model}. ${sentence(due.verdict?.reason ?? "It was not set against the serving model")}`),
      checksTable(due.verdict?.checks ?? []),
    );
    page.accept.textContent = needsReason(due, now) ? "Let it serve anyway" : "Accept";
  }
  page.models.replaceChildren(...models.map(modelRow));
  page.back.disabled = !now || now.state === "pretrained" || !history.length;
  page.history.replaceChildren(
    ...history
      .slice(0, SHOWN_EVENTS)
      .map((entry) => row([moment(entry.time), entry.version, eventName(entry), entry.by, sentence(entry.why)])),
  );
}

function learnedFrom({ patients, images }) {
  return patients === null || patients === undefined ? "" : `${patients} patients${images ? `, ${images} images` : ""}`;
}

function modelRow(model) {
  const { verdict } = model;
  const judged = verdict
    ? group("details", [
        element("summary", verdict.passed ? "not worse" : "refused"),
        element("p", sentence(verdict.reason)),
        checksTable(verdict.checks),
      ])
    : "";
  let action = "";
  if (model.can_serve && model.state !== "waits") {
    action = element("button", "Let it serve");
    action.addEventListener("click", () => promote(model));
  }
  const cells = [model.model, modelState(model), moment(model.added_at), learnedFrom(model), judged, action];
  return row(cells, model.state === "serving" ? "current" : "");
}

function showJobs() {
  const { jobs, running, queued } = told.jobs;
  const job = jobs.find((one) => one.job === running);
  page.work.hidden = !job;
  const share = job?.progress?.share;
  if (typeof share === "number") page.progress.value = share;
  else page.progress.removeAttribute("value");
  const behind = queued.length ? ` ${queued.length} waiting for ${queued.length === 1 ? "its" : "their"} turn.` : "";
  const words = job ? `${doing(job)}${behind}` : behind.trim();
  if (page.doing.textContent !== words) page.doing.textContent = words;
  page["jobs-table"].hidden = !jobs.length;
  const lines = jobs.slice(0, SHOWN_JOBS);
  const now = JSON.stringify(lines.map(({ job: id, state, outcome, error }) => [id, state, outcome, error]));
  if (now !== page.jobs.dataset.shown) {
    page.jobs.dataset.shown = now;
    page.jobs.replaceChildren(...lines.map(jobRow));
  }
}

function jobRow(job) {
  let action = "";
  if (["running", "queued"].includes(job.state)) {
    action = element("button", "Stop");
    action.addEventListener("click", () => change(`jobs/${encodeURIComponent(job.job)}`, {}, "DELETE"));
  } else if (RESUMABLE.has(job.state)) {
    action = element("button", "Go on");
    action.addEventListener("click", () => change(`jobs/${encodeURIComponent(job.job)}/resume`));
  }
  return row([moment(job.asked_at), kindName(job), job.asked_by, sentence(jobState(job)), action]);
}

function showDrift() {
  const { drift } = told;
  page.drift.textContent = sentence(drift?.sentence);
  page.drift.className = drift?.alarm ? "calm" : "";
  const counts = drift?.p_values ?? [];
  page.histogram.hidden = !counts.some(Boolean);
  if (!page.histogram.hidden) page.histogram.replaceChildren(...histogram(counts));
  const machines = drift?.machines ?? [];
  page["machines-table"].hidden = !machines.length;
  page.machines.replaceChildren(
    ...machines.map(({ group: name, exams, known }) =>
      row([name ?? "not known", String(exams), known ? "yes" : "no"], known ? "" : "current"),
    ),
  );
}

function showSecondLook() {
  const exams = told.look?.exams ?? [];
  page["second-words"].textContent = exams.length
    ? "Accepted as normal, but unlike normal exams. No model learns from them until they are confirmed once more."
    : "No exam needs a second look.";
  page.second.replaceChildren(
    ...exams.map(({ patient, views, reason, viewer }) => {
      const name = element(viewer ? "a" : "span", patient || "no patient id");
      if (viewer) name.href = viewer;
      return group("li", [name, element("span", ` ${(views ?? []).join(", ")}. ${sentence(reason)}`, "faint")]);
    }),
  );
}

/** Ask for a change, and show what came of it. */
async function change(address, wanted = {}, method = "POST") {
  try {
    await sent(`mammolens/${address}`, wanted, method);
    await load();
  } catch (error) {
    tell(page.error, error);
    page.error.scrollIntoView({ block: "nearest" });
  }
}

/** Ask for a reason; null where the person changed her mind. */
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
  if (overrules)
    why = await reasonFor(
      `Let ${model.model} serve`,
      "Why, although the gate has not let it pass against the model that serves now?",
      true,
    );
  if (why !== null) change(`models/${encodeURIComponent(model.model)}/promote`, { why });
}

async function keep() {
  const { model } = waiting();
  const why = await reasonFor("Keep the old model", `Why does ${model} not serve? (optional)`, false);
  if (why !== null) change(`models/${encodeURIComponent(model)}/refuse`, { why });
}

async function goBack() {
  const why = await reasonFor("Go back to the model before", "Why?", true);
  if (why !== null) change("models/rollback", { why });
}

page.learn.addEventListener("submit", (event) => {
  event.preventDefault();
  const epochs = page.epochs.value ? { epochs: page.epochs.valueAsNumber } : {};
  change("jobs", { kind: "train", from_scratch: page.scratch.checked, ask: page.ask.checked, ...epochs });
});
page.recalibrate.addEventListener("click", () => change("jobs", { kind: "recalibrate", ask: page.ask.checked }));
page.accept.addEventListener("click", () => promote(waiting()));
page.keep.addEventListener("click", keep);
page.back.addEventListener("click", goBack);
load();
