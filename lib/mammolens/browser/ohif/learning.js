// Training jobs and the model in use, as the panel shows them; the page /models has the rest.

const POLL_MS = 2000;

/** Holds the state and notifies listeners after each change; never throws, `error` holds the message. */
export class Learning {
  constructor(api, { pollMs = POLL_MS } = {}) {
    this.api = api;
    this.pollMs = pollMs;
    this.data = null; // the server's last answer: { jobs, models, drift }
    this.error = null;
    this.isOpen = false; // whether the section is unfolded
    this.listeners = new Set();
    this.timer = null;
  }

  /** Call `listener` after each change; returns the function that unsubscribes it. */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The job that runs. */
  get job() {
    const { jobs, running } = this.data?.jobs ?? { jobs: [] };
    return jobs.find(({ job }) => job === running);
  }

  get serving() {
    return this.#model(({ model }) => model === this.data.models.serving);
  }

  /** The model that awaits approval. */
  get waiting() {
    return this.#model(({ state }) => state === "waits");
  }

  /** Fetch the state; keep polling while a job runs. */
  async refresh() {
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

  reject() {
    return this.#do(() => this.api.refuse(this.waiting.model));
  }

  /** Stop polling. */
  dispose() {
    clearTimeout(this.timer);
  }

  #model(wanted) {
    return this.data?.models.models.find(wanted);
  }

  async #do(work) {
    clearTimeout(this.timer);
    this.error = null;
    try {
      await work();
      const [jobs, models, drift] = await Promise.all([this.api.jobs(), this.api.models(), this.api.drift()]);
      this.data = { jobs, models, drift };
    } catch (error) {
      this.error = error.message;
    }
    clearTimeout(this.timer);
    if (this.data && (this.data.jobs.running || this.data.jobs.queued.length)) {
      this.timer = setTimeout(() => this.refresh(), this.pollMs);
    }
    this.listeners.forEach((listener) => listener());
  }
}
