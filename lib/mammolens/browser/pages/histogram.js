// p-values of recent exams: even where nothing has changed.

import { element } from "./page.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 400;
const HEIGHT = 110;
const LABELS = 16; // below the bars

function drawn(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

/** A picture with a bar for each tenth, a line at what is expected, and the same in words. */
export function histogram(counts) {
  const exams = counts.reduce((sum, count) => sum + count, 0);
  const expected = exams / counts.length;
  const most = Math.max(...counts, expected) * 1.1;
  const width = WIDTH / counts.length;
  const bottom = HEIGHT - LABELS;
  const told = counts.map((count, index) => `${count} from ${(index / counts.length).toFixed(1)}`).join(", ");
  const label = `p-values of ${exams} recent exams: ${told}; ${expected.toFixed(1)} are expected in each`;
  const picture = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  counts.forEach((count, index) => {
    const height = (count / most) * bottom;
    const bar = drawn("rect", { x: index * width + 1, y: bottom - height, width: width - 2, height, class: "bar" });
    bar.append(drawn("title", {}, `${count} exams`));
    picture.append(
      bar,
      drawn("text", { x: index * width, y: HEIGHT - 3, class: "tick" }, (index / counts.length).toFixed(1)),
    );
  });
  const line = bottom - (expected / most) * bottom;
  picture.append(drawn("line", { x1: 0, x2: WIDTH, y1: line, y2: line, class: "expected" }));
  return [
    picture,
    element("figcaption", `p-values of ${exams} recent exams; the line is what is expected where nothing has changed.`),
  ];
}
