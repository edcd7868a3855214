// Which views of the exam have been on the screen: a decision needs all of them.

/** Follows OHIF's drawing; `imageIdOf(view)` is the id of a view's image, undefined as long as OHIF has none. */
export class DrawnViews {
  constructor({ Enums, eventTarget, getEnabledElement }, imageIdOf, changed) {
    Object.assign(this, { Enums, eventTarget, getEnabledElement, imageIdOf, changed });
    this.drawn = new Set(); // ids of images
    this.reasons = new Map(); // id of an image -> why it cannot be drawn
  }

  /** Start to follow; returns the function that ends it. */
  watch() {
    const { Events } = this.Enums;
    const onDrawn = ({ target }) => this.#onDrawn(target);
    const onFailed = ({ detail }) => this.#onFailed(detail);
    document.addEventListener(Events.IMAGE_RENDERED, onDrawn, true); // it does not bubble
    this.eventTarget.addEventListener(Events.IMAGE_LOAD_FAILED, onFailed);
    return () => {
      document.removeEventListener(Events.IMAGE_RENDERED, onDrawn, true);
      this.eventTarget.removeEventListener(Events.IMAGE_LOAD_FAILED, onFailed);
    };
  }

  /** Of these views, those that were not drawn yet, and those that cannot be, each with the reason. */
  missing(views) {
    const ids = views.map((view) => this.imageIdOf(view));
    const [waiting, failed] = [[], []];
    views.forEach((view, index) => {
      const imageId = ids[index];
      if (!imageId && ids.some(Boolean)) {
        failed.push({ view, reason: "its image is not available" }); // OHIF has the images that the server could give
      } else if (this.reasons.has(imageId)) {
        failed.push({ view, reason: this.reasons.get(imageId) });
      } else if (!this.drawn.has(imageId)) {
        waiting.push(view);
      }
    });
    return { waiting, failed };
  }

  #onDrawn(element) {
    const imageId = this.#viewportOf(element)?.getCornerstoneImage?.()?.imageId;
    if (!imageId) {
      return; // only emptiness was drawn
    }
    element.dataset.drawn = "image"; // ends the spinner of panel.css
    if (!this.drawn.has(imageId)) {
      this.drawn.add(imageId);
      this.reasons.delete(imageId);
      this.changed();
    }
  }

  #onFailed({ imageId, error }) {
    this.reasons.set(imageId, reasonOf(error));
    for (const element of document.querySelectorAll(".cornerstone-viewport-element")) {
      if (this.#viewportOf(element)?.getCurrentImageId?.() === imageId) {
        element.dataset.drawn = "failed";
      }
    }
    this.changed();
  }

  #viewportOf(element) {
    return this.getEnabledElement(element)?.viewport;
  }
}

/** OHIF's loader rejects with an error, or with an answer of the server inside of one. */
function reasonOf(error) {
  const status = error?.status ?? error?.request?.status ?? error?.error?.status;
  return status ? `the server answers with error ${status}` : "its pixels cannot be read";
}
