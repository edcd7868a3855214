// The exam that is being read: what the server knows of it, and what the reader does with it.

import { uuid } from "./uuid.js";

const LOOK_AGAIN = 700; // ms between two looks at the progress

/** Holds the state and tells listeners after each change; it never throws, `error` holds the words. */
export class Session {
  constructor(api, { lookAgain = LOOK_AGAIN } = {}) {
    this.api = api;
    this.lookAgain = lookAgain;
    this.exam = null; // as the server answered last
    this.error = null;
    this.busy = null; // 'inferring' | 'deciding'
    this.tried = { wanted: null, id: null }; // what was last asked of the ledger, and the id that it went with
    this.inferences = 0; // counts results that came while the exam was open
    this.listeners = new Set();
  }

  /** Call `listener(session)` now and after each change; gives the function that stops it. */
  subscribe(listener) {
    this.listeners.add(listener);
    listener(this);
    return () => this.listeners.delete(listener);
  }

  /** Get to know an exam; false, with `error` set, where that fails. */
  async open(id) {
    return this.#do(null, async () => {
      const exam = await this.api.exam(id);
      return exam.views_in_detail.every((view) => view.laterality && view.view)
        ? exam
        : withHeaders(exam, await this.api.manifest(id));
    });
  }

  /** Infer the exam if it is new, or `again`; `store` sends the results to the PACS. */
  async infer(wanted = {}) {
    if (this.busy) {
      return false;
    }
    const watching = this.#watch();
    const done = await this.#do("inferring", () => this.api.infer(this.exam.exam, wanted));
    clearInterval(watching);
    if (done) {
      this.inferences += 1;
      this.#tell();
    }
    return done;
  }

  /** Record a verdict with its comment and regions. */
  async decide(verdict, comment = "", regions = []) {
    const wanted = { verdict, comment, regions };
    return this.#ask((id) => this.api.decide(this.exam.exam, { id, ...wanted }), wanted);
  }

  /** Take the last decision back. */
  async undo() {
    return this.#ask((id) => this.api.undo(this.exam.exam, { id }), { undoes: this.standing.at(-1)?.id });
  }

  /** Decisions that stand, oldest first. */
  get standing() {
    return (this.exam?.decisions ?? []).filter((decision) => !decision.undone);
  }

  /** Ask the ledger for something; the same, asked again after a failure, goes with the same id and is kept once. */
  async #ask(work, wanted) {
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
        this.#tell();
      }
    }, this.lookAgain);
  }

  async #do(what, work) {
    this.busy = what;
    this.error = null;
    this.#tell();
    try {
      this.exam = await work();
      return true;
    } catch (error) {
      this.error = error.message;
      return false;
    } finally {
      this.busy = null;
      this.#tell();
    }
  }

  #tell() {
    for (const listener of this.listeners) {
      listener(this);
    }
  }
}

/** The exam with sides and views from the images' headers, which the list of a PACS need not tell. */
function withHeaders(exam, { studies }) {
  const instances = studies.flatMap(({ series }) =>
    series.flatMap((one) => one.instances.map(({ metadata }) => metadata)),
  );
  const headers = new Map(instances.map((metadata) => [metadata.SOPInstanceUID, metadata]));
  const views = exam.views_in_detail.map((view) => {
    const header = headers.get(view.sop_instance_uid) ?? {};
    const laterality = view.laterality ?? header.ImageLaterality ?? header.Laterality ?? null;
    return { ...view, laterality, view: view.view ?? header.ViewPosition ?? null };
  });
  return { ...exam, views_in_detail: views };
}
