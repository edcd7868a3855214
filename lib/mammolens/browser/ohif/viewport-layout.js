// Shows all images of a grid at one scale, chest walls together, each with a window.

import { instanceOf } from "./hanging-protocol.js";
import { chestWallIsRight, windowOf } from "./pixels.js";

/** Lays out the viewports of OHIF's grid; `viewOf(displaySet)` returns laterality and view. */
export class ViewportLayout {
  constructor(services, viewOf) {
    this.services = services;
    this.viewOf = viewOf;
    this.chestWalls = new Map(); // image id -> true where it lies at the right edge
    this.isFitting = false;
    this.fitted = new Map(); // viewport id -> its camera when the whole image was fitted
    this.windows = new Map(); // image of a current view -> {machine, voiRange}
  }

  /** All viewports that show a mammogram: [{id, viewport, displaySet, image}]. */
  shown() {
    const { viewportGridService, cornerstoneViewportService, displaySetService } = this.services;
    const found = [];
    for (const [id, { displaySetInstanceUIDs }] of viewportGridService.getState().viewports) {
      const viewport = cornerstoneViewportService.getCornerstoneViewport(id);
      const [uid] = displaySetInstanceUIDs ?? []; // none where a cell of the grid is empty
      const displaySet = uid && displaySetService.getDisplaySetByUID(uid);
      const image = viewport?.getCornerstoneImage?.();
      if (image && displaySet && this.viewOf(displaySet)) {
        found.push({ id, viewport, displaySet, image });
      }
    }
    return found;
  }

  /** Whether each viewport that is to show an image has drawn it, or failed to. */
  isComplete() {
    const { viewportGridService, cornerstoneViewportService } = this.services;
    const wanted = [...viewportGridService.getState().viewports].filter(
      ([, one]) => one.displaySetInstanceUIDs?.length,
    );
    const isDone = ([id]) => cornerstoneViewportService.getCornerstoneViewport(id)?.element.dataset.drawn;
    return wanted.length > 0 && wanted.every(isDone);
  }

  /** Every display set of the exam with the id of its image, on the screen or not. */
  known() {
    return this.services.displaySetService
      .getActiveDisplaySets()
      .filter((displaySet) => this.viewOf(displaySet))
      .map((displaySet) => ({ displaySet, imageId: instanceOf(displaySet).imageId }));
  }

  /** What is shown where and how large; equal while nothing of that has changed. */
  signature() {
    const places = this.shown().map(({ id, viewport: { element }, displaySet }) => [
      id,
      displaySet.displaySetInstanceUID,
      element.clientWidth,
      element.clientHeight,
    ]);
    return JSON.stringify(places);
  }

  /** Fit all images again, undoing pans and zooms. */
  fit() {
    this.isFitting = true;
    // Current views first: their windows are those of their priors.
    const shown = this.shown().toSorted((one, other) => this.#isPrior(one) - this.#isPrior(other));
    const scaleOf = (known) =>
      Math.max(0, ...shown.filter(hasSize(known)).map(({ viewport, image }) => neededScale(viewport, image)));
    const scales = new Map([true, false].map((known) => [known, scaleOf(known)])); // in mm, and in pixels
    for (const { id, viewport, displaySet, image } of shown) {
      this.#window(viewport, displaySet, image);
      this.#place(viewport, displaySet, image, scales.get(isSizeKnown(image)));
      this.fitted.set(id, viewport.getCamera());
      viewport.render();
    }
    this.isFitting = false;
  }

  /** Whether OHIF has reset the camera of an image that was fitted, as it does for new data, at times of its own. */
  isReset() {
    return this.shown().some(({ id, viewport }) => {
      const { focalPoint = [], parallelScale } = this.fitted.get(id) ?? {};
      const now = viewport.getCamera();
      const isFitted =
        now.parallelScale === parallelScale && focalPoint.every((value, axis) => isNear(value, now.focalPoint[axis]));
      const isInitial = isNear(viewport.getZoom(), 1) && viewport.getPan().every((shift) => isNear(shift, 0));
      return parallelScale && isInitial && !isFitted;
    });
  }

  /** Whether the chest wall of a display set's view is to hang at the right edge. */
  wallIsRight(displaySet, image) {
    const { laterality } = this.viewOf(displaySet);
    return laterality === "R" || (laterality !== "L" && this.#chestWallIsRight(displaySet, image));
  }

  /**
   * Fit again whenever OHIF has resized its viewports, as by opening a side panel; returns the function that ends it.
   *
   * OHIF keeps zoom and pan of a resized viewport, which moves tissue out of it. No event tells when it has done so.
   */
  fitAfterResizes() {
    const service = this.services.cornerstoneViewportService;
    const resize = service.performResize;
    service.performResize = () => {
      resize.call(service);
      this.fit();
    };
    return () => {
      service.performResize = resize;
    };
  }

  #isPrior({ displaySet }) {
    return Number(Boolean(this.viewOf(displaySet).isPrior));
  }

  /** The image's own window or one over its breast; a prior of the same machine gets that of its current view. */
  #window(viewport, displaySet, image) {
    const { isPrior, current, image: name } = this.viewOf(displaySet);
    const machine = machineOf(instanceOf(displaySet));
    const shared = isPrior ? this.windows.get(current) : null;
    if (shared?.machine === machine) {
      viewport.setProperties({ voiRange: shared.voiRange });
      return;
    }
    this.#ownWindow(viewport, displaySet, image);
    if (!isPrior) {
      this.windows.set(name, { machine, voiRange: viewport.getProperties().voiRange });
    }
  }

  #ownWindow(viewport, displaySet, image) {
    const instance = instanceOf(displaySet);
    if (instance.WindowCenter !== undefined && instance.WindowCenter !== null) {
      return;
    }
    const stored = windowOf(image.voxelManager.getScalarData(), isInverted(displaySet));
    const [slope, intercept] = image.preScale?.scaled ? [1, 0] : [image.slope ?? 1, image.intercept ?? 0];
    const voiRange = { lower: stored.lower * slope + intercept, upper: stored.upper * slope + intercept };
    viewport.setDefaultProperties?.({ ...viewport.getProperties(), voiRange }); // what 'reset' comes back to
    viewport.setProperties({ voiRange });
  }

  /** Set the scale, and lay the middle of the chest wall on the middle of the canvas's edge. */
  #place(viewport, displaySet, image, scale) {
    const isRight = this.#chestWallIsRight(displaySet, image);
    const shouldBeRight = this.wallIsRight(displaySet, image);
    const { clientWidth, clientHeight } = viewport.element;
    viewport.setCamera({ flipHorizontal: isRight !== shouldBeRight, parallelScale: (scale * clientHeight) / 2 });
    const wall = viewport.canvasToWorld([shouldBeRight ? clientWidth : 0, clientHeight / 2]);
    const edge = [isRight ? image.columns - 0.5 : -0.5, (image.rows - 1) / 2]; // pixel centres are whole numbers
    const shift = viewport
      .getImageData()
      .imageData.indexToWorld([...edge, 0])
      .map((value, axis) => value - wall[axis]);
    moveCamera(viewport, shift);
  }

  #chestWallIsRight(displaySet, image) {
    if (!this.chestWalls.has(image.imageId)) {
      const values = image.voxelManager.getScalarData();
      const isRight = chestWallIsRight(values, image.columns, image.rows, isInverted(displaySet));
      this.chestWalls.set(image.imageId, isRight);
    }
    return this.chestWalls.get(image.imageId);
  }
}

const isNear = (one, other) => Math.abs(one - other) < 1e-3;

/** Move what a viewport looks at by a vector of the world, in mm. */
export function moveCamera(viewport, shift) {
  const { focalPoint, position } = viewport.getCamera();
  const moved = (place) => place.map((value, axis) => value + shift[axis]);
  viewport.setCamera({ focalPoint: moved(focalPoint), position: moved(position) });
}

/** Equal for images whose stored values mean the same. */
const machineOf = ({
  Manufacturer,
  ManufacturerModelName,
  PresentationIntentType,
  PhotometricInterpretation,
  BitsStored,
}) =>
  JSON.stringify([Manufacturer, ManufacturerModelName, PresentationIntentType, PhotometricInterpretation, BitsStored]);
const isSizeKnown = ({ columnPixelSpacing }) => Boolean(columnPixelSpacing);
const hasSize =
  (known) =>
  ({ image }) =>
    isSizeKnown(image) === known;
const isInverted = (displaySet) => instanceOf(displaySet).PhotometricInterpretation === "MONOCHROME1";
const widthOf = (image) => image.columns * (image.columnPixelSpacing || 1);
const heightOf = (image) => image.rows * (image.rowPixelSpacing || 1);

/** mm a screen pixel at which the whole image is seen. */
function neededScale(viewport, image) {
  const { clientWidth, clientHeight } = viewport.element;
  return clientWidth && clientHeight ? Math.max(widthOf(image) / clientWidth, heightOf(image) / clientHeight) : 0;
}
