// Sorting, searching and copying: comforts on top of a page that is complete without them.
"use strict";

const MINUS = /\u2212/g;

// The value to sort a cell by: its first number where there is one, its words otherwise.
function valueOf(row, index) {
  const text = row.cells[index].textContent.trim();
  const plain = text.replace(MINUS, "-").replace(/,/g, "").replace("\u221e", "Infinity");
  const number = parseFloat(plain);
  return Number.isNaN(number) ? text : number;
}

function compare(one, other) {
  const [a, b] = [typeof one === "number", typeof other === "number"];
  if (a && b) return one - other;
  if (a !== b) return a ? -1 : 1; // what is missing comes last
  return one.localeCompare(other, undefined, { numeric: true });
}

function sortBy(table, header, index) {
  const isUp = header.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", isUp ? "ascending" : "descending");
  const body = table.tBodies[0];
  const keyed = Array.from(body.rows, (row) => [valueOf(row, index), row]);
  keyed.sort(([a], [b]) => {
    const isMissing = typeof a !== typeof b;
    return isUp || isMissing ? compare(a, b) : compare(b, a);
  });
  body.append(...keyed.map(([, row]) => row));
}

function makeSortable(table) {
  const headers = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells);
  headers.forEach((header, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sortBy(table, header, index));
  });
}

function makeSearchable(input) {
  const figure = document.getElementById(input.dataset.table);
  const rows = Array.from(figure.querySelectorAll("tbody tr"));
  const output = figure.querySelector("output");
  input.closest("p").hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const name = row.cells[0].textContent.toLowerCase();
      row.hidden = !words.every((word) => name.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    output.textContent = words.length ? `${shown} of ${rows.length} shown` : "";
  });
}

function makeCopyable(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}

document.querySelectorAll("table[data-interactive]").forEach(makeSortable);
document.querySelectorAll("input[data-table]").forEach(makeSearchable);
document.querySelectorAll("button[data-copy]").forEach(makeCopyable);
// A link to something folded away unfolds it.
function unfoldTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let one = target; one; one = one.parentElement) {
    if (one.tagName === "DETAILS") one.open = true;
  }
  if (target && target.tagName === "DETAILS") target.scrollIntoView();
}

window.addEventListener("hashchange", unfoldTarget);
unfoldTarget();
window.addEventListener("beforeprint", () => {
  // The pages on checks stay folded: they are for looking up, not for paper.
  document.querySelectorAll("details:not([id])").forEach((one) => { one.open = true; });
});
