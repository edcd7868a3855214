// The panel beside the images: the model's results and the reader's decision.

import { button, fill, h } from "../shared/dom.js";
import { EXAM_KEYS, keyEntries, STUDY_KEYS } from "../shared/keys.js";
import { moment, progressInWords } from "../shared/text.js";
import { decisionsSection, suspectSection } from "./panel-decisions.js";
import { heatSection } from "./panel-heat.js";
import { learningSection } from "./panel-learning.js";
import { priorsSection } from "./panel-priors.js";
import { viewingSection } from "./panel-viewing.js";
import { answerSection, caseSection } from "./panel-study.js";
import { StudyAnswer } from "./study-answer.js";
import { examSection, findingsSection, viewsSection } from "./panel-results.js";

/** Built once and moved around by OHIF; `root` is its element. */
export class Panel {
  constructor(session, notice) {
    this.session = session;
    this.controller = null;
    this.message = null; // a transient message that is not an error of the session
    this.field = h("textarea", {
      rows: 1,
      maxLength: 2000,
      placeholder: "Comment (optional)",
      "aria-label": "Comment on the decision",
    });
    this.top = h("div", { class: "mammolens-top" });
    this.middle = h("div", { class: "mammolens-middle" });
    this.bottom = h("div", { class: "mammolens-bottom" });
    this.root = h(
      "section",
      { class: "mammolens", "aria-label": "MammoLens" },
      this.top,
      this.middle,
      this.bottom,
      h("p", { class: "mammolens-notice" }, `${notice}.`),
    );
    this.#leaveTheKeysToOhif();
    this.update();
  }

  /** Show the exam of a controller. */
  attach(controller) {
    this.controller = controller;
    this.answer = new StudyAnswer(this.session, {
      changed: () => this.update(),
      open: (address) => window.location.assign(address),
    });
    this.session.subscribe(() => {
      this.message = null;
      this.update();
    });
    controller.learning.subscribe(() => this.update());
  }

  get comment() {
    return this.field.value.trim();
  }

  set comment(text) {
    this.field.value = text;
  }

  /** Focus the control with this name. */
  focus(name) {
    this.#control(name)?.focus();
  }

  /** Show a message, such as a failed action. */
  showMessage(text) {
    this.message = text;
    this.update();
  }

  /** Show the state of session and overlay; the focused control keeps the focus. */
  update() {
    const { session, controller } = this;
    const focused = this.root.contains(document.activeElement) ? document.activeElement : null;
    if (session.case && controller) {
      this.#updateCase();
    } else if (session.exam && controller) {
      fill(this.top, examSection(session.exam), suspectSection(session.exam), this.#status(this.#doing()));
      fill(
        this.middle,
        heatSection(session.exam, controller),
        findingsSection(session.exam, controller),
        priorsSection(session.exam, controller),
        viewingSection(controller),
        viewsSection(session.exam),
        resultsSection(session),
        learningSection(controller.learning),
        h("ul", { class: "mammolens-keys", "aria-label": "Keys" }, keyEntries(EXAM_KEYS)),
      );
      fill(this.bottom, decisionsSection(session, controller, this.field), navigation(controller));
    } else {
      fill(this.top, this.#status("Opening the exam"));
    }
    this.root.setAttribute("aria-busy", String(controller?.isBusy ?? true));
    const again = focused?.isConnected ? focused : this.#control(focused?.dataset.name);
    again?.focus({ preventScroll: true });
  }

  /** A case of a reader study, without what would unblind the reader. */
  #updateCase() {
    const { session, controller, answer } = this;
    const { waiting } = controller.missingViews();
    const keys = STUDY_KEYS.filter(({ result }) => session.case.heat || !result);
    if (!waiting.length) {
      answer.begin();
    }
    fill(this.top, caseSection(session.case, session.over), this.#status(null));
    fill(
      this.middle,
      session.case.heat ? [heatSection(session.exam, controller), findingsSection(session.exam, controller)] : null,
      viewingSection(controller),
      h("ul", { class: "mammolens-keys", "aria-label": "Keys" }, keyEntries(keys)),
    );
    fill(this.bottom, session.over ? null : answerSection(session, answer, waiting, this.field));
  }

  /** OHIF hears no key while an input has the focus; one that the mouse has set needs none. */
  #leaveTheKeysToOhif() {
    let byMouse = false;
    this.root.addEventListener("pointerdown", () => (byMouse = true), true);
    this.root.addEventListener("keydown", () => (byMouse = false), true);
    this.root.addEventListener("change", () => {
      const focused = document.activeElement;
      if (byMouse && focused !== this.field && this.root.contains(focused)) {
        focused.blur();
      }
    });
  }

  #control(name) {
    return name ? this.root.querySelector(`[data-name="${CSS.escape(name)}"]`) : null;
  }

  #doing() {
    return this.session.busy === "inferring" ? progressInWords(this.session.exam.progress) : null;
  }

  #status(doing) {
    const { error, exam, busy } = this.session;
    const progress = busy === "inferring" ? exam?.progress : null;
    const bar = h("progress", { max: progress?.total ?? 1, value: progress?.done, "aria-label": "Progress" });
    const words = error ?? this.message;
    return h(
      "div",
      { class: "mammolens-status" },
      h("div", { role: "status" }, doing && h("p", {}, doing), doing && bar),
      h("div", { role: "alert" }, words && h("p", { class: "mammolens-error" }, words)),
    );
  }
}

function navigation(controller) {
  return h(
    "nav",
    { class: "mammolens-row", "aria-label": "Exams" },
    action("previous", "Previous", () => controller.previous()),
    action("next", "Next exam", () => controller.next()),
    h("a", { href: "/" }, "Worklist"),
    h(
      "label",
      { class: "mammolens-advance" },
      h("input", {
        type: "checkbox",
        checked: controller.advances,
        "data-name": "advances",
        onchange: (event) => (controller.advances = event.target.checked),
      }),
      " Open the next exam after a decision",
    ),
  );
}

/** Actions on the model's results. */
function resultsSection(session) {
  const busy = session.busy !== null;
  const { can_store: canStore, stored_at: storedAt, state } = session.exam;
  return h(
    "section",
    { "aria-label": "Results" },
    h(
      "div",
      { class: "mammolens-row" },
      action("again", "Analyse again", () => session.infer({ again: true }), busy),
      canStore && action("store", "Send to PACS", () => session.infer({ store: true }), busy || state !== "done"),
    ),
    storedAt ? h("p", { class: "mammolens-hint" }, `Sent to the PACS on ${moment(storedAt)}.`) : null,
  );
}

const action = (name, label, onclick, disabled = false) => button(label, onclick, { "data-name": name, disabled });
