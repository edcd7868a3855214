// OHIF's configuration: the mode 'MammoLens', its panel, its hanging protocol and its keys.

import { createApi } from "../shared/api.js";
import { h } from "../shared/dom.js";
import { EXAM_KEYS, STUDY_KEYS } from "../shared/keys.js";
import { examOf, readerStudyOf, studyOf, viewerOf } from "./address.js";
import { PROTOCOL, protocolFor } from "./hanging-protocol.js";
import { ExamController } from "./exam-controller.js";
import { Panel } from "./panel.js";
import { showFailure } from "./failure.js";
import { Session } from "./session.js";

const EXTENSION = "mammolens";
const AROUND = { width: 330, height: 60 }; // of the page, what panel and toolbar take, in pixels
const VIEWPORT = "@ohif/extension-cornerstone.viewportModule.cornerstone";
const TRACKED_VIEWPORT = "@ohif/extension-measurement-tracking.viewportModule.cornerstone-tracked";
const commandOf = ({ action }) => `mammolens-${action}`;

/** The value of `window.config`; `pacs`: whether OHIF's own study list can query a PACS. */
export function configuration({ servicesManager }, { pacs, notice }) {
  addStyle();
  document.body.append(h("div", { class: "mammolens-opening" })); // a spinner until there are viewports
  const { services } = servicesManager;
  const api = createApi({ authorization: () => services.userAuthenticationService?.getAuthorizationHeader() ?? {} });
  const session = new Session(api);
  const reader = { session, api, notice, servicesManager, exam: null, controller: null, panel: null };
  return {
    routerBasename: "/ohif/",
    showStudyList: pacs,
    extensions: [createExtension(reader)],
    modes: [createMode(reader)],
    disableConfirmationPrompts: true, // segmentations and measurements are taken without asking
    // OHIF tries a segmentation's thumbnail as an image, too; without a handler that ends in an error of its own.
    httpErrorHandler: (error) => console.debug("not loaded", error),
    investigationalUseDialog: { option: "never" }, // the panel says so at all times
    showWarningMessageForCrossOrigin: true,
    showCPUFallbackMessage: true,
    showLoadingIndicator: true,
    strictZSpacingForVolumeViewport: true,
    useSharedArrayBuffer: "FALSE",
    defaultDataSourceName: pacs ? "dicomweb" : "dicomjson",
    dataSources: [...(pacs ? [pacsSource()] : []), examSource()],
  };
}

function examSource() {
  return {
    namespace: "@ohif/extension-default.dataSourcesModule.dicomjson",
    sourceName: "dicomjson",
    configuration: { friendlyName: "Exams", name: "exams" },
  };
}

function pacsSource() {
  return {
    namespace: "@ohif/extension-default.dataSourcesModule.dicomweb",
    sourceName: "dicomweb",
    configuration: {
      friendlyName: "PACS",
      name: "PACS",
      wadoUriRoot: "/proxy/dicom/wado",
      qidoRoot: "/proxy/dicom/qido",
      wadoRoot: "/proxy/dicom/wado",
      qidoSupportsIncludeField: true,
      imageRendering: "wadors",
      thumbnailRendering: "wadors",
      enableStudyLazyLoad: false,
      supportsFuzzyMatching: true,
      supportsWildcard: true,
      bulkDataURI: { enabled: true },
    },
  };
}

function createExtension(reader) {
  return {
    id: EXTENSION,
    version: "1.0.0",
    getPanelModule({ commandsManager, extensionManager }) {
      reader.panel = new Panel(reader.session, reader.notice);
      Object.assign(reader, { commandsManager, extensionManager });
      const mount = (host) => host?.append(reader.panel.root);
      const component = () => element("div", { className: "mammolens-host", ref: mount });
      return [{ name: "exam", iconName: "tab-patient-info", iconLabel: "MammoLens", label: "MammoLens", component }];
    },
    getCommandsModule() {
      const isFor = (entry) => !reader.session.case || STUDY_KEYS.includes(entry);
      const run = (entry) => ({
        commandFn: () => (isFor(entry) ? reader.controller?.[entry.action]() : undefined),
        context: "VIEWER",
      });
      return {
        definitions: Object.fromEntries(EXAM_KEYS.map((entry) => [commandOf(entry), run(entry)])),
        defaultContext: "VIEWER",
      };
    },
    getHangingProtocolModule() {
      return [{ name: PROTOCOL, protocol: protocolFor([], 1) }]; // replaced as soon as the exam is known
    },
  };
}

function createMode(reader) {
  return {
    id: "@mammolens/mode",
    modeFactory: async ({ loadModules }) => {
      const [longitudinal] = await loadModules(["@ohif/mode-longitudinal"]);
      const base = longitudinal.modeFactory({ modeConfiguration: {} });
      return {
        ...base,
        id: "@mammolens/mode",
        routeName: "mammolens",
        displayName: "MammoLens",
        hangingProtocol: PROTOCOL,
        hotkeys: { name: "mammolens-hotkeys", hotkeys: hotkeysWith(base.hotkeys) },
        isValidMode: ({ modalities }) => ({
          valid: modalities.split("\\").includes("MG"),
          description: "Mammograms only",
        }),
        onModeInit() {
          reader.exam ??= loadExam(reader); // OHIF calls this at each drawing of its page
        },
        onModeExit(leaving) {
          reader.controller?.close();
          reader.controller = null;
          reader.exam = null;
          base.onModeExit.call(this, leaving);
        },
        routes: [
          { ...base.routes[0], path: "mammolens", init: () => openExam(reader), layoutTemplate: createLayout(base) },
        ],
      };
    },
  };
}

/** Load the exam that the address names; true on success. */
async function loadExam(reader) {
  const { session, api } = reader;
  const exam = examOf(window.location.search);
  if (!exam) {
    await redirect(api);
    return false;
  }
  const study = readerStudyOf(window.location.search);
  if (await (study ? session.openCase(study) : session.open(exam))) {
    if (session.exam.exam === exam) {
      return true;
    }
    window.location.replace(`/mammolens/reader-studies/${study}/open`); // the address is of an earlier case
    return false;
  }
  showFailure(session.error); // also where OHIF itself finds nothing to show and stays empty
  return false;
}

/** Redirect from a study opened in the PACS's list to the exam it belongs to. */
async function redirect(api) {
  try {
    const { exam } = await api.examOfStudy(studyOf(window.location.search) ?? "");
    window.location.replace(viewerOf(exam));
  } catch (error) {
    showFailure(error.message);
  }
}

/** Open the exam before OHIF hangs its images, because its views determine the hanging protocol. */
async function openExam(reader) {
  if (!(await reader.exam)) {
    return new Promise(() => {}); // an error is shown, or the page is redirecting
  }
  const { session, servicesManager } = reader;
  reader.controller = new ExamController(reader);
  reader.controller.open();
  const aspect = (window.innerWidth - AROUND.width) / Math.max(1, window.innerHeight - AROUND.height);
  const protocol = protocolFor(session.exam.views_in_detail, aspect, reader.controller.hanging);
  servicesManager.services.hangingProtocolService.addProtocol(PROTOCOL, protocol);
}

function createLayout(base) {
  return (argument) => {
    const { props, ...template } = base.routes[0].layoutTemplate(argument);
    const viewports = props.viewports.map((viewport) =>
      viewport.namespace === TRACKED_VIEWPORT ? { ...viewport, namespace: VIEWPORT } : viewport,
    );
    return {
      ...template,
      props: {
        ...props,
        viewports,
        leftPanels: ["@ohif/extension-default.panelModule.seriesList"],
        leftPanelClosed: true,
        // No panel of segmentations: OHIF brings it to the front whenever one is added.
        rightPanels: [`${EXTENSION}.panelModule.exam`, "@ohif/extension-cornerstone.panelModule.panelMeasurement"],
        rightPanelClosed: false,
      },
    };
  };
}

function hotkeysWith(defaults) {
  const ours = EXAM_KEYS.map((entry) => ({ commandName: commandOf(entry), label: entry.label, keys: [entry.key] }));
  const taken = new Set(EXAM_KEYS.map(({ key }) => key));
  return [...ours, ...defaults.filter(({ keys }) => !keys.some((key) => taken.has(key)))];
}

function addStyle() {
  document.head.append(h("link", { rel: "stylesheet", href: new URL("panel.css", import.meta.url).href }));
}

/** A React element, made by hand since OHIF does not hand out its React. */
function element(type, { ref, ...props }) {
  return { $$typeof: Symbol.for("react.element"), type, key: null, ref, props, _owner: null, _store: {} };
}
