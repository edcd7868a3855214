// The model's results for the exam, its breasts and views, and the findings.

import { button, h } from "../shared/dom.js";
import { cellsOf } from "./hanging-protocol.js";

/** The exam's score, category, flag and breasts. */
export function examSection(exam) {
  const flag = { true: "Flagged", false: "Not flagged" }[exam.exam_is_anomalous];
  return h(
    "header",
    { class: "mammolens-exam" },
    h("h2", {}, [exam.patient, exam.study_date].filter(Boolean).join(", ")),
    exam.score_text && h("p", { class: "mammolens-score", title: exam.score_meaning }, exam.score_text),
    exam.sentence && h("p", { class: "mammolens-sentence" }, exam.sentence),
    flag &&
      h(
        "p",
        { class: "mammolens-flag", "data-flagged": exam.exam_is_anomalous, title: exam.decision_rule ?? "" },
        flag,
      ),
    h("ul", {}, exam.breasts.filter(({ sentence }) => sentence).map(breast)),
    exam.missing.length > 0 && h("p", { class: "mammolens-doubt" }, `Missing views: ${exam.missing.join(", ")}.`),
    exam.technical_quality && h("p", {}, exam.technical_quality),
    exam.problems.map((problem) => h("p", { class: "mammolens-error" }, problem)),
  );
}

function breast({ name, score_text: score, sentence }) {
  return h("li", {}, h("b", {}, name), " ", h("span", { class: "mammolens-unbroken" }, `${score}.`), ` ${sentence}`);
}

/** Buttons that centre the image on a finding. */
export function findingsSection(exam, controller) {
  const findings = exam.views_in_detail.flatMap((view) => view.findings.map((finding) => ({ view, finding })));
  findings.sort((one, other) => one.finding.number - other.finding.number);
  const left = exam.views_in_detail.reduce((sum, view) => sum + view.findings_left_out, 0);
  const colours = Object.fromEntries(exam.levels.map(({ name, colour }) => [name, colour]));
  return h(
    "section",
    { "aria-label": "Findings" },
    h("h3", {}, "Findings"),
    findings.length ? null : h("p", {}, exam.state === "done" ? "No findings." : "Not analysed yet."),
    h(
      "ol",
      { class: "mammolens-findings" },
      findings.map(({ view, finding }) =>
        h(
          "li",
          {},
          button(
            [
              h("span", { class: "mammolens-colour", style: `background:${colours[finding.level] ?? "#888"}` }),
              h("b", {}, String(finding.number)),
              h("span", {}, finding.text, finding.prior && h("small", {}, ` ${finding.prior.text}.`)),
            ],
            () => controller.show(view, finding),
            { "data-name": `finding ${finding.number}` },
          ),
        ),
      ),
    ),
    left ? h("p", {}, `and ${left} more with lower peaks`) : null,
  );
}

/** Each view: its percentile, cautions and errors. */
export function viewsSection(exam) {
  return h(
    "section",
    { "aria-label": "Views" },
    h("h3", {}, "Views"),
    h("dl", { class: "mammolens-views" }, cellsOf(exam.views_in_detail).cells.filter(Boolean).flatMap(aboutView)),
  );
}

function aboutView(view) {
  return [
    h("dt", {}, view.name),
    h(
      "dd",
      {},
      view.sentence && h("p", {}, view.sentence),
      view.error && h("p", { class: "mammolens-error" }, view.error),
      view.quality.map(({ explanation }) => h("p", { class: "mammolens-doubt" }, explanation)),
    ),
  ];
}
