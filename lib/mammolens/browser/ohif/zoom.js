// Zoom by the mouse wheel, pixel by pixel, and in all views at once.

import { moveCamera } from "./viewport-layout.js";

const STEP = 0.0015; // of a wheel's pixel
const LINE = 16; // pixels of a line, for browsers whose wheels count lines
const FASTEST = 2; // an event's largest factor

/** Zooms the viewports of a layout; `isLinked(one, other)` says whether one shown view follows another. */
export class Zoom {
  constructor({ Enums }, layout, isLinked) {
    Object.assign(this, { Enums, layout, isLinked });
    this.pointer = null; // where the mouse is, in the page
    this.isFollowing = false; // whether a change comes from here
  }

  /** Listen to wheel, mouse and cameras; returns the function that ends it. */
  watch() {
    const { CAMERA_MODIFIED } = this.Enums.Events;
    const listeners = [
      ["wheel", (event) => this.#onWheel(event), { capture: true, passive: false }],
      ["mousemove", ({ clientX, clientY }) => (this.pointer = [clientX, clientY]), { capture: true }],
      [CAMERA_MODIFIED, ({ target }) => this.#onCamera(target), { capture: true }], // it does not bubble
    ];
    listeners.forEach((listener) => document.addEventListener(...listener));
    return () => listeners.forEach((listener) => document.removeEventListener(...listener));
  }

  /** One pixel of the image a pixel of the screen, in the viewport under the mouse or else the active one. */
  pixelByPixel(activeId) {
    const shown = this.layout.shown();
    const one =
      shown.find(({ viewport }) => this.#isOver(viewport)) ?? shown.find(({ id }) => id === activeId) ?? shown[0];
    if (one) {
      const { viewport, image } = one;
      const screenPixel = (image.rowPixelSpacing || 1) / window.devicePixelRatio; // of the world, a CSS pixel
      const wanted = (viewport.element.clientHeight * screenPixel) / 2;
      this.#zoom(viewport, viewport.getCamera().parallelScale / wanted, this.#tissueIn(one));
    }
  }

  /** Where the canvas of a viewport shows tissue: at the chest wall while the whole image is shown, else in the middle. */
  #tissueIn({ id, viewport, displaySet, image }) {
    const { clientWidth: width, clientHeight: height } = viewport.element;
    const { parallelScale, focalPoint } = viewport.getCamera();
    const fitted = this.layout.fitted.get(id);
    const isFitted =
      fitted?.parallelScale === parallelScale &&
      focalPoint.every((value, axis) => Math.abs(value - fitted.focalPoint[axis]) < parallelScale / height);
    const x = isFitted ? (this.layout.wallIsRight(displaySet, image) ? width : 0) : width / 2;
    return [x, height / 2];
  }

  /** Let the other views follow the active one now, as linking begins. */
  follow(activeId) {
    const one = this.layout.shown().find(({ id }) => id === activeId);
    if (one) {
      this.#onCamera(one.viewport.element);
    }
  }

  #onWheel(event) {
    this.pointer = [event.clientX, event.clientY];
    // A viewport that is not active lets the event through to the pane around it.
    const isHit = ({ viewport }) =>
      this.#isOver(viewport) && (viewport.element.contains(event.target) || event.target.contains(viewport.element));
    const over = this.layout.shown().find(isHit);
    if (!over || event.ctrlKey) {
      return; // with Ctrl it zooms the page
    }
    event.preventDefault();
    event.stopPropagation(); // OHIF would look for another image of the series
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
    const factor = Math.exp(-pixels * STEP);
    this.#zoom(over.viewport, Math.min(FASTEST, Math.max(1 / FASTEST, factor)));
  }

  /** Zoom about the mouse, or about a place of the canvas where it is elsewhere. */
  #zoom(viewport, factor, elsewhere) {
    const { left, top } = viewport.element.getBoundingClientRect();
    const place = this.#isOver(viewport) ? [this.pointer[0] - left, this.pointer[1] - top] : elsewhere;
    const before = viewport.canvasToWorld(place);
    viewport.setCamera({ parallelScale: viewport.getCamera().parallelScale / factor });
    const after = viewport.canvasToWorld(place);
    moveCamera(
      viewport,
      before.map((value, axis) => value - after[axis]),
    );
    viewport.render();
  }

  #isOver({ element }) {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const [x, y] = this.pointer ?? [-1, -1];
    return x >= left && x < right && y >= top && y < bottom;
  }

  /** Bring the views that follow to the same zoom, and to the mirrored place in the other breast. */
  #onCamera(element) {
    if (this.isFollowing || this.layout.isFitting) {
      return;
    }
    const shown = this.layout.shown();
    const source = shown.find(({ viewport }) => viewport.element === element);
    const fitted = source && this.layout.fitted.get(source.id);
    if (!fitted) {
      return;
    }
    this.isFollowing = true;
    const { parallelScale, focalPoint } = source.viewport.getCamera();
    const moved = focalPoint.map((value, axis) => value - fitted.focalPoint[axis]);
    const [outwards, down] = this.#axesOf(source).map((axis) => dot(moved, axis));
    for (const other of shown.filter((one) => one !== source && this.isLinked(source, one))) {
      const before = this.layout.fitted.get(other.id);
      if (before) {
        const [across, along] = this.#axesOf(other);
        const ratio = before.parallelScale / fitted.parallelScale; // other than 1 where only one is measured in mm
        const shift = across.map((value, axis) => ratio * (outwards * value + down * along[axis]));
        const place = (from) => from.map((value, axis) => value + shift[axis]);
        other.viewport.setCamera({
          parallelScale: (before.parallelScale * parallelScale) / fitted.parallelScale,
          focalPoint: place(before.focalPoint),
          position: place(before.position),
        });
        other.viewport.render();
      }
    }
    this.isFollowing = false;
  }

  /** Unit vectors of the world: away from the chest wall, and down. */
  #axesOf({ viewport, displaySet, image }) {
    const origin = viewport.canvasToWorld([0, 0]);
    const axis = (place) => {
      const vector = viewport.canvasToWorld(place).map((value, index) => value - origin[index]);
      const length = Math.hypot(...vector);
      return vector.map((value) => value / length);
    };
    const right = axis([1, 0]);
    const outwards = this.layout.wallIsRight(displaySet, image) ? right.map((value) => -value) : right;
    return [outwards, axis([0, 1])];
  }
}

const dot = (one, other) => one.reduce((sum, value, axis) => sum + value * other[axis], 0);
