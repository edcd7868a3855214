// Addresses of the viewer: which exam a page shows, and how to get to another one.

// The exact path, without a host: what OHIF loads must be this server's.
const EXAM = /^\/mammolens\/exams\/([^/?#]+)\/ohif\.json$/;

/** The exam whose manifest the address names, or null. */
export function examOf(search) {
  const manifest = new URLSearchParams(search).get("url") ?? "";
  const found = EXAM.exec(manifest);
  return found && decodeURIComponent(found[1]);
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
