// The gate's checks: figures of the model in use beside those of the candidate.

import { h, row } from "../shared/dom.js";
import { sentence } from "../shared/text.js";

/** A table with a row for each check; its sentence is below its name. */
export function checksTable(checks) {
  const head = ["Check", "In use", "Candidate", "Result"].map((title) => h("th", { scope: "col" }, title));
  const rows = checks.map((check) => {
    const name = h("div", {}, check.label, h("p", { class: "faint" }, sentence(check.sentence)));
    const cells = [name, check.serving_text, check.candidate_text, check.outcome_label];
    return row(cells, { class: check.passed ? null : "news" });
  });
  return h("table", { class: "checks" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows));
}
