// The images of an exam with their layers. Everything is drawn from the `data` of one exam; a person's
// settings persist when the surrounding page is redrawn. Text from files is inserted as text, never as HTML.

import { fill, h, svg } from "../shared/dom.js";
import { actionOf, IMAGE_KEYS } from "../shared/keys.js";

const ZOOMS = [1, 1.5, 2, 3, 4, 6];
const NAMES = { heat: "heat", reconstruction: "reconstruction", network_input: "network input", image: "image" };
const LEAST = { beside: "30rem", slider: "17rem", alone: "17rem" }; // width that a view asks for, all together

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".mammolens");
  if (root.dataset.exam === data.exam) {
    return;
  }
  root.dataset.exam = data.exam;
  const find = (selector) => root.querySelector(selector);
  const state = {
    layout: "beside",
    shown: "heat",
    view: "",
    level: data.levels[0].name,
    opacity: 45,
    outlines: true,
    zoom: 0,
  };

  // Radios of one group need a name that no other viewer on the page has.
  for (const radio of root.querySelectorAll(".layout")) {
    radio.name = `layout-${data.exam}`;
    radio.checked = radio.value === state.layout;
    radio.onchange = () => set({ layout: radio.value });
  }
  const views = data.views.map((view, at) => new Option(view.name, String(at)));
  fill(find(".view"), new Option("All", ""), views);
  fill(
    find(".level"),
    data.levels.map(({ name }) => new Option(name)),
  );
  fill(
    find(".legend"),
    data.levels.map(legendEntry),
    outlineEntry("finding", "numbered outline: a finding of the model"),
    data.views.some((view) => view.known.length) && outlineEntry("known", "dashed outline: a known mass"),
  );
  find(".shown").value = state.shown;
  find(".opacity").value = state.opacity;
  find(".outlines").checked = state.outlines;
  for (const name of ["shown", "view", "level"]) {
    find(`.${name}`).onchange = (event) => set({ [name]: event.target.value });
  }
  find(".opacity").oninput = (event) => set({ opacity: Number(event.target.value) });
  find(".outlines").onchange = (event) => set({ outlines: event.target.checked });
  find(".in").onclick = () => zoom(1);
  find(".out").onclick = () => zoom(-1);
  find(".whole").onclick = () => zoom(-state.zoom);

  const figures = data.views.map((view) => figureOf(view, zoom));
  fill(
    find(".views"),
    figures.map((figure) => figure.element),
  );
  draw();

  function set(change) {
    Object.assign(state, change);
    draw();
  }

  function zoom(steps) {
    set({ zoom: Math.max(0, Math.min(ZOOMS.length - 1, state.zoom + steps)) });
  }

  function draw() {
    const factor = ZOOMS[state.zoom];
    find(".views").style.setProperty("--least", state.view === "" ? LEAST[state.layout] : "100%");
    find("output[for=opacity]").textContent = `${state.opacity} %`;
    find(".zoom").textContent = `${Math.round(100 * factor)} %`;
    find(".in").disabled = state.zoom === ZOOMS.length - 1;
    find(".out").disabled = state.zoom === 0;
    for (const tool of root.querySelectorAll(".for-heat")) {
      tool.hidden = state.shown !== "heat";
    }
    find(".legend").hidden = state.shown !== "heat";
    figures.forEach((figure, at) => {
      figure.element.hidden = state.view !== "" && Number(state.view) !== at;
      figure.draw(state, factor);
    });
    root.dataset.drawn = JSON.stringify(state);
  }
}

function figureOf(view, zoom) {
  const [plain, compared] = [paneOf(view), paneOf(view)];
  const divider = h("input", {
    type: "range",
    class: "divider",
    min: 0,
    max: 100,
    value: 50,
    "aria-label": `Divider of ${view.name}: image on the left, comparison on the right`,
    oninput: () => compared.divide(Number(divider.value)),
  });
  const element = h(
    "figure",
    {},
    h("figcaption", {}, h("b", {}, view.name), h("span", {}, view.percentile)),
    h("div", { class: "panes" }, plain.element, compared.element),
    divider,
  );
  together(plain.element, compared.element);
  const actions = { zoomIn: () => zoom(1), zoomOut: () => zoom(-1) };
  for (const pane of [plain.element, compared.element]) {
    draggable(pane);
    const onwheel = (event) => {
      if (event.ctrlKey) {
        event.preventDefault();
        zoom(event.deltaY < 0 ? 1 : -1);
      }
    };
    pane.addEventListener("wheel", onwheel, { passive: false });
    pane.addEventListener("keydown", (event) => actions[actionOf(IMAGE_KEYS, event)]?.());
  }
  return {
    element,
    draw(state, factor) {
      plain.element.hidden = state.layout !== "beside" || state.shown === "image";
      divider.hidden = state.layout !== "slider" || state.shown === "image";
      plain.draw({ ...state, shown: "image", outlines: false }, factor);
      plain.divide(null);
      compared.draw(state, factor);
      compared.divide(divider.hidden ? null : Number(divider.value));
    },
  };
}

/** A picture of the view: the image below, what is shown over it, findings on top; it scrolls where it is zoomed. */
function paneOf(view) {
  const left = h("span", { class: "tag" }, NAMES.image);
  const right = h("span", { class: "tag right" });
  const over = h("img", { class: "over", alt: "", draggable: false });
  const outlines = outlinesOf(view);
  const line = h("div", { class: "line" });
  const below = h("img", { src: view.image, alt: "", draggable: false });
  const sheet = h("div", { class: "sheet" }, below, over, outlines, line);
  const tags = h("div", { class: "tags" }, left, right);
  const element = h("div", { class: "pane", tabIndex: 0, role: "img" }, tags, sheet);
  return {
    element,
    draw(state, factor) {
      const heat = state.shown === "heat";
      const source = heat ? view.heat[state.level] : view[state.shown];
      if (over.dataset.shown !== source) {
        over.src = source;
        over.dataset.shown = source;
      }
      over.hidden = state.shown === "image";
      over.style.opacity = heat ? state.opacity / 100 : 1;
      outlines.style.display = state.outlines ? "" : "none";
      const before = sheet.clientWidth ? (element.scrollLeft + element.clientWidth / 2) / sheet.clientWidth : 0.5;
      const top = sheet.clientHeight ? (element.scrollTop + element.clientHeight / 2) / sheet.clientHeight : 0.5;
      const zoomed = factor > 1;
      // The pane keeps the height of the whole image at any zoom.
      element.style.aspectRatio = zoomed ? `${view.width} / ${view.height}` : "";
      sheet.style.width = `${100 * factor}%`;
      element.classList.toggle("zoomed", zoomed);
      element.scrollLeft = before * sheet.clientWidth - element.clientWidth / 2;
      element.scrollTop = top * sheet.clientHeight - element.clientHeight / 2;
      right.textContent = NAMES[state.shown];
      element.setAttribute("aria-label", `${view.name}, ${NAMES[state.shown]}. ${view.described}`);
    },
    divide(percent) {
      const divided = percent !== null;
      line.hidden = !divided;
      left.hidden = !divided;
      line.style.left = `${percent}%`;
      over.style.clipPath = divided ? `inset(0 0 0 ${percent}%)` : "";
    },
  };
}

function outlinesOf(view) {
  const outlines = view.findings.flatMap((finding) => {
    const x = Math.min(view.width - 20, Math.max(...finding.outline.map((point) => point[0])) + 4);
    const y = Math.max(24, Math.min(...finding.outline.map((point) => point[1])));
    const number = svg("text", { x, y }, String(finding.number));
    number.style.fontSize = `${Math.round(view.height / 36)}px`;
    return [polygon(finding.outline), number];
  });
  const known = view.known.map((outline) => polygon(outline, "known"));
  return svg("svg", { viewBox: `0 0 ${view.width} ${view.height}`, "aria-hidden": "true" }, outlines, known);
}

function polygon(outline, kind = "finding") {
  return svg("polygon", { class: kind, points: outline.map((point) => point.join(",")).join(" ") });
}

/** Two panes scroll as one. */
function together(one, other) {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ]) {
    from.addEventListener("scroll", () => {
      if (to.hidden || (to.scrollLeft === from.scrollLeft && to.scrollTop === from.scrollTop)) {
        return;
      }
      to.scrollLeft = from.scrollLeft;
      to.scrollTop = from.scrollTop;
    });
  }
}

function draggable(element) {
  element.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || !element.classList.contains("zoomed")) {
      return;
    }
    const from = [event.clientX + element.scrollLeft, event.clientY + element.scrollTop];
    const move = (moved) => {
      element.scrollLeft = from[0] - moved.clientX;
      element.scrollTop = from[1] - moved.clientY;
    };
    element.setPointerCapture(event.pointerId);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", () => element.removeEventListener("pointermove", move), { once: true });
  });
}

function outlineEntry(kind, meaning) {
  return h("li", {}, h("span", { class: `swatch outline ${kind}` }), h("span", {}, meaning));
}

function legendEntry({ name, colour, meaning }) {
  const swatch = h("span", { class: "swatch", style: `background:${colour}` });
  return h("li", {}, swatch, h("span", {}, `${name}: ${meaning}`));
}
