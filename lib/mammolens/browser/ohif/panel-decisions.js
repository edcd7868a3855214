// The reader's decision, and those before it.

import { button, h } from "../shared/dom.js";
import { counted, DECISIONS, moment, verdictLabel } from "../shared/words.js";

/** Buttons for the verdicts, the comment, what was decided, and a way back. */
export function decisionsSection(session, reading, comment) {
  const busy = session.busy === "deciding" || session.busy === "inferring";
  const standing = session.standing;
  return h(
    "section",
    { "aria-label": "Decision" },
    h("h3", {}, "Decision"),
    comment,
    h(
      "div",
      { class: "mammolens-row" },
      DECISIONS.map(({ verdict, button: label, hint }) =>
        button(label, () => reading.decide(verdict), {
          disabled: busy,
          title: hint,
          "data-name": verdict,
          "aria-pressed": String(session.exam.verdict === verdict),
        }),
      ),
    ),
    standing.length ? lastOf(standing, busy, session) : null,
  );
}

function lastOf(standing, busy, session) {
  const last = standing[standing.length - 1];
  const words = [
    verdictLabel(last.verdict),
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
