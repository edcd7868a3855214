// Controls of the heat map: on or off, opacity, lowest level shown.

import { h } from "../shared/dom.js";

/** Controls of the overlay; `changed` redraws the panel. */
export function heatSection(exam, overlay, changed) {
  return h(
    "fieldset",
    { class: "mammolens-heat" },
    h("legend", {}, "Heat"),
    h("label", {}, onOff(overlay, changed), " Show"),
    h("label", { class: "mammolens-opacity" }, "Opacity", opacity(overlay)),
    h(
      "div",
      { role: "radiogroup", "aria-label": "Show from level" },
      exam.levels.map((level) => threshold(level, overlay, changed)),
    ),
  );
}

function onOff(overlay, changed) {
  return h("input", {
    type: "checkbox",
    checked: overlay.on,
    "data-name": "heat",
    "aria-label": "Show heat",
    onchange: (event) => {
      overlay.set({ on: event.target.checked });
      changed();
    },
  });
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

function threshold({ name, segment, colour, meaning }, overlay, changed) {
  const choose = () => {
    overlay.set({ lowest: segment });
    changed();
  };
  return h(
    "label",
    { title: meaning },
    h("input", {
      type: "radio",
      name: "mammolens-threshold",
      checked: overlay.lowest === segment,
      "data-name": `from ${name}`,
      onchange: choose,
    }),
    h("span", { class: "mammolens-colour", style: `background:${colour}` }),
    ` from ${name} `,
    h("small", {}, meaning),
  );
}
