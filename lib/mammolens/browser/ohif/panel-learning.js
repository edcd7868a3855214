// The model in use and a small section for training; the page /models has the rest.

import { button, h } from "../shared/dom.js";
import { sentence } from "../shared/text.js";

/** Null until the server has answered. */
export function learningSection(learning) {
  if (!learning.data) {
    return null;
  }
  const { drift } = learning.data;
  const model = learning.serving?.model;
  return h(
    "section",
    { "aria-label": "Model" },
    h("p", { class: "mammolens-hint" }, model ? `Model ${model} is in use.` : "No model is in use."),
    drift.alarm ? h("p", { class: "mammolens-doubt" }, drift.sentence) : null,
    h(
      "details",
      { open: learning.isOpen, ontoggle: (event) => (learning.isOpen = event.target.open) },
      h(
        "summary",
        { "data-name": "learning" },
        learning.waiting ? "Training: a new model awaits your approval" : "Training",
      ),
      learning.error ? h("p", { class: "mammolens-error", role: "alert" }, learning.error) : null,
      learning.job
        ? running(learning)
        : h(
            "div",
            { class: "mammolens-row" },
            action("train", "Train on confirmed exams", () => learning.train()),
          ),
      learning.waiting ? waiting(learning) : null,
      h("a", { href: "/models" }, "All models"),
    ),
  );
}

function running(learning) {
  const { progress } = learning.job;
  return h(
    "div",
    { role: "status" },
    h("p", {}, sentence(learning.job.doing)),
    h("progress", { max: 1, value: progress?.share, "aria-label": "Training progress" }),
    h(
      "div",
      { class: "mammolens-row" },
      action("stop-learning", "Stop", () => learning.stop()),
    ),
  );
}

/** Models that passed the gate can be accepted here; overriding the gate needs a reason, which the page /models asks for. */
function waiting(learning) {
  const { gate_result: result, model, needs_reason: overrides } = learning.waiting;
  return h(
    "div",
    {},
    h("p", {}, `${model}: ${result?.reason ?? "not compared with the model in use"}.`),
    h(
      "div",
      { class: "mammolens-row" },
      overrides ? null : action("accept", "Accept", () => learning.accept()),
      action("keep", "Keep the current model", () => learning.reject()),
    ),
  );
}

const action = (name, label, onclick) => button(label, onclick, { "data-name": name });
