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
    assessments(session.exam, controller),
    h(
      "div",
      { class: "mammolens-row" },
      DECISIONS.map(({ verdict, button: label, hint }) =>
        button(labelOf(verdict, label, controller.drawn.length), () => controller[METHODS[verdict]](), {
          disabled: busy || waiting.length > 0,
          title: hint,
          "data-name": verdict,
          "aria-pressed": String(session.exam.verdict === verdict),
        }),
      ),
    ),
    controller.asksAgain ? question(session.exam, busy, controller) : null,
    waiting.length ? h("p", { class: "mammolens-hint" }, `Not drawn yet: ${namesOf(waiting)}.`) : null,
    failed.map(({ view, reason }) =>
      h("p", { class: "mammolens-error" }, sentence(`${view.name} cannot be drawn: ${reason}`)),
    ),
    decisions.length ? lastOf(session.exam, decisions, busy, controller) : null,
    earlier(session.exam, decisions.at(-1)),
  );
}

/** Why an exam that was confirmed as normal is shown again. */
export function suspectSection({ suspect_reason: reason }) {
  if (!reason) {
    return null;
  }
  const words = `Suspect normal: this exam was confirmed as normal, but ${reason}. No model trains on it until a reader confirms it again.`;
  return h("p", { class: "mammolens-doubt", "data-name": "suspect" }, words);
}

/** One key more than usual, so that no habit confirms a suspect or a highly unusual exam. */
function question({ decisions, safety_note: note, suspect_reason: suspect }, busy, controller) {
  const people = new Set(decisions.filter((one) => !one.undone && one.verdict === "normal").map((one) => one.reviewer));
  const before = [...people].join(", ") || "a reader";
  return h(
    "div",
    { class: "mammolens-question", role: "alertdialog", "aria-label": "Second confirmation" },
    note && h("p", {}, note),
    suspect &&
      h("p", {}, `Confirmed as normal before by ${before}. Confirm it a second time? Models may then train on it.`),
    h(
      "div",
      { class: "mammolens-row" },
      button("Confirm a second time", () => controller.confirmNormal(), {
        disabled: busy,
        "data-name": "normal again",
      }),
      button("Cancel", () => controller.cancelConfirmation(), { "data-name": "cancel" }),
    ),
  );
}

/** A line for each region that was drawn: its view, what it shows, and its assessment. */
function assessments({ finding_types: types, birads_categories: categories }, controller) {
  return controller.drawn.length
    ? h(
        "ol",
        { class: "mammolens-assessments", "aria-label": "Regions" },
        controller.drawn.map((region, index) =>
          h(
            "li",
            {
              onpointerenter: () => controller.highlight(region.uid),
              onfocusin: () => controller.highlight(region.uid),
            },
            h("b", {}, `${index + 1} ${region.view}`),
            choice(controller, region, "finding_type", { name: "Finding type", empty: "Type" }, types, index),
            choice(controller, region, "birads", { name: "BI-RADS", empty: "BI-RADS" }, categories, index),
          ),
        ),
      )
    : null;
}

/** One of a few values, or none; a mouse that chose leaves the keys to the exam. */
function choice(controller, region, property, { name, empty }, values, index) {
  const onchange = ({ target }) => {
    controller.assess(region.uid, { [property]: target.value || null });
    if (!target.matches(":focus-visible")) {
      target.blur();
    }
  };
  return h(
    "select",
    { onchange, "aria-label": `${name} of region ${index + 1}`, "data-name": `${property} ${region.uid}` },
    h("option", { value: "" }, empty),
    values.map(({ value, label, meaning }) =>
      h("option", { value, title: meaning, selected: region[property] === value }, label),
    ),
  );
}

/** All decisions but the last effective one, the newest first. */
function earlier(exam, last) {
  const others = exam.decisions.filter((one) => one !== last).toReversed();
  return others.length
    ? h(
        "div",
        { class: "mammolens-earlier", "aria-label": "Earlier decisions", role: "region" },
        h("p", {}, "Earlier decisions"),
        h(
          "ul",
          {},
          others.map((one) => h("li", {}, described(one), assessed(exam, one), commentOf(one))),
        ),
      )
    : null;
}

const METHODS = { normal: "confirmNormal", finding: "markFinding", poor_quality: "markPoorQuality" };
const namesOf = (views) => views.map(({ name }) => name).join(", ");

/** 'Mark finding with 2 regions' */
function labelOf(verdict, label, regions) {
  return verdict === "finding" && regions ? `${label} with ${counted(regions, "region")}` : label;
}

function lastOf(exam, decisions, busy, controller) {
  const last = decisions.at(-1);
  return h(
    "div",
    { class: "mammolens-decided", role: "status" },
    h("div", {}, h("p", {}, described(last)), assessed(exam, last)),
    commentOf(last),
    button("Undo", () => controller.undo(), { disabled: busy, "data-name": "undo" }),
  );
}

/** 'Finding, by Anna, 3 May 2026, 10:12, 2 regions, undone' */
function described({ verdict_label: label, reviewer, time, regions, undone, confirmed_again: again }) {
  const words = [
    label,
    again && "confirmed twice",
    reviewer && `by ${reviewer}`,
    moment(time),
    regions?.length && counted(regions.length, "region"),
    undone && "undone",
  ];
  return words.filter(Boolean).join(", ");
}

/** 'R MLO: Mass, BI-RADS 4A', for each region that was assessed. */
function assessed(exam, { regions }) {
  const nameOf = (image) => exam.views_in_detail.find((view) => view.image === image)?.name ?? "Region";
  return regions
    .filter(({ label }) => label)
    .map(({ image, label }) => h("p", { class: "mammolens-assessed" }, `${nameOf(image)}: ${label}`));
}

const commentOf = ({ comment }) => (comment ? h("p", { class: "mammolens-comment" }, comment) : null);
