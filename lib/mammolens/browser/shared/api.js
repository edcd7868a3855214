// The server's HTTP API.

const NO_ANSWER = "The server does not answer. Check that it is running, then try again.";

/** A failed request. `message` can be shown to a person as it is. */
export class ServerError extends Error {
  /** @param {number|null} status HTTP status; null without an answer. */
  constructor(message, status = null) {
    super(message);
    this.status = status;
  }
}

/**
 * The server's API as asynchronous functions; each may throw a ServerError.
 *
 * @param {Object} options
 * @param {string} options.base address of the API, relative to the page for pages behind a proxy's prefix.
 * @param {Function} options.authorization returns the authorization headers.
 */
export function createApi({ base = "/mammolens", authorization = () => ({}) } = {}) {
  async function ask(path, body, method = body === undefined ? "GET" : "POST", look = () => {}) {
    const options = { method, headers: { ...authorization(), ...csrfHeader(method) }, cache: "no-store" };
    if (body !== undefined) {
      options.headers["Content-Type"] = "application/json";
      options.body = JSON.stringify(body);
    }
    let response;
    try {
      response = await fetch(`${base}/${path}`, options);
    } catch {
      throw new ServerError(NO_ANSWER);
    }
    const login = response.headers.get("X-Login-Page");
    if (login && location.pathname !== login) {
      location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
    }
    look(response);
    const answer = await response.json().catch(() => null);
    if (!response.ok) {
      throw new ServerError(reasonOf(answer?.detail, response.status), response.status);
    }
    return answer;
  }

  /** Ends the session; the address where that of a login provider ends, or null. */
  async function logOut() {
    let elsewhere = null;
    await ask("auth/session", undefined, "DELETE", (response) => {
      elsewhere = response.headers.get("X-Logout-Page");
    });
    return elsewhere;
  }

  const exam = (id) => `exams/${encodeURIComponent(id)}`;
  const readerStudy = (name) => `reader-studies/${encodeURIComponent(name)}`;
  const job = (id) => `jobs/${encodeURIComponent(id)}`;
  const model = (id) => `models/${encodeURIComponent(id)}`;
  return {
    worklist: () => ask("worklist"),
    exam: (id) => ask(exam(id)),
    examOfStudy: (study) => ask(`studies/${encodeURIComponent(study)}`),
    backgroundInference: () => ask("inference"),
    inferNew: () => ask("inference", {}),
    stopInference: () => ask("inference", undefined, "DELETE"),
    manifest: (id) => ask(`${exam(id)}/ohif.json`),
    infer: (id, { again = false, store = null } = {}) => ask(`${exam(id)}/infer`, { again, store }),
    recordDecision: (id, decision) => ask(`${exam(id)}/decisions`, { viewer: "OHIF", ...decision }),
    undoDecision: (id, decision) => ask(`${exam(id)}/decisions/undo`, { viewer: "OHIF", ...decision }),
    nextCase: (study) => ask(`${readerStudy(study)}/next`),
    answerCase: (study, answer) => ask(`${readerStudy(study)}/readings`, answer),
    suspectNormals: () => ask("suspect-normals"),
    drift: () => ask("drift"),
    jobs: () => ask("jobs"),
    train: (options = {}) => ask("jobs", { kind: "train", ...options }),
    recalibrate: (options = {}) => ask("jobs", { kind: "recalibrate", ...options }),
    stopJob: (id) => ask(job(id), undefined, "DELETE"),
    resumeJob: (id) => ask(`${job(id)}/resume`, {}),
    models: () => ask("models"),
    promote: (id, why = "") => ask(`${model(id)}/promote`, { why }),
    refuse: (id, why = "") => ask(`${model(id)}/refuse`, { why }),
    rollBack: (why) => ask("models/rollback", { why }),
    logIn: (username, password) => ask("auth/session", { username, password }),
    logOut,
    loginWays: () => ask("auth/"),
    whoAmI: () => ask("auth/token/valid"),
  };
}

/** What shows the server that a page of its own asks for a change; nothing without a session. */
function csrfHeader(method) {
  const token = /(?:^|; )mammolens_csrf=([0-9a-f]+)/.exec(document.cookie)?.[1];
  return token && method !== "GET" ? { "X-CSRF-Token": token } : {};
}

function reasonOf(detail, status) {
  const message = Array.isArray(detail)
    ? detail.map((problem) => problem.msg).join("; ") // the server's checks of a request's body
    : typeof detail === "string"
      ? detail
      : `The server answers with error ${status}.`;
  return status === 401 ? `You are not logged in: ${message}` : message;
}
