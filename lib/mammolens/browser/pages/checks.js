// What the gate looked at: the old model's figures beside the new one's.

import { candidateFigure, checkName, servingFigure } from "./learning-words.js";
import { element, group, row, sentence } from "./page.js";

/** A table with a row a check; each row's sentence stands below its name. */
export function checksTable(checks) {
  const head = group(
    "tr",
    ["Check", "Old", "New", ""].map((title) => Object.assign(element("th", title), { scope: "col" })),
  );
  const rows = checks.map((check) => {
    const name = group("div", [element("span", checkName(check)), element("p", sentence(check.sentence), "faint")]);
    const cells = [name, servingFigure(check), candidateFigure(check), check.passed ? "good" : "not enough"];
    return row(cells, check.passed ? "" : "news");
  });
  return group("table", [group("thead", [head]), group("tbody", rows)], "checks");
}
