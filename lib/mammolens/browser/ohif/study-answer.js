// A reader's answer to a case of a reader study, until it is submitted.

/** `changed` is called after each change; `open(address)` leaves for the next case. */
export class StudyAnswer {
  constructor(session, { changed, open, now = () => performance.now() }) {
    Object.assign(this, { session, changed, open, now });
    this.likelihood = null;
    this.recall = null;
    this.started = null; // when all images were drawn
  }

  /** All images are on the screen: the reading begins. */
  begin() {
    this.started ??= this.now();
  }

  /** State a part of the answer: {likelihood} or {recall}. */
  set(stated) {
    Object.assign(this, stated);
    this.changed();
  }

  /** Send the answer and open the next case; without one, the session says why. */
  async submit(comment) {
    const { likelihood, recall } = this;
    const seconds = Math.round((this.now() - (this.started ?? this.now())) / 100) / 10;
    const next = await this.session.answer({ likelihood, recall, seconds, comment });
    if (next?.viewer) {
      this.open(next.viewer);
    }
  }
}
