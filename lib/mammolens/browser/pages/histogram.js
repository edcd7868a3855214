// p-values of recent exams: uniform if nothing has changed.

import { h, svg } from "../shared/dom.js";

const WIDTH = 400;
const HEIGHT = 110;
const LABELS = 16; // below the bars

/** A picture with a bar for each tenth, a line at what is expected, and the same in words. */
export function histogram(counts) {
  const exams = counts.reduce((sum, count) => sum + count, 0);
  const expected = exams / counts.length;
  const most = Math.max(...counts, expected) * 1.1;
  const width = WIDTH / counts.length;
  const bottom = HEIGHT - LABELS;
  const counted = counts.map((count, index) => `${count} from ${(index / counts.length).toFixed(1)}`).join(", ");
  const label = `p-values of ${exams} recent exams: ${counted}; ${expected.toFixed(1)} expected in each bin`;
  const tenths = counts.flatMap((count, index) => {
    const height = (count / most) * bottom;
    const bar = { x: index * width + 1, y: bottom - height, width: width - 2, height, class: "bar" };
    const tick = { x: index * width, y: HEIGHT - 3, class: "tick" };
    return [
      svg("rect", bar, svg("title", {}, `${count} exams`)),
      svg("text", tick, (index / counts.length).toFixed(1)),
    ];
  });
  const line = bottom - (expected / most) * bottom;
  const caption = `p-values of ${exams} recent exams. The line shows the number expected if nothing has changed.`;
  return [
    svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
      tenths,
      svg("line", { x1: 0, x2: WIDTH, y1: line, y2: line, class: "expected" }),
    ),
    h("figcaption", {}, caption),
  ];
}
