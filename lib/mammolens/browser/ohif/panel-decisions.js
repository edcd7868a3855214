// The reader's decisions.

import { button, h } from "../shared/dom.js";
import { counted, DECISIONS, moment, sentence } from "../shared/text.js";

/** Buttons for the verdicts, the comment, the last decision and an undo button. */
export function decisionsSection(session, controller, comment) {
  const busy = session.busy === "deciding" || session.busy === "inferring";
  const decisions = session.effectiveDecisions;
  const { waiting, failed } = controller.missingViews();
  return h(
    "section",
    { "aria-label": "Decision" },
    h("h3", {}, "Decision"),
    comment,
    h(
      "div",
      { class: "mammolens-row" },
      DECISIONS.map(({ verdict, button: label, hint }) =>
        button(labelOf(verdict, label, controller.regionCount), () => controller.recordDecision(verdict), {
          disabled: busy || waiting.length > 0,
          title: hint,
          "data-name": verdict,
          "aria-pressed": String(session.exam.verdict === verdict),
        }),
      ),
    ),
    waiting.length ? h("p", { class: "mammolens-hint" }, `Not drawn yet: ${namesOf(waiting)}.`) : null,
    failed.map(({ view, reason }) =>
      h("p", { class: "mammolens-error" }, sentence(`${view.name} cannot be drawn: ${reason}`)),
    ),
    decisions.length ? lastOf(decisions, busy, controller) : null,
  );
}

const namesOf = (views) => views.map(({ name }) => name).join(", ");

/** 'Mark finding with 2 regions' */
function labelOf(verdict, label, regions) {
  return verdict === "finding" && regions ? `${label} with ${counted(regions, "region")}` : label;
}

function lastOf(decisions, busy, controller) {
  const last = decisions[decisions.length - 1];
  const words = [
    last.verdict_label,
    last.reviewer && `by ${last.reviewer}`,
    moment(last.time),
    last.regions?.length && counted(last.regions.length, "region"),
  ];
  return h(
    "div",
    { class: "mammolens-decided", role: "status" },
    h("p", {}, words.filter(Boolean).join(", ")),
    last.comment ? h("p", { class: "mammolens-comment" }, last.comment) : null,
    button("Undo", () => controller.undo(), { disabled: busy, "data-name": "undo" }),
  );
}
