// Connects session, images, heat map and panel while an exam is open.

import { viewerOf } from "./address.js";
import { DrawnViews } from "./drawn-views.js";
import { FindingOutlines } from "./finding-outlines.js";
import { moveCamera, ViewportLayout } from "./viewport-layout.js";
import { INSTANCE, instanceOf, PROTOCOL, protocolFor, variantsOf } from "./hanging-protocol.js";
import { Learning } from "./learning.js";
import { Overlay } from "./overlay.js";
import { measureInPixelsWithoutSize } from "./pixel-size.js";
import { drawnRegions } from "./regions.js";
import { COMPARISONS, hungViews, isPair, PriorImages, priorViewsOf } from "./priors.js";
import { Preferences } from "./preferences.js";
import { VisitedExams } from "./visited-exams.js";
import { Zoom } from "./zoom.js";

const UNFINISHED = new Set(["new", "running"]); // a failed exam waits for 'Analyse again'
const CLOSE_UP = 2.5; // how much nearer a finding is looked at than the whole image
const SETTLED = 150; // ms without further changes

/** One exam on the screen. */
export class ExamController {
  constructor({ session, api, servicesManager, commandsManager, extensionManager, panel }) {
    const { cornerstone, cornerstoneTools } = extensionManager
      .getModuleEntry("@ohif/extension-cornerstone.utilityModule.common")
      .exports.getCornerstoneLibraries();
    Object.assign(this, { session, api, panel, cornerstone, tools: cornerstoneTools });
    this.services = servicesManager.services;
    this.commands = commandsManager;
    this.preferences = new Preferences(window.localStorage);
    this.visited = new VisitedExams(window.sessionStorage);
    this.layout = new ViewportLayout(this.services, (displaySet) => this.viewOf(displaySet));
    this.overlay = new Overlay(this.services, api, this.layout);
    this.drawnViews = new DrawnViews(
      cornerstone,
      (view) => this.layout.known().find(({ displaySet }) => shows(displaySet, view))?.imageId,
      () => this.#settle(),
    );
    this.outlines = new FindingOutlines(cornerstone, this.layout, (displaySet) => this.#outlined(displaySet));
    this.zoom = new Zoom(cornerstone, this.layout, (one, other) => this.#isLinked(one, other));
    this.priorImages = new PriorImages(() => extensionManager.getActiveDataSource()[0]);
    this.comparison = "current"; // an id of COMPARISONS
    this.chosen = null; // id of the prior exam that is compared; null: the latest
    this.priorViews = []; // of that exam, once its images are there
    this.learning = new Learning(api);
    this.fitted = ""; // the layout that was fitted last
    this.protocol = PROTOCOL; // the name under which OHIF hangs the views
    this.inferences = session.inferences;
    this.leaving = [];
    this.isComplete = false; // whether all images are there
    this.isSettling = true; // whether a change is still to be laid out
    this.working = 0; // overlays under way
    this.drawn = []; // the regions as the panel shows them
    this.assessments = new Map(); // id of a drawing -> its {finding_type, birads}
    this.asksAgain = false; // whether the question for a second confirmation is shown
    this.drawingsOf = new Map(); // id of a decision -> the drawings that went with it
  }

  /** Whether images and heat map are still changing. */
  get isBusy() {
    return !this.isComplete || this.isSettling || this.working > 0 || this.session.busy === "inferring";
  }

  /** Watch OHIF's viewports and the server's results, and analyse the exam if it has no result. */
  open() {
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
    this.leaving = [
      unsubscribe,
      this.layout.fitAfterResizes(),
      measureInPixelsWithoutSize(this.cornerstone),
      this.drawnViews.watch(),
      this.outlines.watch(),
      this.zoom.watch(),
      this.#nameNewThumbnails(),
      this.#watchDrawings(),
      this.#watchCameras(),
      this.session.subscribe(() => this.#onResults()),
    ];
    this.services.customizationService.addModeCustomizations(this.#corners());
    this.panel.attach(this);
    this.learning.refresh();
    if (UNFINISHED.has(this.session.exam.state)) {
      this.session.infer();
    }
  }

  /** Stop watching. */
  close() {
    this.leaving.splice(0).forEach((leave) => leave());
    clearTimeout(this.settling);
    this.learning.dispose();
  }

  /** The server's view that a display set shows. */
  viewOf(displaySet) {
    return this.#views().find((view) => shows(displaySet, view));
  }

  /** The views that a reader has not seen yet, and those that cannot be drawn: {waiting, failed}. */
  missingViews() {
    return this.drawnViews.missing(this.session.exam.views_in_detail);
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
    const { focalPoint } = viewport.getCamera();
    moveCamera(
      viewport,
      focalPoint.map((value, axis) => world[axis] - value),
    );
    viewport.render();
  }

  /** Whole images again, in one scale. */
  fit() {
    this.layout.fit();
  }

  pixelByPixel() {
    this.zoom.pixelByPixel(this.#activeId());
  }

  /** Whether all views follow the zoom of one; remembered. */
  get isLinked() {
    return this.preferences.get("linked", false);
  }

  toggleLink() {
    this.preferences.set("linked", !this.isLinked);
    this.zoom.follow(this.#activeId());
    this.panel.update();
  }

  /** How the exam hangs: a variant's id; remembered. */
  get hanging() {
    return this.preferences.get("hanging", "all");
  }

  hang(variant) {
    this.preferences.set("hanging", variant);
    this.commands.runCommand("setHangingProtocol", { protocolId: this.protocol, stageId: variant, reset: true });
    this.panel.update();
  }

  /** Whether a decision opens the next exam; remembered. */
  get advances() {
    return this.preferences.get("advances", false);
  }

  set advances(value) {
    this.preferences.set("advances", value);
  }

  magnify() {
    this.commands.runCommand("setToolActiveToolbar", { toolName: "Magnify" });
  }

  flip() {
    this.commands.runCommand("flipViewportHorizontal");
  }

  /** The active view alone, or all of them again; as a double click on it. */
  enlarge() {
    this.commands.runCommand("toggleOneUp");
  }

  toggleHeat() {
    this.overlay.set({ on: !this.overlay.on });
    this.panel.update();
  }

  toggleOutlines() {
    this.outlines.toggle();
    this.panel.update();
  }

  /** Change what is shown of heat map and findings: {on, opacity, lowest}. */
  setHeat(change) {
    this.overlay.set(change);
    this.outlines.draw();
    this.panel.update();
  }

  /** Confirm the exam as normal; a suspect or highly unusual one first asks for a second confirmation. */
  confirmNormal() {
    const { safety_note: note, suspect_reason: suspect } = this.session.exam;
    if ((note || suspect) && !this.asksAgain && !this.missingViews().waiting.length) {
      this.asksAgain = true;
      this.panel.update();
      this.panel.focus("normal again");
      return undefined;
    }
    return this.recordDecision("normal", { confirmedAgain: this.asksAgain });
  }

  /** Do not confirm a second time. */
  cancelConfirmation() {
    this.asksAgain = false;
    this.panel.update();
  }

  markFinding() {
    return this.recordDecision("finding");
  }

  markPoorQuality() {
    return this.recordDecision("poor_quality");
  }

  /** Record a verdict with the comment of the panel and, for a finding, the regions; not before all views were seen. */
  async recordDecision(verdict, { confirmedAgain = false } = {}) {
    if (this.missingViews().waiting.length) {
      this.panel.showMessage("A decision needs all views: wait until they are drawn.");
      return;
    }
    this.asksAgain = false;
    const drawn = verdict === "finding" ? this.regions() : [];
    const regions = drawn.map(({ image, points, finding_type, birads }) => ({ image, points, finding_type, birads }));
    if (await this.session.recordDecision(verdict, this.panel.comment, regions, confirmedAgain)) {
      const uids = drawn.map(({ uid }) => uid);
      this.drawingsOf.set(this.session.effectiveDecisions.at(-1)?.id, uids);
      this.panel.comment = "";
      if (this.advances) {
        await this.next();
      }
    }
  }

  /** Undo the last decision: its comment can be edited again, and its drawings go, so that no other decision has them. */
  async undo() {
    const last = this.session.effectiveDecisions.at(-1);
    if (last && (await this.session.undo())) {
      this.panel.comment ||= last.comment;
      this.#removeDrawings(this.drawingsOf.get(last.id) ?? []);
    }
  }

  /** The closed outlines that the reader drew on the exam's images, each with its assessment. */
  regions() {
    const current = this.layout.known().filter(({ displaySet }) => !this.viewOf(displaySet).isPrior);
    const views = new Map(current.map(({ displaySet, imageId }) => [imageId, this.viewOf(displaySet)]));
    const names = new Map([...views.values()].map(({ image, name }) => [image, name]));
    return drawnRegions(this.cornerstone, this.tools, (imageId) => views.get(imageId)?.image).map((region) =>
      Object.assign(
        region,
        { view: names.get(region.image), finding_type: null, birads: null },
        this.assessments.get(region.uid),
      ),
    );
  }

  /** State what a drawing shows: {finding_type} or {birads}. */
  assess(uid, stated) {
    this.assessments.set(uid, { ...this.assessments.get(uid), ...stated });
    this.drawn = this.regions();
    this.panel.update();
  }

  /** Let one drawing stand out among the others. */
  highlight(uid) {
    this.tools.annotation.selection.setAnnotationSelected(uid, true);
    this.services.cornerstoneViewportService.getRenderingEngine()?.render();
  }

  /** The prior exam that is compared; undefined if the patient has none. */
  get prior() {
    const { priors } = this.session.exam;
    return priors.find(({ exam }) => exam === this.chosen) ?? priors[0];
  }

  /** The views that hang, in their slots. */
  get hung() {
    return hungViews(this.comparison, this.session.exam.views_in_detail, this.priorViews);
  }

  choosePrior(exam) {
    this.chosen = exam;
    return this.compare(this.comparison);
  }

  /** Current, both, prior, and current again. */
  compareNext() {
    const at = COMPARISONS.findIndex(({ id }) => id === this.comparison);
    return this.compare(COMPARISONS[(at + 1) % COMPARISONS.length].id);
  }

  /** Hang the current views, the prior ones, or both: an id of COMPARISONS. */
  async compare(comparison) {
    const { prior } = this;
    if (comparison !== "current" && !prior?.views.length) {
      this.panel.showMessage(prior ? "The prior exam has no comparable view." : "The patient has no prior exam.");
      return;
    }
    if (comparison === "current") {
      this.#rehang(comparison);
      return;
    }
    this.isComplete = false;
    this.panel.update();
    try {
      const studies = await this.priorImages.load(prior.exam);
      this.priorViews = priorViewsOf(prior, this.session.exam.views_in_detail);
      this.#rehang(comparison, studies);
    } catch (error) {
      this.isComplete = this.layout.isComplete();
      this.panel.showMessage(`Cannot show the prior exam: ${error.message}`);
    }
  }

  /** Analyse the prior that is compared. */
  async inferPrior() {
    const { exam } = this.session.exam;
    this.panel.showMessage("Analysing the prior exam.");
    try {
      await this.api.infer(this.prior.exam);
    } catch (error) {
      this.panel.showMessage(error.message);
      return;
    }
    await this.session.open(exam);
    if (this.priorViews.length) {
      this.priorViews = priorViewsOf(this.prior, this.session.exam.views_in_detail);
    }
    this.#work(() => this.overlay.show(this.#exams()));
  }

  /** Hang what `comparison` shows; `studies` are those of the prior exam. */
  #rehang(comparison, studies = []) {
    const { hangingProtocolService: hanging, displaySetService } = this.services;
    this.comparison = comparison;
    const views = this.hung;
    const name = comparison === "current" ? PROTOCOL : `${PROTOCOL} ${comparison} ${this.prior.exam}`;
    const shown = [...document.querySelectorAll(".viewport-wrapper")].map((one) => one.getBoundingClientRect());
    const width = Math.max(...shown.map(({ right }) => right)) - Math.min(...shown.map(({ left }) => left));
    const height = Math.max(...shown.map(({ bottom }) => bottom)) - Math.min(...shown.map(({ top }) => top));
    const variants = variantsOf(views).map(({ id }) => id);
    const stageId = variants.includes(this.hanging) ? this.hanging : "all";
    hanging.addProtocol(name, protocolFor(views, width / height, stageId, name));
    const { activeStudy } = hanging.getActiveProtocol();
    const all = [activeStudy, ...studies.map((StudyInstanceUID) => ({ StudyInstanceUID }))];
    hanging.run({ studies: all, activeStudy, displaySets: displaySetService.getActiveDisplaySets() }, name, {
      stageId,
    });
    this.protocol = name;
    this.#settle();
    this.panel.update();
  }

  /** The current exam and, if its images are there, the prior one, as the overlay needs them. */
  #exams() {
    const prior = { exam: this.prior?.exam, views_in_detail: this.priorViews };
    return this.priorViews.length ? [this.session.exam, prior] : [this.session.exam];
  }

  /** Views of the current exam and of the prior one. */
  #views() {
    return [...(this.session.exam?.views_in_detail ?? []), ...this.priorViews];
  }

  /** Whether one shown view follows another: all of them if the reader wants so, and always the two of a pair. */
  #isLinked({ displaySet: one }, { displaySet: other }) {
    return this.isLinked || isPair(this.viewOf(one), this.viewOf(other));
  }

  /** Open the exam that the server names as the next. */
  async next() {
    const here = this.session.exam.exam;
    try {
      const { next } = await this.api.exam(here);
      if (next) {
        this.visited.add(here);
        window.location.assign(viewerOf(next));
      } else {
        this.panel.showMessage("All other exams have been reviewed.");
      }
    } catch (error) {
      this.panel.showMessage(error.message);
    }
  }

  previous() {
    const previous = this.visited.takeLast();
    if (previous) {
      window.location.assign(viewerOf(previous));
    } else {
      this.panel.showMessage("No previous exam.");
    }
  }

  /** Findings of a display set's view from the lowest heat level that is shown. */
  #outlined(displaySet) {
    const segments = new Map(this.session.exam.levels.map(({ name, segment }) => [name, segment]));
    const isShown = ({ level }) => (segments.get(level) ?? 0) >= this.overlay.lowest;
    return (this.viewOf(displaySet)?.findings ?? []).filter(isShown);
  }

  /** Keep the panel's regions up to date while the reader draws. */
  #watchDrawings() {
    const { eventTarget } = this.cornerstone;
    const { ANNOTATION_COMPLETED, ANNOTATION_MODIFIED, ANNOTATION_REMOVED } = this.tools.Enums.Events;
    const events = [ANNOTATION_COMPLETED, ANNOTATION_MODIFIED, ANNOTATION_REMOVED];
    const idsOf = (regions) => regions.map(({ uid }) => uid).join();
    const follow = () => {
      const now = this.regions();
      if (idsOf(now) !== idsOf(this.drawn)) {
        this.drawn = now;
        this.panel.update();
      }
    };
    events.forEach((event) => eventTarget.addEventListener(event, follow));
    return () => events.forEach((event) => eventTarget.removeEventListener(event, follow));
  }

  /** Fit again after OHIF has reset a camera. */
  #watchCameras() {
    const { CAMERA_MODIFIED } = this.cornerstone.Enums.Events;
    const onCamera = () => {
      if (!this.layout.isFitting && this.layout.isReset()) {
        this.#settle();
      }
    };
    document.addEventListener(CAMERA_MODIFIED, onCamera, true); // it does not bubble
    return () => document.removeEventListener(CAMERA_MODIFIED, onCamera, true);
  }

  #removeDrawings(uids) {
    const { measurementService, cornerstoneViewportService } = this.services;
    for (const uid of uids) {
      if (measurementService.getMeasurement(uid)) {
        measurementService.remove(uid);
      }
      this.tools.annotation.state.removeAnnotation(uid);
    }
    cornerstoneViewportService.getRenderingEngine()?.render();
  }

  #activeId() {
    return this.services.viewportGridService.getActiveViewportId();
  }

  #nameNewThumbnails() {
    const { displaySetService } = this.services;
    const { unsubscribe } = displaySetService.subscribe(
      displaySetService.EVENTS.DISPLAY_SETS_ADDED,
      ({ displaySetsAdded }) => this.#nameThumbnails(displaySetsAdded),
    );
    return unsubscribe;
  }

  /** Call thumbnails by their views, and heat maps by those of their images. */
  #nameThumbnails(displaySets) {
    for (const displaySet of displaySets) {
      const view = this.viewOf(displaySet) ?? this.overlay.viewOf(displaySet, this.#views());
      const name = view && (displaySet.Modality === "SEG" ? `Heat ${view.name}` : view.name);
      Object.assign(displaySet, name && { SeriesDescription: name, label: name });
    }
  }

  /** OHIF's text over an image: the view instead of the series description, and no image count. */
  #corners() {
    const nameIn = ({ referenceInstance }) => {
      const view = referenceInstance && this.viewOf({ instances: [referenceInstance] });
      return view?.name;
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

  /** Write the corners again. OHIF does so for a new window only; this is the window that the image has. */
  #refreshCorners() {
    const { Enums, triggerEvent } = this.cornerstone;
    for (const { id, viewport } of this.layout.shown()) {
      const { voiRange: range } = viewport.getProperties();
      triggerEvent(viewport.element, Enums.Events.VOI_MODIFIED, { viewportId: id, range });
    }
  }

  #shownOf(view) {
    return this.layout.shown().find(({ displaySet }) => this.viewOf(displaySet) === view);
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

  /** Viewports or their images have changed: fit new ones and add the heat map. */
  #settle() {
    this.isSettling = true;
    clearTimeout(this.settling);
    this.settling = setTimeout(async () => {
      this.isSettling = false;
      const now = this.layout.signature();
      if (now !== this.fitted || this.layout.isReset()) {
        this.fitted = now;
        this.layout.fit();
      }
      this.isComplete = this.layout.isComplete();
      await this.#work(() => this.overlay.show(this.#exams()));
      this.opened?.();
    }, SETTLED);
  }

  #onResults() {
    if (this.session.inferences !== this.inferences) {
      this.inferences = this.session.inferences;
      this.#nameThumbnails(this.services.displaySetService.getActiveDisplaySets()); // only now may a view be known
      this.#refreshCorners();
      this.outlines.draw();
      this.#work(() => this.overlay.show(this.#exams(), { refresh: true }));
    }
  }

  async #work(work) {
    this.working += 1;
    try {
      await work();
    } catch (error) {
      console.error(error);
      this.panel.showMessage(`Cannot show the heat map: ${error.message}`);
    } finally {
      this.working -= 1;
      this.panel.update();
    }
  }
}

/** Whether a display set is the image of a view. */
function shows(displaySet, view) {
  return displaySet.Modality !== "SEG" && instanceOf(displaySet)?.SOPInstanceUID === view.sop_instance_uid;
}
