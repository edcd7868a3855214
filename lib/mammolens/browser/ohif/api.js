// The server's answers about exams; every failure is an Error whose message can be shown as it is.

const GONE = "The server does not answer; check that it runs, then try again.";

/** Ask the server with the viewer's own authorisation header, if it has one. */
export function createApi(authorization = () => ({})) {
  async function ask(path, body, method = body === undefined ? "GET" : "POST") {
    let response;
    try {
      response = await fetch(path, {
        method,
        headers: { ...authorization(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: "no-store",
      });
    } catch {
      throw new Error(GONE);
    }
    const answer = await response.json().catch(() => null);
    if (!response.ok) {
      throw new Error(inWords(answer?.detail) ?? `The server answers with error ${response.status}.`);
    }
    return answer;
  }

  const of = (exam) => `/mammolens/exams/${encodeURIComponent(exam)}`;
  return {
    exam: (exam) => ask(of(exam)),
    examOfStudy: (study) => ask(`/mammolens/studies/${encodeURIComponent(study)}`),
    worklist: () => ask("/mammolens/worklist"),
    manifest: (exam) => ask(`${of(exam)}/ohif.json`),
    judge: (exam, { again = false, store = null } = {}) => ask(`${of(exam)}/judge`, { again, store }),
    decide: (exam, decision) => ask(`${of(exam)}/decisions`, { viewer: "OHIF", ...decision }),
    jobs: () => ask("/mammolens/jobs"),
    train: () => ask("/mammolens/jobs", { kind: "train" }),
    stopJob: (job) => ask(`/mammolens/jobs/${encodeURIComponent(job)}`, undefined, "DELETE"),
    models: () => ask("/mammolens/models"),
    promote: (model) => ask(`/mammolens/models/${encodeURIComponent(model)}/promote`, {}),
    refuse: (model) => ask(`/mammolens/models/${encodeURIComponent(model)}/refuse`, {}),
    drift: () => ask("/mammolens/drift"),
    undo: (exam, { id }) => ask(`${of(exam)}/decisions/undo`, { viewer: "OHIF", id }),
  };
}

function inWords(detail) {
  if (Array.isArray(detail)) {
    return detail.map((problem) => problem.msg).join("; "); // the server's checks of a request's body
  }
  return typeof detail === "string" ? detail : null;
}
