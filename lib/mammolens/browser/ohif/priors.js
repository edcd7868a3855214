// Prior exams of the patient beside the current one.

/** What is shown: {id, label, title}. */
export const COMPARISONS = [
  { id: "current", label: "Current", title: "The current exam alone" },
  { id: "both", label: "Both", title: "Each current view with its prior view" },
  { id: "prior", label: "Prior", title: "The prior exam alone" },
];

/** Loads images of prior exams into OHIF, each exam once; `dataSource()` is OHIF's source of DICOM JSON. */
export class PriorImages {
  constructor(dataSource) {
    this.dataSource = dataSource;
    this.loaded = new Map(); // exam -> promise of its Study Instance UIDs
  }

  /** The Study Instance UIDs of an exam, once OHIF knows its images. */
  load(exam) {
    if (!this.loaded.has(exam)) {
      const loading = this.#load(exam);
      this.loaded.set(exam, loading);
      loading.catch(() => this.loaded.delete(exam)); // so that it can be tried again
    }
    return this.loaded.get(exam);
  }

  async #load(exam) {
    const source = this.dataSource();
    const url = `/mammolens/exams/${encodeURIComponent(exam)}/ohif.json`;
    await source.initialize({ url });
    const studies = await source.initialize({ url }); // what it has read already, it names
    if (!studies?.length) {
      throw new Error("the prior exam has no images");
    }
    for (const StudyInstanceUID of studies) {
      await source.retrieve.series.metadata({ StudyInstanceUID, filters: {} });
    }
    return studies;
  }
}

/** The prior's views as OHIF shows them, each in the slot of the current view that it is compared with. */
export function priorViewsOf(prior, current) {
  return prior.views.map((view) => ({
    ...view,
    name: `${view.name} prior ${prior.study_date}`,
    slot: current.find(({ image }) => image === view.current).slot,
    findings: [],
    isPrior: true,
  }));
}

/** The views that hang: current ones, prior ones, or below each row of current views the row of their priors. */
export function hungViews(comparison, current, priors) {
  if (comparison === "both") {
    const placed = (views, below) =>
      views.map((view) => ({ ...view, slot: { ...view.slot, row: 2 * view.slot.row + below } }));
    return [...placed(current, 0), ...placed(priors, 1)];
  }
  return comparison === "prior" ? priors : current;
}

/** Whether two views, current or prior, show the same side and view at two times. */
export function isPair(one, other) {
  return one.current === other.image || one.image === other.current;
}
