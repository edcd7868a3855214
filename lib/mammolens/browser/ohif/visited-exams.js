// The exams before this one.

const KEY = "mammolens-exams-seen";

/** The exams that this tab has visited, the last one last. */
export class VisitedExams {
  constructor(storage) {
    this.storage = storage;
  }

  get all() {
    try {
      return JSON.parse(this.storage.getItem(KEY)) ?? [];
    } catch {
      return [];
    }
  }

  add(exam) {
    this.storage.setItem(KEY, JSON.stringify([...this.all.filter((one) => one !== exam), exam]));
  }

  takeLast() {
    const all = this.all;
    const last = all.pop();
    this.storage.setItem(KEY, JSON.stringify(all));
    return last;
  }
}
