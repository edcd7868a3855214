// The heat map over the images: the server's DICOM segmentations, drawn by OHIF.

import { instanceOf } from "./hanging-protocol.js";

const LABELMAP = "Labelmap";
const TIMEOUT_MS = 10_000;
const SEG = "1.2.840.10008.5.1.4.1.1.66.4"; // Segmentation Storage

/** One segmentation an image; segment n is heat level n. */
export class Overlay {
  constructor(services, api, layout) {
    this.services = services;
    this.api = api;
    this.layout = layout;
    this.on = true;
    this.opacity = 0.5;
    this.lowest = 1; // first segment that is shown
    this.views = [];
    this.work = Promise.resolve();
  }

  /**
   * Lay segmentations over all viewports that show their images.
   *
   * `exams` are the current one and perhaps a prior: [{exam, views_in_detail}]. With `refresh`, the server's current segmentations replace the loaded ones. Calls run one after the other, so that
   * none is added twice.
   */
  show(exams, { refresh = false } = {}) {
    const done = this.work.then(() => this.#show(exams, refresh));
    this.work = done.catch(() => {});
    return done;
  }

  async #show(exams, refresh) {
    if (refresh) {
      this.#clear(exams.flatMap(({ views_in_detail: views }) => views));
    }
    const analysed = exams.map(({ exam, views_in_detail: views }) => [exam, views.filter((one) => one.segmentation)]);
    this.views = analysed.flatMap(([, views]) => views);
    for (const [exam, views] of analysed) {
      await this.#addMissing(exam, views);
    }
    await this.#attach();
  }

  async #attach() {
    await Promise.all(this.layout.shown().map((shown) => this.#attachTo(shown)));
    this.draw();
  }

  async #attachTo({ id, viewport, displaySet }) {
    const { segmentationService } = this.services;
    const segmentationId = await this.#loaded(instanceOf(displaySet).SOPInstanceUID, displaySet);
    const wanted = { segmentationId, type: LABELMAP };
    if (!segmentationId || segmentationService.getSegmentationRepresentations(id, wanted).length) {
      return;
    }
    const [camera, actors] = [viewport.getCamera(), viewport.getActors().length];
    await segmentationService.addSegmentationRepresentation(id, wanted);
    // OHIF makes thumbnails of what has images, and fails where their series came after the exam was opened.
    this.services.displaySetService.getDisplaySetByUID(segmentationId).images = undefined;
    await until(() => viewport.getActors().length > actors);
    viewport.setCamera(camera); // a new actor resets the camera, and of that only zoom and pan come back by themselves
  }

  /** The view whose segmentation a display set is, or nothing. */
  viewOf({ SOPClassUID, instance }, views) {
    return SOPClassUID === SEG ? views.find((view) => view.sop_instance_uid === sourceOf(instance)) : undefined;
  }

  /** Bring on/off, opacity and threshold to the screen. */
  draw() {
    const { segmentationService, cornerstoneViewportService } = this.services;
    const fill = this.opacity;
    segmentationService.setStyle(
      { type: LABELMAP },
      {
        renderFill: true,
        fillAlpha: fill,
        fillAlphaInactive: fill,
        renderOutline: false,
        renderOutlineInactive: false,
      },
    );
    for (const { id } of this.layout.shown()) {
      for (const { segmentationId, segments } of segmentationService.getSegmentationRepresentations(id)) {
        for (const segment of Object.keys(segments).map(Number)) {
          const visible = this.on && segment >= this.lowest;
          segmentationService.setSegmentVisibility(id, segmentationId, segment, visible, LABELMAP);
        }
      }
    }
    cornerstoneViewportService.getRenderingEngine()?.render();
  }

  /** Change what is shown: {on, opacity, lowest}. */
  set(change) {
    Object.assign(this, change);
    this.draw();
  }

  #clear(views) {
    const { displaySetService, segmentationService } = this.services;
    for (const view of views) {
      for (const displaySet of this.#displaySetsOf(view)) {
        const id = displaySet.displaySetInstanceUID;
        for (const viewport of segmentationService.getViewportIdsWithSegmentation(id)) {
          segmentationService.removeSegmentationRepresentations(viewport, { segmentationId: id });
        }
        if (segmentationService.getSegmentation(id)) {
          segmentationService.remove(id);
        }
        displaySetService.deleteDisplaySet(id);
      }
    }
  }

  async #addMissing(exam, views) {
    if (views.every((view) => this.#displaySetsOf(view).length)) {
      return;
    }
    const { studies } = await this.api.manifest(exam);
    const instances = studies.flatMap((study) =>
      study.series.flatMap(({ instances: all, ...series }) =>
        all.map(({ metadata, url }) => ({
          ...series,
          ...metadata,
          StudyInstanceUID: study.StudyInstanceUID,
          url,
          imageId: url,
        })),
      ),
    );
    for (const view of views.filter((one) => !this.#displaySetsOf(one).length)) {
      const instance = instances.find((one) => one.SOPInstanceUID === view.segmentation.sop_instance_uid);
      if (instance) {
        this.services.displaySetService.makeDisplaySets([instance], { madeInClient: true });
      }
    }
  }

  /** Segmentations of a view's image that OHIF knows. */
  #displaySetsOf(view) {
    return this.services.displaySetService
      .getActiveDisplaySets()
      .filter(({ SOPClassUID, instance }) => SOPClassUID === SEG && sourceOf(instance) === view.sop_instance_uid);
  }

  /** The id of an image's segmentation, read if it was not yet; null if there is none. */
  async #loaded(sopInstanceUid, image) {
    const view = this.views.find((one) => one.sop_instance_uid === sopInstanceUid);
    const [segmentation] = view ? this.#displaySetsOf(view) : [];
    if (!segmentation) {
      return null;
    }
    // OHIF takes the first image of the series that the segmentation refers to; a series may hold all four views.
    segmentation.referencedDisplaySetInstanceUID = image.displaySetInstanceUID;
    await segmentation.load({ headers: undefined });
    segmentation.isHydrated = true;
    return segmentation.displaySetInstanceUID;
  }
}

function sourceOf(segmentation) {
  const first = (sequence) => (Array.isArray(sequence) ? sequence[0] : sequence);
  return first(first(segmentation?.ReferencedSeriesSequence)?.ReferencedInstanceSequence)?.ReferencedSOPInstanceUID;
}

/** Wait, frame by frame, until something holds; not for ever. */
async function until(holds) {
  const ends = performance.now() + TIMEOUT_MS;
  while (!holds() && performance.now() < ends) {
    await new Promise(requestAnimationFrame);
  }
}
