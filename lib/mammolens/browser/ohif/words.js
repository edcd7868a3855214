// Words for what the server tells in keys.

export const NOTICE = "Research use only, not a medical device";

export const VERDICTS = {
  normal: "Confirmed normal",
  finding: "Finding marked",
  poor_quality: "Poor quality",
};

/** A view as it is spoken of: 'R CC', or what is known of it. */
export function nameOf(view) {
  return [view.laterality, view.view].filter(Boolean).join(" ") || "view not known";
}

/** 'Right breast', 'Left breast'. */
export function breastName(laterality) {
  return { R: "Right breast", L: "Left breast" }[laterality] ?? "Breast";
}

/** 'judging L CC, 2 of 4 done' */
export function progressInWords(progress) {
  return progress ? `${progress.doing}, ${progress.done} of ${progress.total} done` : "judging";
}

/** A moment in the reader's own time zone and habit. */
export function moment(time) {
  const parsed = new Date(time);
  return Number.isNaN(parsed.valueOf()) ? time : parsed.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}
