// Sorting, searching and copying: the page is complete without them.
"use strict";

const MINUS = /\u2212/g;

// Return what a cell is sorted by: its first number, or its text if it has none.
function readValue(row, index) {
  const text = row.cells[index].textContent.trim();
  const plain = text.replace(MINUS, "-").replace(/,/g, "").replace("\u221e", "Infinity");
  const number = parseFloat(plain);
  return Number.isNaN(number) ? text : number;
}

function compare(a, b) {
  const [isNumberA, isNumberB] = [typeof a === "number", typeof b === "number"];
  if (isNumberA && isNumberB) return a - b;
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1; // missing numbers come last
  return a.localeCompare(b, undefined, { numeric: true });
}

function sortBy(table, header, index) {
  const isUp = header.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", isUp ? "ascending" : "descending");
  const body = table.tBodies[0];
  const keyed = Array.from(body.rows, (row) => [readValue(row, index), row]);
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
    let count = 0;
    for (const row of rows) {
      const name = row.cells[0].textContent.toLowerCase();
      row.hidden = !words.every((word) => name.includes(word));
      count += row.hidden ? 0 : 1;
    }
    output.textContent = words.length ? `${count} of ${rows.length} shown` : "";
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

// Open a closed part of the page when a link leads to it.
function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let element = target; element; element = element.parentElement) {
    if (element.tagName === "DETAILS") element.open = true;
  }
  if (target && target.tagName === "DETAILS") target.scrollIntoView();
}

window.addEventListener("hashchange", openTarget);
openTarget();
window.addEventListener("beforeprint", () => {
  // The pages of the checks stay closed: they are a reference.
  document.querySelectorAll("details:not([id])").forEach((details) => { details.open = true; });
});
