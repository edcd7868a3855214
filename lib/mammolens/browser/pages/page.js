// What the worklist and the models page share.

/** All elements of the page that have an id, by it. */
export function elementsById() {
  return Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
}

/** Show why the model in use can flag no exam, or hide the element if it can. */
export function showCannotFlag(element, reason) {
  element.hidden = !reason;
  element.textContent = reason ? `The model ${reason}. Recalibrate it on more normal exams.` : "";
}

/** Show an error's message in an element, or hide the element. */
export function showError(element, error) {
  element.hidden = !error;
  element.textContent = error ? error.message : "";
}
