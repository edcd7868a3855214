// Sorts and filters the rows of a report's table. Complete in itself: the report includes it as text.

const table = document.querySelector("table.sortable");
const body = table.tBodies[0];
const rows = [...body.rows];
const search = document.querySelector("#search");
const count = document.querySelector("#count");

/** What a cell is sorted by: a number where it has `data-key`, else its text. */
function keyOf(row, column) {
  const cell = row.cells[column];
  return cell.dataset.key === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.key);
}

function sortBy(header) {
  const column = header.cellIndex;
  const descending = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) {
    other.removeAttribute("aria-sort");
  }
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const keyed = rows.map((row) => ({ row, key: keyOf(row, column) }));
  keyed.sort((one, other) => (one.key < other.key ? -1 : Number(one.key > other.key)) * (descending ? -1 : 1));
  body.append(...keyed.map(({ row }) => row));
}

function filter() {
  const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !terms.every((term) => text.includes(term));
    shown += Number(!row.hidden);
  }
  count.textContent = `${shown} of ${rows.length} exams`;
}

for (const button of table.tHead.querySelectorAll("button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}
search.addEventListener("input", filter);
filter();
