// A case of a blind reader study: the question, the reader's answer, and what is left to read.

import { button, h } from "../shared/dom.js";

/** Which case this is, and how it is read; `over`: why there is no case after it now. */
export function caseSection({ study, session, number, total, heat }, over) {
  const how = heat ? "with the model's result" : "without the model's result";
  return h(
    "header",
    { class: "mammolens-exam" },
    h("h2", {}, `Reader study ${study}`),
    h("p", { class: "mammolens-score" }, `Case ${number} of ${total}, session ${session}`),
    h("p", {}, `Read ${how}.`),
    over && h("p", { role: "status" }, h("b", {}, over)),
  );
}

/** Question, likelihood, recall, comment, and the button that submits them. */
export function answerSection(session, answer, waiting, comment) {
  const { likelihood, recall } = answer;
  const busy = session.busy !== null;
  return h(
    "section",
    { "aria-label": "Answer", class: "mammolens-answer" },
    h("h3", {}, session.case.question),
    h(
      "label",
      { class: "mammolens-likelihood" },
      h("input", {
        type: "range",
        min: 0,
        max: 100,
        value: likelihood ?? 50,
        "data-name": "likelihood",
        "aria-label": "Likelihood from 0 to 100",
        onchange: (event) => answer.set({ likelihood: event.target.valueAsNumber }),
      }),
      h("output", {}, likelihood === null ? "not answered" : String(likelihood)),
    ),
    h(
      "div",
      { role: "radiogroup", "aria-label": "Recall", class: "mammolens-row" },
      choice("recall", "Recall", recall === true, () => answer.set({ recall: true })),
      choice("no recall", "No recall", recall === false, () => answer.set({ recall: false })),
    ),
    comment,
    h(
      "div",
      { class: "mammolens-row" },
      button("Submit and open the next case", () => answer.submit(comment.value.trim()), {
        disabled: busy || waiting.length > 0 || likelihood === null || recall === null,
        "data-name": "submit",
      }),
    ),
    h(
      "p",
      { class: "mammolens-hint" },
      waiting.length
        ? `Not drawn yet: ${waiting.map(({ name }) => name).join(", ")}.`
        : "A submitted answer cannot be changed.",
    ),
  );
}

function choice(name, label, checked, changed) {
  const radio = h("input", { type: "radio", name: "mammolens-recall", checked, "data-name": name, onchange: changed });
  return h("label", {}, radio, ` ${label}`);
}
