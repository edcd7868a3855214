// The panel beside the images: what the model says, and what the reader decides.

import { button, fill, h } from "../shared/dom.js";
import { EXAM_KEYS, keyEntries } from "../shared/keys.js";
import { moment, progressInWords } from "../shared/words.js";
import { decisionsSection } from "./panel-decisions.js";
import { heatSection } from "./panel-heat.js";
import { learningSection } from "./panel-learning.js";
import { examSection, findingsSection, viewsSection } from "./panel-results.js";

/** Built once and moved by OHIF from place to place; `root` is its element. */
export class Panel {
  constructor(session, notice) {
    this.session = session;
    this.reading = null;
    this.said = null; // a passing word that is no error of the session
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
    this.update();
  }

  /** Work for a reading from now on. */
  serve(reading) {
    this.reading = reading;
    this.session.subscribe(() => {
      this.said = null;
      this.update();
    });
    reading.learning.subscribe(() => this.update());
  }

  get comment() {
    return this.field.value.trim();
  }

  set comment(text) {
    this.field.value = text;
  }

  /** Tell something that went otherwise than wanted. */
  say(words) {
    this.said = words;
    this.update();
  }

  /** Show the state of session and overlay; the focused control keeps the focus. */
  update() {
    const { session, reading } = this;
    const focused = this.root.contains(document.activeElement) ? document.activeElement : null;
    if (session.exam && reading) {
      fill(this.top, examSection(session.exam), this.#status(this.#doing()));
      fill(
        this.middle,
        heatSection(session.exam, reading.overlay, () => this.update()),
        findingsSection(session.exam, reading),
        viewsSection(session.exam),
        resultsSection(session),
        learningSection(reading.learning),
        h("ul", { class: "mammolens-keys", "aria-label": "Keys" }, keyEntries(EXAM_KEYS)),
      );
      fill(this.bottom, decisionsSection(session, reading, this.field), navigation(reading));
    } else {
      fill(this.top, this.#status("Opening the exam"));
    }
    this.root.setAttribute("aria-busy", String(reading?.isBusy ?? true));
    const again = focused?.isConnected ? focused : this.#control(focused?.dataset.name);
    again?.focus({ preventScroll: true });
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
    const words = error ?? this.said;
    return h(
      "div",
      { class: "mammolens-status" },
      h("div", { role: "status" }, doing && h("p", {}, doing), doing && bar),
      h("div", { role: "alert" }, words && h("p", { class: "mammolens-error" }, words)),
    );
  }
}

function navigation(reading) {
  return h(
    "nav",
    { class: "mammolens-row", "aria-label": "Exams" },
    action("previous", "Previous", () => reading.previous()),
    action("next", "Next exam", () => reading.next()),
    h("a", { href: "/" }, "Worklist"),
  );
}

/** What can be done with the model's results. */
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
    storedAt ? h("p", { class: "mammolens-hint" }, `In the PACS since ${moment(storedAt)}.`) : null,
  );
}

const action = (name, label, onclick, disabled = false) => button(label, onclick, { "data-name": name, disabled });
