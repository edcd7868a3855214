// How an exam hangs: R CC, L CC, R MLO, L MLO, breasts back to back, and whatever else it has behind them.

export const PROTOCOL = "mammolens";
export const INSTANCE = "mammolensInstance"; // attribute of a display set: SOP Instance UID of its first image
const ORDER = ["CC", "MLO"];
const TYPICAL_ASPECT = 0.8; // width of a mammogram in heights

/** The display set's first image. */
export function instanceOf(displaySet) {
  return displaySet?.instances?.[0] ?? displaySet?.images?.[0] ?? displaySet?.instance;
}

/**
 * The cells from left to right and top to bottom, null where a partner is missing.
 *
 * @param views of the server's answer, each with laterality and view.
 * @returns {{cells: Array, unit: number}} `unit` cells stay beside each other.
 */
export function cellsOf(views) {
  const sides = new Set(views.map((view) => view.laterality));
  if (!(sides.has("R") && sides.has("L"))) {
    return { cells: views.toSorted((one, other) => rank(one) - rank(other)), unit: 1 };
  }
  const pairs = new Map(); // the n-th R and the n-th L of a view hang together
  const counted = {};
  for (const view of views.filter(({ laterality }) => laterality === "R" || laterality === "L")) {
    const name = `${view.laterality} ${view.view}`;
    counted[name] = (counted[name] ?? 0) + 1;
    const key = `${view.view} ${counted[name]}`;
    pairs.set(key, { repeat: counted[name], view, ...pairs.get(key), [view.laterality]: view });
  }
  const ordered = [...pairs.values()].toSorted(
    (one, other) => one.repeat - other.repeat || rank(one.view) - rank(other.view),
  );
  const rest = views.filter(({ laterality }) => laterality !== "R" && laterality !== "L");
  return { cells: [...ordered.flatMap((pair) => [pair.R ?? null, pair.L ?? null]), ...rest], unit: 2 };
}

function rank(view) {
  const place = ORDER.indexOf(view.view);
  return place < 0 ? ORDER.length : place;
}

/** Rows and columns that show `count` images largest in an area of the aspect `width / height`. */
export function gridOf(count, unit, aspect) {
  const units = Math.max(1, Math.ceil(count / unit));
  let best = null;
  for (let across = 1; across <= units; across += 1) {
    const [rows, columns] = [Math.ceil(units / across), across * unit];
    const size = Math.min(aspect / columns, TYPICAL_ASPECT / rows);
    if (!best || size > best.size) {
      best = { rows, columns, size };
    }
  }
  return { rows: best.rows, columns: best.columns };
}

/** OHIF's protocol for this exam; `aspect` is that of the area for images. */
export function protocolFor(views, aspect) {
  const { cells, unit } = cellsOf(views);
  const { rows, columns } = gridOf(cells.length, unit, aspect);
  const shown = cells.filter(Boolean);
  const id = (view) => `image ${shown.indexOf(view)}`;
  return {
    id: PROTOCOL,
    name: "MammoLens",
    protocolMatchingRules: [],
    toolGroupIds: ["default"],
    numberOfPriorsReferenced: -1,
    displaySetSelectors: Object.fromEntries(shown.map((view) => [id(view), selectorOf(view)])),
    defaultViewport: { viewportOptions: viewportOptions(), displaySets: [] },
    stages: [
      {
        name: "All views",
        viewportStructure: { layoutType: "grid", properties: { rows, columns } },
        viewports: Array.from({ length: rows * columns }, (_, place) => ({
          viewportOptions: viewportOptions(),
          displaySets: cells[place] ? [{ id: id(cells[place]) }] : [],
        })),
      },
    ],
  };
}

function viewportOptions() {
  return { viewportType: "stack", toolGroupId: "default", allowUnmatchedView: true };
}

function selectorOf(view) {
  const constraint = { equals: { value: view.sop_instance_uid } };
  return { seriesMatchingRules: [{ weight: 1, required: true, attribute: INSTANCE, constraint }] };
}
