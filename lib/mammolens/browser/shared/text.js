// Text for the server's keys, and for times.

/** The decisions a reader can record on an exam, in the order of the buttons. */
export const DECISIONS = [
  { verdict: "normal", button: "Confirm normal" },
  { verdict: "finding", button: "Mark finding", hint: "Includes the closed outlines drawn with OHIF's tools" },
  { verdict: "poor_quality", button: "Poor quality" },
];

/** What a reader sees in a region, in the server's terms and in words. */
export const FINDING_TYPES = [
  { value: "mass", label: "Mass" },
  { value: "calcifications", label: "Calcifications" },
  { value: "architectural_distortion", label: "Architectural distortion" },
  { value: "asymmetry", label: "Asymmetry" },
  { value: "other", label: "Other" },
];

/** Assessment categories of BI-RADS. */
export const BIRADS_CATEGORIES = [
  { value: "0", label: "0", hint: "Incomplete" },
  { value: "1", label: "1", hint: "Negative" },
  { value: "2", label: "2", hint: "Benign" },
  { value: "3", label: "3", hint: "Probably benign" },
  { value: "4", label: "4", hint: "Suspicious" },
  { value: "4A", label: "4A", hint: "Low suspicion of malignancy" },
  { value: "4B", label: "4B", hint: "Moderate suspicion of malignancy" },
  { value: "4C", label: "4C", hint: "High suspicion of malignancy" },
  { value: "5", label: "5", hint: "Highly suggestive of malignancy" },
  { value: "6", label: "6", hint: "Known malignancy, proven by biopsy" },
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
