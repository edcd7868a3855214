// Jobs, models and checks in the words of a radiologist.

import { sentence } from "./words.js";

const CHECKS = {
  held_out_normals: "Patients it was tried on",
  realised_rate: "Normal patients flagged",
  uniform_p_values: "p-values hold",
  same_weights: "Same network as before",
  synthetic_lesions_detected: "Sees planted lesions",
  synthetic_lesions_compared: "Loss on planted lesions",
  marked_findings: "Loss on findings you marked",
  sentinels: "Sentinel exams decided wrongly",
};
const SHARES = new Set(["realised_rate", "sentinels"]);
const STATES = {
  serving: "serves",
  waits: "waits for you",
  refused: "refused",
  former: "served before",
  pretrained: "shipped",
};
const EVENTS = {
  added: "added",
  promoted: "serves from now on",
  refused: "refused",
  waits: "waits for a person",
  rolled_back: "went back to this model",
  found: "found serving",
};
const KINDS = { train: "Training", recalibrate: "Recalibration" };
const DOING = { train: "The model learns.", recalibrate: "The model is calibrated anew." };

export const modelState = ({ state }) => STATES[state] ?? state ?? "";
export const eventName = ({ event, overridden }) =>
  `${EVENTS[event] ?? event}${overridden ? ", against the gate" : ""}`;
export const kindName = ({ kind }) => KINDS[kind] ?? kind;
export const checkName = ({ name }) => CHECKS[name] ?? name.replaceAll("_", " ");

/** The figure of the new model; where a check has none, what is lost against the old one. */
export function candidateFigure({ name, candidate, interval }) {
  if (candidate === null && interval) {
    return `${interval[0].toFixed(2)} to ${interval[1].toFixed(2)}`;
  }
  return figure(name, candidate);
}

/** The figure of the model that served. */
export const servingFigure = ({ name, serving }) => figure(name, serving);

function figure(name, value) {
  if (value === null || value === undefined) {
    return "";
  }
  if (name === "held_out_normals") {
    return String(Math.round(value));
  }
  return SHARES.has(name) ? `${Math.round(100 * value)} %` : value.toFixed(3);
}

/** What a running job does; the server's sentence tells the time that is left, where it is known. */
export const doing = ({ kind, progress }) => sentence(progress?.sentence ?? DOING[kind]);

/** How a job ended, or that it waits. */
export function jobState({ state, outcome, error }) {
  if (state === "queued") {
    return "waits for its turn";
  }
  if (state === "running") {
    return "runs";
  }
  if (state === "stopped") {
    return "stopped";
  }
  if (state === "failed") {
    return `failed: ${error ?? "no reason is known"}`;
  }
  if (outcome?.serves) {
    return "the new model serves";
  }
  if (outcome?.waits) {
    return "the new model waits for a person";
  }
  return outcome?.reason ?? "the old model goes on serving";
}

/** Whether letting a model serve goes against the gate, so that it needs a reason. */
export function needsReason(model, serving) {
  const verdict = model.gate_result;
  return !verdict?.passed || !serving || ![serving.model, serving.model_id].includes(verdict.against);
}
