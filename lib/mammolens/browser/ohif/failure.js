// A failure that leaves nothing to look at, in words, over the empty viewer.

import { h } from "../shared/dom.js";

/** Cover the page with what went wrong and the way out. */
export function showFailure(message) {
  const wayOut = h("a", { href: "/" }, "Open the worklist");
  document.body.append(h("div", { class: "mammolens-failure", role: "alert" }, h("p", {}, message), wayOut));
}
