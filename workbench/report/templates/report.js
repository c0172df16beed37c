// Sorting, searching, copying and saving: the page is complete without them.
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

// Tables as CSV: the rows that are shown, in their order. What a spreadsheet would run gets an apostrophe.
const NUMBER = "-?(?:\\d{1,3}(?:,\\d{3})+|\\d+)(?:\\.\\d+)?(?:e-?\\d+)?|-?inf";
const IS_NUMBER = new RegExp(`^(?:${NUMBER})$`);
const IS_INTERVAL = new RegExp(`^(${NUMBER}) to (${NUMBER})$`);

function readText(cell) {
  const text = cell.textContent.trim().replace(MINUS, "-").replace("\u221e", "inf");
  return text === "\u2013" ? "" : text;
}

function readHeadings(table) {
  const rows = Array.from(table.tHead.rows);
  const titles = Array.from(rows[rows.length - 1].cells, readText);
  if (rows.length === 1) return titles;
  const groups = Array.from(rows[0].cells, (cell) => Array(cell.colSpan).fill(readText(cell))).flat();
  return titles.map((title, index) => `${groups[index] || ""} ${title}`.trim());
}

// Return the cells of a table with intervals in two columns: a lower and an upper end.
function splitIntervals(headings, rows) {
  const isInterval = headings.map((_, index) => {
    const known = rows.map((row) => row[index]).filter(Boolean);
    return known.length > 0 && known.every((text) => IS_INTERVAL.test(text));
  });
  const split = (row, divide) => row.flatMap((text, index) => (isInterval[index] ? divide(text) : [text]));
  return [
    split(headings, (title) => [`${title} lower`, `${title} upper`]),
    ...rows.map((row) => split(row, (text) => (text ? text.match(IS_INTERVAL).slice(1) : ["", ""]))),
  ];
}

function formatCell(text) {
  if (IS_NUMBER.test(text)) return text.replace(/,/g, "");
  const harmless = /^[=+\-@\t\r\n|%]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replace(/"/g, '""')}"` : harmless;
}

function formatTable(table) {
  const shown = Array.from(table.tBodies).flatMap((body) => Array.from(body.rows)).filter((row) => !row.hidden);
  const rows = shown.map((row) => Array.from(row.cells, readText));
  const lines = splitIntervals(readHeadings(table), rows);
  return lines.map((line) => line.map(formatCell).join(",") + "\r\n").join("");
}

// Pictures as files: in the colours of a light page, on white, whatever the reader prefers.
function readLightColours() {
  const style = document.styleSheets[0].cssRules[0].style;
  const values = new Map(Array.from(style, (name) => [name, style.getPropertyValue(name).trim()]));
  const resolve = (value) => value.replace(/var\((--[\w-]+)\)/g, (_, name) => resolve(values.get(name) || "black"));
  return resolve;
}

function copyPicture(drawing) {
  const original = drawing.querySelector("svg");
  const copy = original.cloneNode(true);
  const [left, top, width, height] = original.getAttribute("viewBox").split(/\s+/).map(Number);
  const title = document.createElementNS(copy.namespaceURI, "title");
  title.textContent = drawing.getAttribute("aria-label");
  const paper = document.createElementNS(copy.namespaceURI, "rect");
  const frame = { x: left, y: top, width, height, fill: "white" };
  for (const [name, value] of Object.entries(frame)) paper.setAttribute(name, value);
  copy.prepend(title, paper);
  copy.removeAttribute("aria-hidden");
  const size = { width: `${width}pt`, height: `${height}pt` };
  for (const [name, value] of Object.entries(size)) copy.setAttribute(name, value);
  copy.setAttribute("style", 'font-family: "Liberation Sans", Arial, sans-serif; stroke-linejoin: round');
  const text = new XMLSerializer().serializeToString(copy);
  return { text: readLightColours()(text), width, height };
}

const PIXELS_PER_POINT = 4; // 288 dots per inch

function paintPicture({ text, width, height }, use) {
  const image = new Image();
  image.addEventListener("load", () => {
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(width * PIXELS_PER_POINT);
    canvas.height = Math.round(height * PIXELS_PER_POINT);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(use, "image/png");
  });
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}

// Return a name for a file, by the rules of `--figures`: letters, digits and hyphens.
function nameFile(suffix, ...parts) {
  const text = [document.querySelector("h1").textContent, ...parts].join(" ").normalize("NFKD");
  const plain = text.replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return `${plain.slice(0, 100) || "report"}.${suffix}`;
}

function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function addButton(figure, text, about, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "save";
  button.textContent = text;
  button.setAttribute("aria-label", `${text}: save ${about}`);
  button.addEventListener("click", action);
  figure.append(button);
}

function makeTableSavable(figure) {
  const table = figure.querySelector("table");
  const caption = figure.querySelector("figcaption").textContent.trim();
  addButton(figure, "CSV", `the table ${caption}`, () => {
    save(new Blob([formatTable(table)], { type: "text/csv;charset=utf-8" }), nameFile("csv", figure.id));
  });
}

function makePictureSavable(drawing) {
  const figure = drawing.closest("figure");
  const caption = figure.querySelector("figcaption").textContent.trim();
  const parts = [figure.closest(".figures").id, caption.replace(/ \[[^\]]*\]$/, "")];
  addButton(figure, "SVG", `the picture ${caption}`, () => {
    save(new Blob([copyPicture(drawing).text], { type: "image/svg+xml" }), nameFile("svg", ...parts));
  });
  addButton(figure, "PNG", `the picture ${caption}`, () => {
    paintPicture(copyPicture(drawing), (content) => save(content, nameFile("png", ...parts)));
  });
}

document.querySelectorAll("figure.table:not([data-listing])").forEach(makeTableSavable);
document.querySelectorAll(".figures .drawing").forEach(makePictureSavable);

// Return an element with text, and attributes.
function make(name, text = "", attributes = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// Replace a listing, lines of text in columns, by a table that can be sorted and searched.
function makeTable(figure) {
  const text = figure.querySelector("pre");
  if (!text) return;
  const [heads, ...lines] = text.textContent.split("\n").map((line) => line.trim().split(/ {2,}/));
  const table = make("table");
  const headings = table.createTHead().insertRow();
  headings.append(...heads.map((head, i) => make("th", head, { scope: "col", class: i ? "number" : "name" })));
  const body = table.createTBody();
  for (const [name, ...cells] of lines) {
    const row = body.insertRow();
    const header = make("th", "", { scope: "row", class: "name" });
    header.append(make("code", name));
    row.append(header, ...cells.map((cell) => make("td", cell, { class: "number" })));
  }
  const region = make("div", "", { class: "scroll", role: "region", tabindex: "0" });
  region.setAttribute("aria-labelledby", `${figure.id}-caption`);
  region.append(table);
  const search = make("p", "", { class: "search" });
  const label = make("label", "Search ");
  const input = make("input", "", { type: "search", autocomplete: "off", spellcheck: "false" });
  input.dataset.table = figure.id;
  label.append(input);
  search.append(label, " ", make("output"));
  text.replaceWith(search, region);
  makeSortable(table);
  makeSearchable(input);
  makeTableSavable(figure);
}

document.querySelectorAll("figure[data-listing]").forEach((figure) => {
  const details = figure.closest("details");
  if (details) details.addEventListener("toggle", () => { if (details.open) makeTable(figure); });
  else makeTable(figure);
});

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
