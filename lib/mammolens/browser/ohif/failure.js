// An error message over the empty viewer.

import { h } from "../shared/dom.js";

/** Cover the page with an error message and a link to the worklist. */
export function showFailure(message) {
  const link = h("a", { href: "/" }, "Open the worklist");
  document.body.append(h("div", { class: "mammolens-failure", role: "alert" }, h("p", {}, message), link));
}
