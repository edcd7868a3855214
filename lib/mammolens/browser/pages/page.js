// What both pages share: elements as text only, questions to the server, moments in the reader's own time zone.

/** An element with a text, never with markup of somebody else's. */
export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

/** An element with children; those that are null are left out. */
export function group(name, children, className = "") {
  const made = element(name, "", className);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** The server's JSON; an Error otherwise, whose message can be shown as it is, and whose `status` is HTTP's. */
export async function asked(address, options = {}) {
  let answer;
  try {
    answer = await fetch(address, { cache: "no-store", ...options });
  } catch {
    throw new Error("The server does not answer. Is it running?");
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  const why = typeof told.detail === "string" ? told.detail : `the server answers ${answer.status}`;
  const error = new Error(answer.status === 401 ? `You are not logged in (${why}).` : why);
  throw Object.assign(error, { status: answer.status });
}

/** Ask for something to be done. */
export function sent(address, wanted = {}, method = "POST") {
  const body =
    method === "POST" ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify(wanted) } : {};
  return asked(address, { method, ...body });
}

/** A moment of the server in the reader's time zone. */
export function moment(time) {
  const parsed = new Date(time ?? "");
  if (Number.isNaN(parsed.valueOf())) return time ?? "";
  return parsed.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** A clause as a sentence. */
export function sentence(clause) {
  const told = (clause ?? "").trim();
  return told ? `${told[0].toUpperCase()}${told.slice(1)}${/[.!?]$/.test(told) ? "" : "."}` : "";
}

/** Show what went wrong in its place, or nothing. */
export function tell(place, error) {
  place.hidden = !error;
  place.textContent = error ? error.message : "";
}

/** A table's row. */
export function row(cells, className = "") {
  return group(
    "tr",
    cells.map((cell) => (cell instanceof Node ? group("td", [cell]) : element("td", cell ?? ""))),
    className,
  );
}
