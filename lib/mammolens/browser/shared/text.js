// Text for the server's keys, and for times.

/** The decisions a reader can record on an exam, in the order of the buttons. */
export const DECISIONS = [
  { verdict: "normal", button: "Confirm normal" },
  { verdict: "finding", button: "Mark finding", hint: "Includes the closed outlines drawn with OHIF's tools" },
  { verdict: "poor_quality", button: "Poor quality" },
];

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
  const text = (clause ?? "").trim();
  return text ? `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}` : "";
}

/** A time (ISO 8601) in the reader's time zone and locale; other text is returned unchanged. */
export function moment(time) {
  const parsed = new Date(time ?? "");
  if (Number.isNaN(parsed.valueOf())) {
    return time ?? "";
  }
  return parsed.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}
