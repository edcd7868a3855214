// The reader's decisions.

import { button, h } from "../shared/dom.js";
import { counted, DECISIONS, moment } from "../shared/text.js";

/** Buttons for the verdicts, the comment, the last decision and an undo button. */
export function decisionsSection(session, controller, comment) {
  const busy = session.busy === "deciding" || session.busy === "inferring";
  const decisions = session.effectiveDecisions;
  return h(
    "section",
    { "aria-label": "Decision" },
    h("h3", {}, "Decision"),
    comment,
    h(
      "div",
      { class: "mammolens-row" },
      DECISIONS.map(({ verdict, button: label, hint }) =>
        button(label, () => controller.recordDecision(verdict), {
          disabled: busy,
          title: hint,
          "data-name": verdict,
          "aria-pressed": String(session.exam.verdict === verdict),
        }),
      ),
    ),
    decisions.length ? lastOf(decisions, busy, session) : null,
  );
}

function lastOf(decisions, busy, session) {
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
    button("Undo", () => session.undo(), { disabled: busy, "data-name": "undo" }),
  );
}
