// What the server learns and which model serves, as far as the panel tells it; the page /models has the rest.

const LOOK_AGAIN = 2000; // ms between two looks at a job

/** Holds the state and tells listeners after each change; it never throws, `error` holds the words. */
export class Learning {
  constructor(api, { lookAgain = LOOK_AGAIN } = {}) {
    this.api = api;
    this.lookAgain = lookAgain;
    this.told = null; // { jobs, models, drift } as the server answered last
    this.error = null;
    this.isOpen = false; // whether the section is unfolded
    this.listeners = new Set();
    this.timer = null;
  }

  /** Call `listener` after each change; gives the function that stops it. */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The job that runs. */
  get job() {
    const { jobs, running } = this.told?.jobs ?? { jobs: [] };
    return jobs.find(({ job }) => job === running);
  }

  get serving() {
    return this.#model(({ model }) => model === this.told.models.serving);
  }

  /** The model that waits for a person. */
  get waiting() {
    return this.#model(({ state }) => state === "waits");
  }

  /** Ask how it is; while something is learned, again and again. */
  async look() {
    await this.#do(async () => undefined);
  }

  train() {
    return this.#do(() => this.api.train());
  }

  stop() {
    return this.#do(() => this.api.stopJob(this.job.job));
  }

  accept() {
    return this.#do(() => this.api.promote(this.waiting.model));
  }

  keepOld() {
    return this.#do(() => this.api.refuse(this.waiting.model));
  }

  /** Look no more. */
  leave() {
    clearTimeout(this.timer);
  }

  #model(wanted) {
    return this.told?.models.models.find(wanted);
  }

  async #do(work) {
    clearTimeout(this.timer);
    this.error = null;
    try {
      await work();
      const [jobs, models, drift] = await Promise.all([this.api.jobs(), this.api.models(), this.api.drift()]);
      this.told = { jobs, models, drift };
    } catch (error) {
      this.error = error.message;
    }
    clearTimeout(this.timer);
    if (this.told && (this.told.jobs.running || this.told.jobs.queued.length)) {
      this.timer = setTimeout(() => this.look(), this.lookAgain);
    }
    this.listeners.forEach((listener) => listener());
  }
}
