// How an exam hangs: the server gives each image its slot, the shape of the screen the number of columns.

export const PROTOCOL = "mammolens";
export const INSTANCE = "mammolensInstance"; // attribute of a display set: SOP Instance UID of its first image
const TYPICAL_ASPECT = 0.8; // width of a mammogram in heights

/** The display set's first image. */
export function instanceOf(displaySet) {
  return displaySet?.instances?.[0] ?? displaySet?.images?.[0] ?? displaySet?.instance;
}

/**
 * The cells from left to right and top to bottom, null where a partner is missing.
 *
 * @param views of the server's answer, each with the slot that it hangs in.
 * @returns {{cells: Array, unit: number}} `unit` cells stay beside each other.
 */
export function cellsOf(views) {
  const unit = Math.max(1, ...views.map(({ slot }) => slot.column + 1));
  const rows = Math.max(0, ...views.map(({ slot }) => slot.row + 1));
  const cells = Array.from({ length: rows * unit }, () => null);
  for (const view of views) {
    cells[view.slot.row * unit + view.slot.column] = view;
  }
  return { cells, unit };
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
