// A failure that leaves nothing to look at, in words, over the empty viewer.

/** Cover the page with what went wrong and the way out. */
export function showFailure(message) {
  const cover = document.createElement("div");
  cover.setAttribute("role", "alert");
  cover.style.cssText =
    "position:fixed;inset:0;z-index:9999;display:flex;flex-direction:column;align-items:center;" +
    "justify-content:center;gap:1rem;padding:2rem;background:#090c29;color:#fff;font:16px sans-serif;text-align:center";
  const words = document.createElement("p");
  words.textContent = message;
  const way = document.createElement("a");
  way.href = "/";
  way.textContent = "Open the worklist";
  way.style.color = "#5acce6";
  cover.append(words, way);
  document.body.append(cover);
}
