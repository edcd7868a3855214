// Words for what the server tells in keys, and for moments.

/** What a reader may decide on an exam, in the order of the buttons. */
export const DECISIONS = [
  { verdict: "normal", button: "Confirm normal", label: "Normal" },
  { verdict: "finding", button: "Mark finding", label: "Finding", hint: "Regions drawn with OHIF's tools go with it" },
  { verdict: "poor_quality", button: "Poor quality", label: "Poor quality" },
];

/** A verdict, 'Normal'; the key itself where it is not known. */
export function verdictLabel(verdict) {
  return DECISIONS.find((decision) => decision.verdict === verdict)?.label ?? verdict ?? "";
}

/** A view, 'R CC', or what is known of it. */
export function viewName(view) {
  return [view.laterality, view.view].filter(Boolean).join(" ") || "view not known";
}

/** 'Right breast', 'Left breast'. */
export function breastName(laterality) {
  return { R: "Right breast", L: "Left breast" }[laterality] ?? "Breast";
}

/** 'analysing L CC, 2 of 4 done' */
export function progressInWords(progress) {
  return progress ? `${progress.doing}, ${progress.done} of ${progress.total} done` : "analysing";
}

/** '1 region', '2 regions' */
export function counted(number, thing) {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

/** A clause as a sentence. */
export function sentence(clause) {
  const told = (clause ?? "").trim();
  return told ? `${told[0].toUpperCase()}${told.slice(1)}${/[.!?]$/.test(told) ? "" : "."}` : "";
}

/** A moment (ISO 8601) in the reader's own time zone and habit; what is no moment stays as it is. */
export function moment(time) {
  const parsed = new Date(time ?? "");
  if (Number.isNaN(parsed.valueOf())) {
    return time ?? "";
  }
  return parsed.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}
