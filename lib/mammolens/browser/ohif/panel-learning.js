// One calm line about the model that serves, and a small section to have it learn; more on the page /models.

import { button, h } from "../shared/dom.js";
import { doing, needsReason } from "../shared/learning-words.js";

/** Nothing until the server has told. */
export function learningSection(learning) {
  if (!learning.told) {
    return null;
  }
  const { drift } = learning.told;
  const model = learning.serving?.model;
  return h(
    "section",
    { "aria-label": "Model" },
    h("p", { class: "mammolens-hint" }, model ? `Model ${model} serves.` : "No model serves."),
    drift.alarm ? h("p", { class: "mammolens-doubt" }, drift.sentence) : null,
    h(
      "details",
      { open: learning.isOpen, ontoggle: (event) => (learning.isOpen = event.target.open) },
      h("summary", { "data-name": "learning" }, learning.waiting ? "Learning: a new model waits for you" : "Learning"),
      learning.error ? h("p", { class: "mammolens-error", role: "alert" }, learning.error) : null,
      learning.job
        ? running(learning)
        : h(
            "div",
            { class: "mammolens-row" },
            action("train", "Train on confirmed exams", () => learning.train()),
          ),
      learning.waiting ? waiting(learning) : null,
      h("a", { href: "/models" }, "All about the models"),
    ),
  );
}

function running(learning) {
  const { progress } = learning.job;
  return h(
    "div",
    { role: "status" },
    h("p", {}, doing(learning.job)),
    h("progress", { max: 1, value: progress?.share, "aria-label": "Learning" }),
    h(
      "div",
      { class: "mammolens-row" },
      action("stop-learning", "Stop", () => learning.stop()),
    ),
  );
}

/** What the gate let pass can be accepted here; what it did not needs a reason, and the whole picture. */
function waiting(learning) {
  const { gate_result: verdict, model } = learning.waiting;
  const overrules = needsReason(learning.waiting, learning.serving);
  return h(
    "div",
    {},
    h("p", {}, `${model}: ${verdict?.reason ?? "was not compared with the serving model"}.`),
    h(
      "div",
      { class: "mammolens-row" },
      overrules ? null : action("accept", "Accept", () => learning.accept()),
      action("keep", "Keep the old one", () => learning.keepOld()),
    ),
  );
}

const action = (name, label, onclick) => button(label, onclick, { "data-name": name });
