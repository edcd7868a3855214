// The exam being read: the server's data, inference and the reader's decisions.

import { uuid } from "./uuid.js";

const POLL_MS = 700;

/** Holds the state and notifies listeners after each change; never throws, `error` holds the message. */
export class Session {
  constructor(api, { pollMs = POLL_MS } = {}) {
    this.api = api;
    this.pollMs = pollMs;
    this.exam = null; // the server's last answer
    this.case = null; // of a reader study
    this.over = null; // why the study has no further case now
    this.error = null;
    this.busy = null; // 'inferring' | 'deciding'
    this.tried = { wanted: null, id: null }; // the last request to the ledger and its id
    this.inferences = 0; // results received while the exam is open
    this.listeners = new Set();
  }

  /** Call `listener(session)` now and after each change; returns the function that unsubscribes it. */
  subscribe(listener) {
    this.listeners.add(listener);
    listener(this);
    return () => this.listeners.delete(listener);
  }

  /** Load an exam; false, with `error` set, on failure. */
  async open(id) {
    return this.#do(null, () => this.api.exam(id));
  }

  /** Load the reader's next case of a reader study, blinded; false, with `error` set, on failure. */
  async openCase(study) {
    return this.#do(null, async () => {
      const next = await this.api.nextCase(study);
      if (!next.case) {
        throw new Error(next.sentence);
      }
      this.case = next.case;
      return next.case.exam;
    });
  }

  /** Answer the case; what the server says comes next, or null. */
  async answer(answer) {
    const { study, session } = this.case;
    const exam = this.exam;
    let next = null;
    await this.#record(
      async (id) => {
        next = await this.api.answerCase(study, { id, exam: exam.exam, session, ...answer });
        this.over = next.viewer ? null : next.sentence;
        return exam;
      },
      [answer.likelihood, answer.recall, answer.comment],
    );
    return next;
  }

  /** Analyse the exam if it is new, or `again`; `store` sends the results to the PACS. */
  async infer(wanted = {}) {
    if (this.busy) {
      return false;
    }
    const watching = this.#watch();
    const done = await this.#do("inferring", () => this.api.infer(this.exam.exam, wanted));
    clearInterval(watching);
    if (done) {
      this.inferences += 1;
      this.#notify();
    }
    return done;
  }

  /** Record a verdict with its comment and regions; `confirmedAgain`: the reader was asked a second time. */
  async recordDecision(verdict, comment = "", regions = [], confirmedAgain = false) {
    const wanted = { verdict, comment, regions, ...(confirmedAgain && { second_confirmation: true }) };
    return this.#record((id) => this.api.recordDecision(this.exam.exam, { id, ...wanted }), wanted);
  }

  /** Undo the last decision. */
  async undo() {
    return this.#record((id) => this.api.undoDecision(this.exam.exam, { id }), {
      undoes: this.effectiveDecisions.at(-1)?.id,
    });
  }

  /** Decisions that are not undone, oldest first. */
  get effectiveDecisions() {
    return (this.exam?.decisions ?? []).filter((decision) => !decision.undone);
  }

  /** Send a request to the ledger; a retry after a failure has the same id, so that the ledger keeps it once. */
  async #record(work, wanted) {
    if (this.busy) {
      return false;
    }
    const named = JSON.stringify([this.exam.exam, wanted]);
    if (this.tried.wanted !== named) {
      this.tried = { wanted: named, id: uuid() };
    }
    const done = await this.#do("deciding", () => work(this.tried.id));
    if (done) {
      this.tried = { wanted: null, id: null };
    }
    return done;
  }

  #watch() {
    return setInterval(async () => {
      const seen = await this.api.exam(this.exam.exam).catch(() => null);
      if (seen && this.busy === "inferring") {
        this.exam = { ...this.exam, state: seen.state, progress: seen.progress };
        this.#notify();
      }
    }, this.pollMs);
  }

  async #do(what, work) {
    this.busy = what;
    this.error = null;
    this.#notify();
    try {
      this.exam = await work();
      return true;
    } catch (error) {
      this.error = error.message;
      return false;
    } finally {
      this.busy = null;
      this.#notify();
    }
  }

  #notify() {
    for (const listener of this.listeners) {
      listener(this);
    }
  }
}
