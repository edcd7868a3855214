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

/**
 * The ways in which an exam can hang: [{id, label, title, views, columns}], the first one as large as the screen allows.
 *
 * `columns` is null where the screen determines them. A way that would show the same as another one is left out.
 */
export function variantsOf(views) {
  const { cells, unit } = cellsOf(views);
  const ways = [{ id: "all", label: "All", title: "All views, as large as possible", views, columns: null }];
  if (unit > 1 && cells.length > unit) {
    ways.push({
      id: "row",
      label: `1\u00d7${cells.length}`,
      title: "All views in one row",
      views,
      columns: cells.length,
    });
    const rows = Math.ceil(cells.length / unit);
    ways.push({ id: "pairs", label: `${rows}\u00d7${unit}`, title: "A row for each pair", views, columns: unit });
  }
  for (const [id, label, title, isShown] of PARTS) {
    const part = views.filter(isShown);
    if (part.length && part.length < views.length) {
      ways.push({ id, label, title, views: part, columns: null });
    }
  }
  return ways;
}

const PARTS = [
  ["CC", "CC", "Both CC views", ({ view }) => view === "CC"],
  ["MLO", "MLO", "Both MLO views", ({ view }) => view === "MLO"],
  ["R", "Right", "The right breast", ({ laterality }) => laterality === "R"],
  ["L", "Left", "The left breast", ({ laterality }) => laterality === "L"],
];

/**
 * OHIF's protocol for these views, of one exam or of two.
 *
 * @param aspect of the area for images.
 * @param first the variant to begin with.
 * @param name OHIF keeps what it has under a name in use; so other views need another one.
 */
export function protocolFor(views, aspect, first = "all", name = PROTOCOL) {
  const shown = cellsOf(views).cells.filter(Boolean);
  const id = (view) => `image ${shown.indexOf(view)}`;
  const variants = variantsOf(views);
  const begins = variants.filter((one) => one.id === first);
  return {
    id: name,
    name: "MammoLens",
    protocolMatchingRules: [],
    toolGroupIds: ["default"],
    numberOfPriorsReferenced: views.some(({ isPrior }) => isPrior) ? 1 : -1, // of -1, the active study alone
    displaySetSelectors: Object.fromEntries(shown.map((view) => [id(view), selectorOf(view)])),
    defaultViewport: { viewportOptions: viewportOptions(), displaySets: [] },
    stages: [...begins, ...variants.filter((one) => !begins.includes(one))].map((one) => stageOf(one, aspect, id)),
  };
}

function stageOf({ id: variant, title, views, columns: wanted }, aspect, id) {
  const { cells, unit } = compact(views);
  const best = gridOf(cells.length, unit, aspect);
  const columns = wanted ?? best.columns;
  const rows = wanted ? Math.ceil(cells.length / columns) : best.rows;
  return {
    id: variant,
    name: title,
    viewportStructure: { layoutType: "grid", properties: { rows, columns } },
    viewports: Array.from({ length: rows * columns }, (_, place) => ({
      viewportOptions: viewportOptions(),
      displaySets: cells[place] ? [{ id: id(cells[place]) }] : [],
    })),
  };
}

/** The cells of some views without the rows and columns that none of them needs. */
function compact(views) {
  const used = (axis) => [...new Set(views.map(({ slot }) => slot[axis]))].toSorted((one, other) => one - other);
  const [rows, columns] = [used("row"), used("column")];
  const closer = ({ row, column }) => ({ row: rows.indexOf(row), column: columns.indexOf(column) });
  const found = cellsOf(views.map((view) => ({ view, slot: closer(view.slot) })));
  return { cells: found.cells.map((cell) => cell && cell.view), unit: found.unit };
}

function viewportOptions() {
  return { viewportType: "stack", toolGroupId: "default", allowUnmatchedView: true };
}

function selectorOf(view) {
  const constraint = { equals: { value: view.sop_instance_uid } };
  return { seriesMatchingRules: [{ weight: 1, required: true, attribute: INSTANCE, constraint }] };
}
