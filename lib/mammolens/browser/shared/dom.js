// Create DOM elements. Strings become text, never markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element.
 *
 * @param {string} tag its name.
 * @param {Object} properties its properties; `class`, `aria-...` and `data-...` become attributes, `on...` listeners.
 *   Those that are null or undefined are left out.
 * @param {...(Node|string|Array|null|undefined|false)} children lists are flattened; null, undefined and false left out.
 * @returns {HTMLElement}
 * @example h("p", { class: "faint", title: "more" }, "Some ", h("b", {}, "words"))
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) {
      continue;
    }
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (name in element && !name.includes("-")) {
      element[name] = value;
    } else {
      element.setAttribute(name, value);
    }
  }
  element.append(...present(children));
  return element;
}

/** An SVG element with attributes and children, as `h` accepts them. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...present(children));
  return element;
}

/** Replace an element's children; accepts what `h` accepts. */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

/** A button that does something. */
export function button(label, onclick, properties = {}) {
  return h("button", { type: "button", onclick, ...properties }, label);
}

/** A row of a table: a cell for each element or text. */
export function row(cells, properties = {}) {
  const cell = (content) => (content instanceof HTMLTableCellElement ? content : h("td", {}, content));
  return h("tr", properties, cells.map(cell));
}

const present = (children) =>
  children.flat().filter((child) => child !== null && child !== undefined && child !== false);
