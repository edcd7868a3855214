// Puts session, images, heat and panel together while an exam is open.

import { viewName } from "../shared/words.js";
import { viewerOf } from "./address.js";
import { Arrangement } from "./arrangement.js";
import { INSTANCE, instanceOf } from "./hanging-protocol.js";
import { Learning } from "./learning.js";
import { Overlay } from "./overlay.js";
import { drawnRegions } from "./regions.js";
import { nextOf, Seen } from "./worklist.js";

const NOT_YET = new Set(["new", "running"]); // a failed exam waits for 'Analyse again'
const CLOSE_UP = 2.5; // how much nearer a finding is looked at than the whole image
const SETTLED = 150; // ms without further changes after which the page has settled

/** One exam on the screen. */
export class Reading {
  constructor({ session, api, servicesManager, extensionManager, panel }) {
    const { cornerstone, cornerstoneTools } = extensionManager
      .getModuleEntry("@ohif/extension-cornerstone.utilityModule.common")
      .exports.getCornerstoneLibraries();
    Object.assign(this, { session, api, panel, cornerstone, tools: cornerstoneTools });
    this.services = servicesManager.services;
    this.seen = new Seen(window.sessionStorage);
    this.arrangement = new Arrangement(this.services, (displaySet) => this.viewOf(displaySet));
    this.overlay = new Overlay(this.services, api, this.arrangement);
    this.learning = new Learning(api);
    this.arranged = ""; // what was shown where when it was fitted last
    this.inferences = session.inferences;
    this.leaving = [];
    this.isComplete = false; // whether all images are there
    this.isSettling = true; // whether something has just changed that is to be arranged
    this.working = 0; // overlays under way
  }

  /** Whether images and heat on the screen are not yet what they are going to be. */
  get isBusy() {
    return !this.isComplete || this.isSettling || this.working > 0 || this.session.busy === "inferring";
  }

  /** Begin: watch OHIF's viewports and the server's results, and have the exam analysed if it is not. */
  enter() {
    const { cornerstoneViewportService, hangingProtocolService } = this.services;
    hangingProtocolService.addCustomAttribute(
      INSTANCE,
      "SOP Instance UID of the first image",
      (displaySet) => instanceOf(displaySet)?.SOPInstanceUID,
    );
    const { unsubscribe } = cornerstoneViewportService.subscribe(
      cornerstoneViewportService.EVENTS.VIEWPORT_DATA_CHANGED,
      () => this.#settle(),
    );
    const resized = new ResizeObserver(() => this.#settle());
    resized.observe(document.body);
    this.leaving = [unsubscribe, () => resized.disconnect(), this.session.subscribe(() => this.#onResults())];
    this.services.customizationService.addModeCustomizations(this.#corners());
    this.panel.serve(this);
    this.learning.look();
    if (NOT_YET.has(this.session.exam.state)) {
      this.session.infer();
    }
  }

  /** End: OHIF shows something else. */
  leave() {
    this.leaving.splice(0).forEach((leave) => leave());
    clearTimeout(this.settling);
    this.learning.leave();
  }

  /** The server's view that a display set shows. */
  viewOf(displaySet) {
    const uid = displaySet.Modality === "SEG" ? null : instanceOf(displaySet)?.SOPInstanceUID;
    return this.session.exam?.views_in_detail.find((view) => view.sop_instance_uid === uid);
  }

  /** Bring a finding of a view to the middle of its viewport. */
  async show(view, finding) {
    const { viewportGridService } = this.services;
    const found = this.#shownOf(view) ?? (await this.#open(view));
    if (!found) {
      return;
    }
    viewportGridService.setActiveViewportId(found.id);
    const { viewport, image } = found;
    const world = this.cornerstone.utilities.imageToWorldCoords(image.imageId, finding.peak_location);
    viewport.setZoom(Math.max(CLOSE_UP, viewport.getZoom()));
    const { focalPoint, position } = viewport.getCamera();
    const moved = (place) => place.map((value, axis) => value + world[axis] - focalPoint[axis]);
    viewport.setCamera({ focalPoint: moved(focalPoint), position: moved(position) });
    viewport.render();
  }

  /** Whole images again, in one scale. */
  fit() {
    this.arrangement.fit();
  }

  toggleHeat() {
    this.overlay.set({ on: !this.overlay.on });
    this.panel.update();
  }

  confirmNormal() {
    return this.decide("normal");
  }

  /** Record a verdict with the comment of the panel and, for a finding, what was drawn. */
  async decide(verdict) {
    const regions = verdict === "finding" ? this.regions() : [];
    if (await this.session.decide(verdict, this.panel.comment, regions)) {
      this.panel.comment = "";
    }
  }

  /** What the reader drew on the exam's images. */
  regions() {
    const images = new Map(
      this.arrangement.known().map(({ displaySet, imageId }) => [imageId, this.viewOf(displaySet).image]),
    );
    return drawnRegions(this.cornerstone, this.tools, (imageId) => images.get(imageId));
  }

  /** The most anomalous exam that nobody has reviewed, one that this tab has not shown first. */
  async next() {
    const here = this.session.exam.exam;
    try {
      const { exams } = await this.api.worklist();
      const next = nextOf(exams, here, this.seen.all);
      if (next) {
        this.seen.add(here);
        window.location.assign(viewerOf(next));
      } else {
        this.panel.say("All other exams are reviewed.");
      }
    } catch (error) {
      this.panel.say(error.message);
    }
  }

  previous() {
    const previous = this.seen.takeLast();
    if (previous) {
      window.location.assign(viewerOf(previous));
    } else {
      this.panel.say("No exam was read before this one.");
    }
  }

  /** What OHIF writes over an image: its view instead of a series description, and no count of one. */
  #corners() {
    const nameIn = ({ referenceInstance }) => {
      const view = referenceInstance && this.viewOf({ instances: [referenceInstance] });
      return view && viewName(view);
    };
    const view = {
      id: "view",
      customizationType: "ohif.overlayItem",
      label: "",
      title: "View",
      condition: nameIn,
      contentF: nameIn,
    };
    return [
      { id: "cornerstoneOverlayTopLeft", items: [view] },
      { id: "cornerstoneOverlayBottomRight", items: [] },
    ];
  }

  #shownOf(view) {
    return this.arrangement.shown().find(({ displaySet }) => this.viewOf(displaySet) === view);
  }

  /** Show a view that no viewport shows, in the active one. */
  async #open(view) {
    const { viewportGridService, displaySetService } = this.services;
    const displaySet = displaySetService.getActiveDisplaySets().find((one) => this.viewOf(one) === view);
    if (!displaySet) {
      return undefined;
    }
    const opened = new Promise((resolve) => {
      this.opened = resolve;
    });
    const viewportId = viewportGridService.getActiveViewportId();
    const displaySetInstanceUIDs = [displaySet.displaySetInstanceUID];
    viewportGridService.setDisplaySetsForViewports([{ viewportId, displaySetInstanceUIDs }]);
    await opened;
    return this.#shownOf(view);
  }

  /** Viewports or their sizes have changed: arrange what is new, and lay the heat over it. */
  #settle() {
    this.isSettling = true;
    clearTimeout(this.settling);
    this.settling = setTimeout(async () => {
      this.isSettling = false;
      const now = this.arrangement.signature();
      if (now !== this.arranged) {
        this.arranged = now;
        this.arrangement.fit();
      }
      this.isComplete = this.arrangement.isComplete();
      await this.#work(() => this.overlay.show(this.session.exam));
      this.opened?.();
    }, SETTLED);
  }

  #onResults() {
    if (this.session.inferences !== this.inferences) {
      this.inferences = this.session.inferences;
      this.#work(() => this.overlay.show(this.session.exam, { anew: true }));
    }
  }

  async #work(work) {
    this.working += 1;
    try {
      await work();
    } catch (error) {
      console.error(error);
      this.panel.say(`The heat cannot be shown: ${error.message}`);
    } finally {
      this.working -= 1;
      this.panel.update();
    }
  }
}
