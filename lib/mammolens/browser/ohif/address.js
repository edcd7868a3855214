// Addresses of the viewer: which exam a page shows, and how to get to another one.

// The exact path, without a host: what OHIF loads must be this server's.
const EXAM = /^\/mammolens\/(?:reader-studies\/([a-z0-9_-]+)\/)?exams\/([^/?#]+)\/ohif\.json$/;

/** The exam whose manifest the address names, or null. */
export function examOf(search) {
  const found = manifestOf(search);
  return found && decodeURIComponent(found[2]);
}

/** The reader study in which that exam is read, or null. */
export function readerStudyOf(search) {
  return manifestOf(search)?.[1] ?? null;
}

/** The study that a PACS's list opened, or null. */
export function studyOf(search) {
  for (const [name, value] of new URLSearchParams(search)) {
    if (name.toLowerCase() === "studyinstanceuids") {
      return value.split(",")[0];
    }
  }
  return null;
}

/** Where an exam is shown. */
export function viewerOf(exam) {
  return `/ohif/mammolens/dicomjson?url=/mammolens/exams/${encodeURIComponent(exam)}/ohif.json`;
}

const manifestOf = (search) => EXAM.exec(new URLSearchParams(search).get("url") ?? "");
