// The patient's prior exams, and whether one is on the screen.

import { button, h } from "../shared/dom.js";
import { COMPARISONS } from "./priors.js";

/** The list of priors, and what is compared; nothing if the patient has none. */
export function priorsSection(exam, controller) {
  const { priors, prior_cautions: cautions } = exam;
  if (!priors.length && !cautions.length) {
    return null;
  }
  const chosen = controller.prior;
  return h(
    "section",
    { class: "mammolens-viewing", "aria-label": "Prior exams" },
    h("h3", {}, "Prior exams"),
    priors.length > 0 && [
      h(
        "div",
        { role: "radiogroup", "aria-label": "Prior exam" },
        priors.map((prior) => entry(prior, prior === chosen, controller)),
      ),
      h(
        "div",
        { class: "mammolens-row", role: "group", "aria-label": "Comparison" },
        COMPARISONS.map(({ id, label, title }) =>
          button(label, () => controller.compare(id), {
            title,
            "data-name": `compare ${id}`,
            disabled: id !== "current" && !chosen.views.length,
            "aria-pressed": String(id === controller.comparison),
          }),
        ),
      ),
      chosen.unmatched.length > 0 &&
        h("p", { class: "mammolens-doubt" }, `No comparable prior view: ${chosen.unmatched.join(", ")}.`),
      chosen.state === "new" &&
        button("Analyse the prior", () => controller.inferPrior(), {
          "data-name": "infer prior",
          disabled: controller.session.busy !== null,
        }),
      h("p", { class: "mammolens-hint" }, "Prior exams do not affect score, category or flag."),
    ],
    cautions.map((caution) => h("p", { class: "mammolens-doubt" }, caution)),
  );
}

function entry(prior, checked, controller) {
  const { exam, study_date: day, score_text: score, state, verdict_label: verdict } = prior;
  const about = [score ?? (state === "failed" ? "cannot be analysed" : "not analysed"), verdict];
  return h(
    "label",
    {},
    h("input", {
      type: "radio",
      name: "mammolens-prior",
      checked,
      "data-name": `prior ${exam}`,
      onchange: () => controller.choosePrior(exam),
    }),
    day,
    h("small", {}, about.filter(Boolean).join(", ")),
  );
}
