// Controls of heat map and outlines: on or off, opacity, lowest level shown.

import { h } from "../shared/dom.js";

/** Controls of heat map and outlines. */
export function heatSection(exam, controller) {
  const { overlay, outlines } = controller;
  return h(
    "fieldset",
    { class: "mammolens-heat" },
    h("legend", {}, "Heat"),
    h(
      "div",
      { class: "mammolens-row" },
      onOff("heat", "Heat", overlay.on, (on) => controller.setHeat({ on })),
      onOff("outlines", "Outlines", outlines.on, () => controller.toggleOutlines()),
    ),
    h("label", { class: "mammolens-opacity" }, "Opacity", opacity(overlay)),
    h(
      "div",
      { role: "radiogroup", "aria-label": "Show from level" },
      exam.levels.map((level) => threshold(level, controller)),
    ),
  );
}

function onOff(name, label, checked, changed) {
  const box = h("input", {
    type: "checkbox",
    checked,
    "data-name": name,
    "aria-label": `Show ${label.toLowerCase()}`,
    onchange: (event) => changed(event.target.checked),
  });
  return h("label", {}, box, ` ${label}`);
}

function opacity(overlay) {
  return h("input", {
    type: "range",
    min: 0,
    max: 100,
    value: Math.round(overlay.opacity * 100),
    "data-name": "opacity",
    "aria-label": "Heat opacity",
    oninput: (event) => overlay.set({ opacity: event.target.valueAsNumber / 100 }),
  });
}

function threshold({ name, segment, colour, meaning }, controller) {
  return h(
    "label",
    { title: meaning },
    h("input", {
      type: "radio",
      name: "mammolens-threshold",
      checked: controller.overlay.lowest === segment,
      "data-name": `from ${name}`,
      onchange: () => controller.setHeat({ lowest: segment }),
    }),
    h("span", { class: "mammolens-colour", style: `background:${colour}` }),
    ` from ${name} `,
    h("small", {}, meaning),
  );
}
