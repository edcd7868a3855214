// Labels for jobs and models.

import { sentence } from "./text.js";

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
