// The next and the previous exam.

const KEY = "mammolens-exams-seen";

/**
 * The first unreviewed exam of the worklist, whose order is the server's; preferring one that this tab has not visited.
 *
 * @returns {string|undefined} its id.
 */
export function nextOf(exams, here, visited) {
  const open = exams
    .filter(({ exam, verdict, viewer }) => viewer && !verdict && exam !== here) // without DICOM there is no viewer
    .map(({ exam }) => exam);
  return open.find((exam) => !visited.includes(exam)) ?? open[0];
}

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
