// The reader's decision, and those before it.

import { h } from "./dom.js";
import { moment, VERDICTS } from "./words.js";

const CHOICES = [
  ["normal", "Confirm normal"],
  ["finding", "Mark finding"],
  ["poor_quality", "Poor quality"],
];

const HINTS = { finding: "Regions drawn with OHIF's tools go with it" };

/** Buttons for the verdicts, the comment, what was decided, and a way back. */
export function decisionsSection(session, reading, comment) {
  const busy = session.busy === "deciding" || session.busy === "judging";
  const standing = session.standing;
  return h(
    "section",
    { "aria-label": "Decision" },
    h("h3", {}, "Decision"),
    comment,
    h(
      "div",
      { class: "mammolens-row" },
      CHOICES.map(([verdict, label]) =>
        h(
          "button",
          {
            type: "button",
            disabled: busy,
            title: HINTS[verdict] ?? "",
            "data-name": verdict,
            "aria-pressed": String(session.exam.verdict === verdict),
            onclick: () => reading.decide(verdict),
          },
          label,
        ),
      ),
    ),
    standing.length ? lastOf(standing, busy, session) : null,
  );
}

function lastOf(standing, busy, session) {
  const last = standing[standing.length - 1];
  const words = [VERDICTS[last.verdict] ?? last.verdict, last.reviewer && `by ${last.reviewer}`, moment(last.time)];
  const regions = last.regions?.length ? `, ${last.regions.length} region${last.regions.length > 1 ? "s" : ""}` : "";
  return h(
    "div",
    { class: "mammolens-decided", role: "status" },
    h("p", {}, words.filter(Boolean).join(", ") + regions),
    last.comment ? h("p", { class: "mammolens-comment" }, last.comment) : null,
    h("button", { type: "button", disabled: busy, "data-name": "undo", onclick: () => session.undo() }, "Undo"),
  );
}
