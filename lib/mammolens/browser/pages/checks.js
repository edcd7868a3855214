// What the gate looked at: the old model's figures beside the new one's.

import { h, row } from "../shared/dom.js";
import { candidateFigure, checkName, servingFigure } from "../shared/learning-words.js";
import { sentence } from "../shared/words.js";

/** A table with a row a check; each row's sentence stands below its name. */
export function checksTable(checks) {
  const head = ["Check", "Old", "New", ""].map((title) => h("th", { scope: "col" }, title));
  const rows = checks.map((check) => {
    const name = h("div", {}, checkName(check), h("p", { class: "faint" }, sentence(check.sentence)));
    const cells = [name, servingFigure(check), candidateFigure(check), check.passed ? "good" : "not enough"];
    return row(cells, { class: check.passed ? null : "news" });
  });
  return h("table", { class: "checks" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows));
}
