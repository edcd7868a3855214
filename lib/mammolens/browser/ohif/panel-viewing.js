// How the views hang and are looked at.

import { button, h } from "../shared/dom.js";
import { variantsOf } from "./hanging-protocol.js";

/** Hanging variants and tools; OHIF's toolbar has them without names. */
export function viewingSection(controller) {
  const action = (name, label, title) => button(label, () => controller[name](), { title, "data-name": name });
  const variants = variantsOf(controller.hung);
  const hanging = variants.some(({ id }) => id === controller.hanging) ? controller.hanging : "all";
  return h(
    "section",
    { class: "mammolens-viewing", "aria-label": "Viewing" },
    h("h3", {}, "Views on the screen"),
    variants.length > 1
      ? h(
          "div",
          { class: "mammolens-row", role: "group", "aria-label": "Hanging" },
          variants.map(({ id, label, title }) =>
            button(label, () => controller.hang(id), {
              title,
              "data-name": `hang ${id}`,
              "aria-pressed": String(id === hanging),
            }),
          ),
        )
      : null,
    h(
      "div",
      { class: "mammolens-row" },
      action("fit", "Fit", "Whole images again"),
      action("pixelByPixel", "1:1", "One image pixel per screen pixel"),
      action("enlarge", "Enlarge", "The active view alone, or all again; as a double click"),
      action("flip", "Flip", "Mirror the active view"),
      action("magnify", "Magnifier", "A magnifying glass while the mouse button is held in a view"),
    ),
    h(
      "label",
      {},
      h("input", {
        type: "checkbox",
        checked: controller.isLinked,
        "data-name": "linked",
        onchange: () => controller.toggleLink(),
      }),
      " Zoom all views together",
    ),
    h("p", { class: "mammolens-hint" }, "The mouse wheel zooms."),
  );
}
