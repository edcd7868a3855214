// What the pixels themselves tell of how an image should be shown.

const SAMPLES = 100_000;
const AIR = 0.05; // of the range above which there is breast
const DARKEST = 0.01; // of the breast's pixels may be black,
const BRIGHTEST = 0.998; // and the rest beyond this may be white

/**
 * A window over the breast's pixels, for images that tell none.
 *
 * @param values stored pixels.
 * @param inverted MONOCHROME1: air has the highest values (PS3.3 C.7.6.3.1.2).
 * @returns {{lower: number, upper: number}} in stored values.
 */
export function windowOf(values, inverted) {
  const step = Math.max(1, Math.floor(values.length / SAMPLES));
  const sampled = [];
  for (let at = 0; at < values.length; at += step) {
    sampled.push(inverted ? -values[at] : values[at]);
  }
  sampled.sort((one, other) => one - other);
  const air = sampled[0];
  const brightest = quantile(sampled, BRIGHTEST);
  const breast = sampled.filter((value) => value > air + AIR * (brightest - air));
  const [low, high] = [quantile(breast, DARKEST) ?? air, quantile(breast, BRIGHTEST) ?? air + 1];
  const [lower, upper] = inverted ? [-high, -low] : [low, high];
  return { lower, upper: Math.max(upper, lower + 1) };
}

/**
 * Whether the chest wall lies at the right edge: the breast fills that edge, air the other.
 *
 * @param values stored pixels, row by row.
 */
export function chestWallIsRight(values, columns, rows, inverted) {
  const width = Math.max(1, Math.round(columns / 20));
  const step = Math.max(1, Math.floor(rows / 200));
  let [left, right] = [0, 0];
  for (let row = 0; row < rows; row += step) {
    for (let column = 0; column < width; column += 1) {
      left += values[row * columns + column];
      right += values[row * columns + columns - 1 - column];
    }
  }
  return inverted ? right < left : right > left;
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
