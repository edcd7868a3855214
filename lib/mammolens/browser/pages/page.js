// What the worklist and the models page share.

/** All elements of the page that have an id, by it. */
export function elementsById() {
  return Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
}

/** Show what went wrong in its place, or nothing. */
export function tell(place, error) {
  place.hidden = !error;
  place.textContent = error ? error.message : "";
}
