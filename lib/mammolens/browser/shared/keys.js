// The keyboard shortcuts of our pages and viewers. `key` is KeyboardEvent.key; OHIF's own keys are not among them.

import { h } from "./dom.js";

/** In OHIF, as in 3D Slicer; `action` is a method of ExamController, `result`: it shows or hides the model's result. */
export const EXAM_KEYS = [
  { key: "n", action: "next", label: "Next exam" },
  { key: "p", action: "previous", label: "Previous exam" },
  { key: "h", action: "toggleHeat", label: "Heat on or off", result: true },
  { key: "o", action: "toggleOutlines", label: "Outlines on or off", result: true },
  { key: "b", action: "compareNext", label: "Compare with the prior exam" },
  { key: "c", action: "confirmNormal", label: "Confirm normal" },
  { key: "m", action: "markFinding", label: "Mark finding" },
  { key: "q", action: "markPoorQuality", label: "Poor quality" },
  { key: "u", action: "undo", label: "Undo" },
  { key: "f", action: "fit", label: "Fit all views" },
  { key: "1", action: "pixelByPixel", label: "One image pixel per screen pixel" },
];

/** Of these, the ones in a reader study, whose answers are not decisions. */
export const STUDY_KEYS = EXAM_KEYS.filter(({ action, result }) => result || ["fit", "pixelByPixel"].includes(action));

/** On the worklist. */
export const WORKLIST_KEYS = [
  { key: "/", action: "search", label: "Search" },
  { key: "ArrowDown", action: "nextExam", label: "Next exam" },
  { key: "ArrowUp", action: "previousExam", label: "Previous exam" },
  { key: "PageDown", action: "nextPage", label: "Next page" },
  { key: "PageUp", action: "previousPage", label: "Previous page" },
  { key: "n", action: "readNext", label: "Read next" },
  { key: "Enter", action: null, label: "Open the exam" }, // the browser's own key for links
];

/** Over an image of the page that `mammolens web` serves. */
export const IMAGE_KEYS = [
  { key: "+", action: "zoomIn", label: "Zoom in" },
  { key: "-", action: "zoomOut", label: "Zoom out" },
];

const SYMBOLS = { ArrowDown: "\u2193", ArrowUp: "\u2191", PageDown: "Page Down", PageUp: "Page Up" };

/** The action of an event's key in a table; undefined if it has none. */
export function actionOf(keys, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return undefined;
  }
  return keys.find(({ key }) => key === event.key)?.action ?? undefined;
}

/** List items that describe the shortcuts. */
export function keyEntries(keys) {
  const name = (key) => SYMBOLS[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  return keys.map(({ key, label }) => h("li", {}, h("kbd", {}, name(key)), ` ${label}`));
}
