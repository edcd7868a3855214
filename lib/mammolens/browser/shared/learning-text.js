// Labels for jobs, models and gate checks.

import { sentence } from "./text.js";

const CHECKS = {
  held_out_normals: "Held-out patients",
  realised_rate: "Normal patients flagged",
  uniform_p_values: "p-values uniform",
  same_weights: "Same weights",
  synthetic_lesions_detected: "Detects synthetic lesions",
  synthetic_lesions_compared: "Loss on synthetic lesions",
  marked_findings: "Loss on marked findings",
  sentinels: "Sentinel exams misclassified",
};
const SHARES = new Set(["realised_rate", "sentinels"]);
const STATES = {
  serving: "in use",
  waits: "awaits approval",
  refused: "rejected",
  former: "previously used",
  pretrained: "shipped",
};
const EVENTS = {
  added: "added",
  promoted: "put in use",
  refused: "rejected",
  waits: "awaits approval",
  rolled_back: "rolled back to",
  found: "found in use",
};
const KINDS = { train: "Training", recalibrate: "Recalibration" };
const DOING = { train: "Training the model.", recalibrate: "Recalibrating the model." };

export const modelState = ({ state }) => STATES[state] ?? state ?? "";
export const eventName = ({ event, overridden }) =>
  `${EVENTS[event] ?? event}${overridden ? ", overriding the gate" : ""}`;
export const kindName = ({ kind }) => KINDS[kind] ?? kind;
export const checkName = ({ name }) => CHECKS[name] ?? name.replaceAll("_", " ");

/** The candidate's figure; if a check has none, the interval of its loss against the model in use. */
export function candidateFigure({ name, candidate, interval }) {
  if (candidate === null && interval) {
    return `${interval[0].toFixed(2)} to ${interval[1].toFixed(2)}`;
  }
  return figure(name, candidate);
}

/** The figure of the model in use. */
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

/** What a running job is doing; the server's sentence includes the time left if it is known. */
export const doing = ({ kind, progress }) => sentence(progress?.sentence ?? DOING[kind]);

/** The status of a job. */
export function jobState({ state, outcome, error }) {
  if (state === "queued") {
    return "queued";
  }
  if (state === "running") {
    return "running";
  }
  if (state === "stopped") {
    return "stopped";
  }
  if (state === "failed") {
    return `failed: ${error ?? "unknown reason"}`;
  }
  if (outcome?.serves) {
    return "the new model is in use";
  }
  if (outcome?.waits) {
    return "the new model awaits approval";
  }
  return outcome?.reason ?? "the current model stays in use";
}

/** Whether using a model overrides the gate and so needs a reason. */
export function needsReason(model, serving) {
  const result = model.gate_result;
  return !result?.passed || !serving || ![serving.model, serving.model_id].includes(result.against);
}
