// The findings' outlines and numbers over the images; no annotations of OHIF, which would be taken for the reader's.

import { svg } from "../shared/dom.js";

const GAP = 4; // screen pixels between an outline and its number

/** Draws the findings that `findingsOf(displaySet)` returns, again whenever OHIF draws their image. */
export class FindingOutlines {
  constructor({ Enums, utilities }, layout, findingsOf) {
    Object.assign(this, { Enums, utilities, layout, findingsOf });
    this.on = true;
  }

  /** Start to follow OHIF's drawing; returns the function that ends it. */
  watch() {
    const { IMAGE_RENDERED } = this.Enums.Events;
    const draw = ({ target }) => {
      const shown = this.layout.shown().find(({ viewport }) => viewport.element === target);
      if (shown) {
        this.#draw(shown);
      }
    };
    document.addEventListener(IMAGE_RENDERED, draw, true); // it does not bubble
    return () => document.removeEventListener(IMAGE_RENDERED, draw, true);
  }

  /** Draw all of them now. */
  draw() {
    this.layout.shown().forEach((shown) => this.#draw(shown));
  }

  /** Show them or not. */
  toggle(on = !this.on) {
    this.on = on;
    this.draw();
  }

  #draw({ viewport, displaySet, image }) {
    const { element } = viewport;
    const toScreen = (place) =>
      viewport.worldToCanvas(this.utilities.imageToWorldCoords(image.imageId, place)).map((value) => Math.round(value));
    const marks = this.on ? this.findingsOf(displaySet).map((finding) => markOf(finding, toScreen)) : [];
    const layer = element.querySelector(":scope > .mammolens-outlines") ?? element.appendChild(layerOf());
    layer.replaceChildren(...marks.flat());
  }
}

const layerOf = () => svg("svg", { class: "mammolens-outlines", "aria-hidden": "true" });

function markOf({ number, contour }, toScreen) {
  const points = contour.map(toScreen);
  const right = Math.max(...points.map(([x]) => x));
  const top = Math.min(...points.map(([, y]) => y));
  return [
    svg("polygon", { points: points.map((point) => point.join(",")).join(" ") }),
    svg("text", { x: right + GAP, y: top, "data-finding": number }, String(number)),
  ];
}
