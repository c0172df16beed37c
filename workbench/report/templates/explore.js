// The page of draws: quantities are chosen, drawn and brushed. Every picture and number is computed from the
// draws in this file, but those of the whole run, which are from run.json.
"use strict";

const run = JSON.parse(document.getElementById("page").textContent);
const lines = document.getElementById("draws").textContent;
const COUNT = run.chains * run.length; // draws that count; behind them are further divergent ones, for marks
const ALL = COUNT + run.extraDraws.length;
const MISSING = 65535;
const MOST_DOTS = 8000; // dots of a picture; more would be slow and show nothing new
const MOST_BINS = 60;
const TAIL = 0.005; // share of the draws in each tail that an axis may leave out

// ---- Draws

const cache = new Map();

// Return the draws of a quantity, chain after chain; NaN for those that are not finite. `marked` are the
// divergent ones, with further ones that thinning left out.
function readDraws(index) {
  if (!cache.has(index)) {
    const width = 4 * Math.ceil((2 * ALL) / 3);
    const bytes = atob(lines.substr(index * (width + 1), width));
    const [offset, step, isLog] = [run.offset[index], run.step[index], run.spacing[index] === "log"];
    const all = new Float64Array(ALL);
    for (let i = 0; i < ALL; i += 1) {
      const code = bytes.charCodeAt(2 * i) + 256 * bytes.charCodeAt(2 * i + 1);
      const value = offset + step * code;
      all[i] = code === MISSING ? NaN : isLog ? Math.exp(value) : value;
    }
    const [values, marked] = [all.subarray(0, COUNT), all.filter((_, i) => i >= COUNT || isDivergent[i])];
    cache.set(index, { values, marked, sorted: values.filter(Number.isFinite).sort() });
  }
  return cache.get(index);
}

function readDivergent() {
  const bytes = atob(run.divergent);
  return Uint8Array.from({ length: COUNT }, (_, i) => (bytes.charCodeAt(i >> 3) >> (i & 7)) & 1);
}

const isDivergent = readDivergent();
const chainOf = (i) => Math.floor(i / run.length);
const drawNumber = (i) => (i % run.length) * run.every;
const markedDraws = [...listDraws((i) => isDivergent[i]).map(drawNumber), ...run.extraDraws];

function listDraws(isWanted) {
  const found = [];
  for (let i = 0; i < COUNT; i += 1) if (isWanted(i)) found.push(i);
  return found;
}

// ---- Numbers

function mean(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function standardDeviation(values) {
  const centre = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - centre) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

// Return a quantile of sorted values, interpolated linearly.
function quantile(sorted, share) {
  const place = share * (sorted.length - 1);
  const [low, rest] = [Math.floor(place), place - Math.floor(place)];
  return rest ? sorted[low] + rest * (sorted[low + 1] - sorted[low]) : sorted[low];
}

// Return mean, median, SD and central interval of sorted values.
function summarise(sorted) {
  if (!sorted.length) return { count: 0 };
  const tail = (1 - run.level) / 2;
  return {
    count: sorted.length,
    mean: mean(sorted),
    median: quantile(sorted, 0.5),
    sd: sorted.length > 1 ? standardDeviation(sorted) : NaN,
    lower: quantile(sorted, tail),
    upper: quantile(sorted, 1 - tail),
  };
}

// Return how many draws lie in each of the bins of equal width between two ends.
function countBins(values, low, high, bins, isWanted = () => true) {
  const counts = new Array(bins).fill(0);
  values.forEach((value, i) => {
    if (!(value >= low && value <= high) || !isWanted(i)) return;
    counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))] += 1;
  });
  return counts;
}

// Return, for each group, how many of its draws fall into each bin of the pooled ranks. Draws that are equal
// share the ranks they have together, so that no group comes first.
function countRanks(values, groupOf, groups, bins) {
  const order = Array.from(values.keys()).filter((i) => Number.isFinite(values[i]));
  order.sort((a, b) => values[a] - values[b]);
  const counts = Array.from({ length: groups }, () => new Array(bins).fill(0));
  const width = order.length / bins;
  for (let start = 0, end; start < order.length; start = end) {
    for (end = start + 1; end < order.length && values[order[end]] === values[order[start]]; ) end += 1;
    for (let bin = Math.floor(start / width); bin < bins && bin * width < end; bin += 1) {
      const overlap = Math.min(end, (bin + 1) * width) - Math.max(start, bin * width);
      for (let at = start; at < end; at += 1) {
        const group = groupOf(order[at]);
        if (group >= 0) counts[group][bin] += overlap / (end - start);
      }
    }
  }
  return counts;
}

function correlate(x, y) {
  const kept = Array.from(x.keys()).filter((i) => Number.isFinite(x[i]) && Number.isFinite(y[i]));
  const [a, b] = [kept.map((i) => x[i]), kept.map((i) => y[i])];
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((value, i) => {
    ab += (value - meanA) * (b[i] - meanB);
    aa += (value - meanA) ** 2;
    bb += (b[i] - meanB) ** 2;
  });
  return ab / Math.sqrt(aa * bb);
}

// Return the decimals that show three significant digits of a standard deviation, as the report does.
function chooseDecimals(scale) {
  if (!(scale > 1e-4 && scale < 1e6)) return null;
  return Math.max(0, 2 - Math.floor(Math.log10(scale)));
}

function formatNumber(value, decimals = null) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  const size = Math.abs(value);
  let text;
  if (size && (size >= 1e6 || (size < 1e-4 && decimals === null))) {
    text = value.toExponential(2).replace("e+", "e");
  } else {
    const digits = decimals ?? (size ? Math.max(0, 3 - Math.floor(Math.log10(size))) : 0);
    const options = { minimumFractionDigits: decimals ?? 0, maximumFractionDigits: Math.min(20, digits) };
    text = value.toLocaleString("en", options);
  }
  return text.replace(/^-(?=[0.,]*$)/, "").replace("-", "−");
}

const formatCount = (value) => formatNumber(value, 0);
const pluralise = (count, noun) => `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;

// ---- What is shown and selected

const state = {
  shown: run.pair,
  isLog: new Map(), // by quantity
  ranges: new Map(), // by quantity: the lowest and the highest value of selected draws
  draws: [-Infinity, Infinity],
  chain: -1,
  isDivergentOnly: false,
};

const isBounded = ([low, high]) => low !== -Infinity || high !== Infinity;

function canBeLog(index) {
  const { sorted } = readDraws(index);
  return sorted.length > 0 && sorted[0] > 0 && sorted[sorted.length - 1] > sorted[0];
}

function isLog(index) {
  if (!canBeLog(index)) return false;
  if (state.isLog.has(index)) return state.isLog.get(index);
  const { sorted } = readDraws(index);
  return run.isScale[index] && sorted[sorted.length - 1] / sorted[0] >= 20;
}

// Return which draws are selected, `null` where there is no condition.
function selectDraws() {
  const ranges = Array.from(state.ranges).filter(([, range]) => isBounded(range));
  const isFree = !ranges.length && !isBounded(state.draws) && state.chain < 0 && !state.isDivergentOnly;
  if (isFree) return null;
  const columns = ranges.map(([index, range]) => [readDraws(index).values, ...range]);
  return Uint8Array.from({ length: COUNT }, (_, i) => {
    if (state.isDivergentOnly && !isDivergent[i]) return 0;
    if (state.chain >= 0 && chainOf(i) !== state.chain) return 0;
    if (drawNumber(i) < state.draws[0] || drawNumber(i) > state.draws[1]) return 0;
    return columns.every(([values, low, high]) => values[i] >= low && values[i] <= high) ? 1 : 0;
  });
}

const countSelected = (mask) => mask.reduce((sum, one) => sum + one, 0);

// Return the sorted finite draws of a quantity, of those selected.
function sortSelected(index, mask) {
  return readDraws(index).values.filter((value, i) => mask[i] && Number.isFinite(value)).sort();
}

// ---- Drawing

const SVG = "http://www.w3.org/2000/svg";
const ROOM = { right: 12, top: 10, bottom: 36 };

function add(svg, tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  svg.append(element);
  return element;
}

const round = (value) => Math.round(value * 10) / 10;

// An axis from a value to another, over a range of pixels.
function makeAxis(low, high, start, end, isLogarithmic = false) {
  const to = isLogarithmic ? Math.log : (value) => value;
  const from = isLogarithmic ? Math.exp : (value) => value;
  const [first, last] = [to(low), to(high)];
  const place = (value) => start + ((to(value) - first) / (last - first)) * (end - start);
  const valueAt = (pixel) => from(first + ((pixel - start) / (end - start)) * (last - first));
  return { low, high, start, end, to, place, valueAt, ticks: chooseTicks(low, high, isLogarithmic) };
}

function chooseTicks(low, high, isLogarithmic) {
  const decades = isLogarithmic ? Math.floor(Math.log10(high)) - Math.ceil(Math.log10(low)) : 0;
  if (decades >= 1) {
    const every = Math.ceil((decades + 1) / 6);
    const first = Math.ceil(Math.log10(low));
    return Array.from({ length: Math.floor(decades / every) + 1 }, (_, i) => 10 ** (first + i * every));
  }
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((one) => one * power >= rough * 0.99);
  const ticks = [];
  for (let i = Math.ceil(low / step); i * step <= high; i += 1) ticks.push(i * step);
  return ticks;
}

function formatTicks(ticks) {
  const gap = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : Math.abs(ticks[0] || 1);
  const isUneven = ticks.length > 2 && Math.abs(ticks[2] - ticks[1]) > 1.5 * gap;
  const largest = Math.max(...ticks.map(Math.abs));
  if (isUneven || largest >= 1e6 || gap < 1e-4) return ticks.map((tick) => formatNumber(tick || 0));
  return ticks.map((tick) => formatNumber(tick, Math.max(0, -Math.floor(Math.log10(gap) + 1e-9))));
}

// Return the range of an axis: the bulk of the draws, or all of them.
function chooseWindow(index, isWhole = false) {
  const { sorted } = readDraws(index);
  const to = isLog(index) ? Math.log : (value) => value;
  const from = isLog(index) ? Math.exp : (value) => value;
  const [lowest, highest] = [to(sorted[0]), to(sorted[sorted.length - 1])];
  let [low, high] = [lowest, highest];
  if (!isWhole) {
    [low, high] = [to(quantile(sorted, TAIL)), to(quantile(sorted, 1 - TAIL))];
    const width = high - low || highest - lowest;
    [low, high] = [Math.max(lowest, low - 0.2 * width), Math.min(highest, high + 0.2 * width)];
  }
  return [from(low), from(high)];
}

// Clear a picture and return its size; the vertical axis takes as much room as its labels need.
function begin(view, height, labels = []) {
  const width = view.svg.clientWidth || 420;
  view.svg.replaceChildren();
  view.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const left = labels.length ? 14 + 6.7 * Math.max(...labels.map((label) => label.length)) : ROOM.right;
  return { left, right: width - ROOM.right, top: ROOM.top, bottom: height - ROOM.bottom, height };
}

function drawBottomAxis(svg, box, axis, title) {
  add(svg, "path", { class: "axis", d: `M${box.left} ${box.bottom}H${box.right}` });
  const labels = formatTicks(axis.ticks);
  axis.ticks.forEach((tick, i) => {
    const x = round(axis.place(tick));
    add(svg, "path", { class: "axis", d: `M${x} ${box.bottom}v4` });
    add(svg, "text", { x, y: box.bottom + 16, "text-anchor": "middle" }, labels[i]);
  });
  add(svg, "text", { x: (box.left + box.right) / 2, y: box.height - 4, "text-anchor": "middle" }, title);
}

function drawLeftAxis(svg, box, axis) {
  add(svg, "path", { class: "axis", d: `M${box.left} ${box.top}V${box.bottom}` });
  const labels = formatTicks(axis.ticks);
  axis.ticks.forEach((tick, i) => {
    add(svg, "text", { x: box.left - 6, y: round(axis.place(tick)) + 4, "text-anchor": "end" }, labels[i]);
  });
}

function drawBrush(svg, box, x, y) {
  if (!x && !y) return;
  const clip = (axis, [low, high]) => {
    const ends = [low, high].map((value) => axis.place(Math.min(axis.high, Math.max(axis.low, value))));
    return [Math.min(...ends), Math.max(...ends)];
  };
  const [left, right] = x ? clip(...x) : [box.left, box.right];
  const [top, bottom] = y ? clip(...y) : [box.top, box.bottom];
  const size = { width: Math.max(1, round(right - left)), height: Math.max(1, round(bottom - top)) };
  add(svg, "rect", { class: "brush", x: round(left), y: round(top), ...size });
}

// Return a path that has a dot for each of some draws.
function makeDots(indices, x, y) {
  return indices.map((i) => `M${round(x(i))} ${round(y(i))}h0`).join("");
}

// Return every n-th of some numbers, so that at most so many are left.
function thin(indices, most) {
  const every = Math.ceil(indices.length / most);
  return every > 1 ? indices.filter((_, place) => place % every === 0) : indices;
}

const title = (index) => run.label[index] + (run.unit[index] ? ` (${run.unit[index]})` : "");
const logWords = (index) => (isLog(index) ? " (logarithmic)" : "");
const rangeOf = (index) => {
  const range = state.ranges.get(index);
  return range && isBounded(range) ? range : null;
};

// Say instead of a picture why there is none.
function explain(view, caption, words) {
  view.svg.replaceChildren();
  view.svg.setAttribute("viewBox", "0 0 420 40");
  view.frame = null;
  describe(view, caption, words, words);
}

function describe(view, caption, note, alternative) {
  view.caption.textContent = caption;
  view.note.textContent = note;
  view.drawing.setAttribute("aria-label", alternative);
}

function isConstant(index) {
  const { sorted } = readDraws(index);
  return !sorted.length || sorted[0] === sorted[sorted.length - 1];
}

function explainConstant(index) {
  const { sorted } = readDraws(index);
  if (!sorted.length) return "No draw is finite.";
  return `Every draw is ${formatNumber(sorted[0])}.`;
}

// ---- Views: each draws the quantities shown, and keeps the axes for the brush

function drawTrace(view, mask) {
  const [index] = state.shown;
  const caption = `${title(index)}: trace${logWords(index)}`;
  if (isConstant(index)) return explain(view, caption, explainConstant(index));
  const { values } = readDraws(index);
  const window = chooseWindow(index, true);
  const labels = formatTicks(chooseTicks(...window, isLog(index)));
  const box = begin(view, 230, labels);
  const y = makeAxis(...window, box.bottom - 6, box.top, isLog(index));
  const x = makeAxis(0, Math.max(1, (run.length - 1) * run.every), box.left, box.right);
  const place = (i) => `${round(x.place(drawNumber(i)))} ${round(y.place(values[i]))}`;
  for (let chain = 0; chain < run.chains; chain += 1) {
    let d = "";
    for (let i = chain * run.length, isOn = false; i < (chain + 1) * run.length; i += 1) {
      if (Number.isFinite(values[i])) d += (isOn ? "L" : "M") + place(i);
      isOn = Number.isFinite(values[i]);
    }
    add(view.svg, "path", { class: `chain chain-${chain % 4}`, d });
  }
  const marks = markedDraws.map((draw) => `M${round(x.place(draw))} ${box.bottom}v-7`).join("");
  add(view.svg, "path", { class: "marks", d: marks });
  const selected = mask ? listDraws((i) => mask[i] && Number.isFinite(values[i])) : [];
  const dots = makeDots(thin(selected, MOST_DOTS), (i) => x.place(drawNumber(i)), (i) => y.place(values[i]));
  add(view.svg, "path", { class: "dots selected", d: dots });
  drawBrush(view.svg, box, isBounded(state.draws) && [x, state.draws], null);
  drawBottomAxis(view.svg, box, x, "draw");
  drawLeftAxis(view.svg, box, y);
  view.frame = { box, x };
  const means = listChains().map((chain) => mean(readChain(values, chain)));
  const decimals = chooseDecimals(run.sd[index]);
  const spoken = means.map((value) => formatNumber(value, decimals)).join(", ");
  describe(view, caption, "", `Trace of ${title(index)}: means of the chains ${spoken}.`);
  addLegend(view.note, markedDraws.length ? " Ticks at the foot: divergent draws." : "");
  return null;
}

function drawRanks(view, mask) {
  const [index] = state.shown;
  const caption = `${title(index)}: ranks by chain`;
  if (isConstant(index)) return explain(view, caption, explainConstant(index));
  const { values, sorted } = readDraws(index);
  const counts = countRanks(values, chainOf, run.chains, run.bins);
  const highest = 1.15 * Math.max(...counts.flat(), run.band[1]);
  const lowest = 0.85 * Math.min(...counts.flat(), run.band[0]);
  const box = begin(view, 230);
  const x = makeAxis(0, sorted.length, box.left, box.right);
  const y = makeAxis(lowest, highest, box.bottom, box.top);
  const [top, bottom] = [y.place(run.band[1]), y.place(run.band[0])];
  add(view.svg, "rect", {
    class: "band", x: box.left, y: round(top), width: box.right - box.left, height: round(bottom - top),
  });
  if (mask) drawSelectedRanks(view, mask, values, x, box);
  counts.forEach((heights, chain) => {
    const steps = heights.map((height, bin) => {
      const [left, right] = [bin, bin + 1].map((edge) => round(x.place((edge * sorted.length) / run.bins)));
      return `${bin ? "V" : `M${left} `}${round(y.place(height))}H${right}`;
    });
    add(view.svg, "path", { class: `chain chain-${chain % 4}`, d: steps.join("") });
  });
  drawBottomAxis(view.svg, box, x, "rank among the draws here");
  view.frame = { box, x, sorted };
  const rhat = `R‑hat of the run ${formatNumber(run.rhat[index], 3)}`;
  const shaded = mask ? " Bars: the selected draws, on a scale of their own." : "";
  const words = "Grey: where 95% of each line lies if the chains agree.";
  describe(view, caption, `${rhat}. ${words}${shaded}`, `Ranks of ${title(index)} by chain. ${rhat}.`);
  return null;
}

function drawSelectedRanks(view, mask, values, x, box) {
  const [counts] = countRanks(values, (i) => (mask[i] ? 0 : -1), 1, run.bins);
  const tallest = Math.max(...counts, 1e-9);
  const width = x.place(x.high / run.bins) - x.place(0);
  counts.forEach((count, bin) => {
    const height = round((count / tallest) * 0.9 * (box.bottom - box.top));
    if (!height) return;
    const left = round(box.left + bin * width);
    add(view.svg, "rect", { class: "bar selected", x: left, y: box.bottom - height, width: round(width), height });
  });
}

// Return the number of bins of a histogram after Freedman and Diaconis, and the ends of its axis.
function chooseBins(index) {
  let [low, high] = chooseWindow(index);
  if (run.spacing[index] === "whole" && !isLog(index) && high - low < MOST_BINS) {
    return [low - 0.5, high + 0.5, Math.round(high - low + 1)];
  }
  const { sorted } = readDraws(index);
  const to = isLog(index) ? Math.log : (value) => value;
  const spread = to(quantile(sorted, 0.75)) - to(quantile(sorted, 0.25));
  const width = (2 * spread) / Math.cbrt(sorted.length);
  const bins = width > 0 ? Math.ceil((to(high) - to(low)) / width) : 10;
  return [low, high, Math.min(MOST_BINS, Math.max(10, bins))];
}

function drawHistogram(view, mask) {
  const [index] = state.shown;
  const caption = `${title(index)}: histogram${logWords(index)}`;
  if (isConstant(index)) return explain(view, caption, explainConstant(index));
  const { values, marked, sorted } = readDraws(index);
  const [low, high, bins] = chooseBins(index);
  const box = begin(view, 300);
  const x = makeAxis(low, high, box.left, box.right, isLog(index));
  const scaled = values.map(x.to);
  const counts = countBins(scaled, x.to(low), x.to(high), bins);
  const y = makeAxis(0, Math.max(...counts), box.bottom - 8, box.top + 26);
  drawBars(view.svg, counts, box, y, "bar");
  if (mask) drawBars(view.svg, countBins(scaled, x.to(low), x.to(high), bins, (i) => mask[i]), box, y, "bar selected");
  const rug = Array.from(marked.filter((value) => value >= low && value <= high), (value) => round(x.place(value)));
  add(view.svg, "path", { class: "marks", d: rug.map((left) => `M${left} ${box.bottom}v-7`).join("") });
  const summary = summarise(sorted);
  drawSummary(view.svg, box, x, summary);
  drawBrush(view.svg, box, rangeOf(index) && [x, rangeOf(index)], null);
  drawBottomAxis(view.svg, box, x, "");
  view.frame = { box, x };
  describeHistogram(view, caption, index, summary, sorted.length - counts.reduce((sum, one) => sum + one, 0));
  return null;
}

function drawBars(svg, counts, box, y, name) {
  const width = (box.right - box.left) / counts.length;
  counts.forEach((count, bin) => {
    if (!count) return;
    const top = round(y.place(count));
    const height = round(y.start - y.place(count));
    add(svg, "rect", { class: name, x: round(box.left + bin * width), y: top, width: round(width), height });
  });
}

// Draw the interval as a line above the bars, the mean as a dot, the median as a dashed line.
function drawSummary(svg, box, x, { mean: centre, median, lower, upper }) {
  const clip = (value) => round(x.place(Math.min(x.high, Math.max(x.low, value))));
  add(svg, "path", { class: "interval", d: `M${clip(lower)} ${box.top + 10}H${clip(upper)}` });
  add(svg, "path", { class: "median", d: `M${clip(median)} ${box.top + 3}V${box.bottom - 8}` });
  add(svg, "circle", { class: "mean", cx: clip(centre), cy: box.top + 10, r: 4 });
}

function describeHistogram(view, caption, index, summary, outside) {
  const decimals = chooseDecimals(summary.sd);
  const [centre, median, lower, upper] = ["mean", "median", "lower", "upper"].map((key) =>
    formatNumber(summary[key], decimals),
  );
  const level = `${formatNumber(100 * run.level)}%`;
  const beyond = outside ? ` ${pluralise(outside, "draw")} beyond the axis.` : "";
  const words = `Dot: mean ${centre}; dashed: median ${median}; line: ${level} interval ${lower} to ${upper}.`;
  const spoken = `mean ${centre}, median ${median}, ${level} interval ${lower} to ${upper}`;
  describe(view, caption, words + beyond, `Histogram of ${title(index)}: ${spoken}.${beyond}`);
}

function drawPair(view, mask) {
  const [across, up] = state.shown;
  const caption = `${title(up)}${logWords(up)}, vertical, against ${title(across)}${logWords(across)}`;
  if (across === up) return explain(view, caption, "Choose another quantity to pair it with.");
  for (const index of [across, up]) {
    if (isConstant(index)) return explain(view, caption, `${title(index)}: ${explainConstant(index)}`);
  }
  const [a, b] = [readDraws(across).values, readDraws(up).values];
  const [windowX, windowY] = [chooseWindow(across), chooseWindow(up)];
  const box = begin(view, 300, formatTicks(chooseTicks(...windowY, isLog(up))));
  const x = makeAxis(...windowX, box.left + 6, box.right, isLog(across));
  const y = makeAxis(...windowY, box.bottom - 6, box.top, isLog(up));
  const isInside = (i) => a[i] >= x.low && a[i] <= x.high && b[i] >= y.low && b[i] <= y.high;
  const [placeX, placeY] = [(i) => x.place(a[i]), (i) => y.place(b[i])];
  const inside = listDraws(isInside);
  const plain = inside.filter((i) => !mask || !mask[i]);
  add(view.svg, "path", { class: "dots", d: makeDots(thin(plain, MOST_DOTS), placeX, placeY) });
  const selected = mask ? inside.filter((i) => mask[i]) : [];
  add(view.svg, "path", { class: "dots selected", d: makeDots(thin(selected, MOST_DOTS), placeX, placeY) });
  const divergent = drawCrosses(view.svg, x, y);
  drawBrush(view.svg, box, rangeOf(across) && [x, rangeOf(across)], rangeOf(up) && [y, rangeOf(up)]);
  drawBottomAxis(view.svg, box, x, "");
  drawLeftAxis(view.svg, box, y);
  view.frame = { box, x, y };
  describePair(view, caption, a.map(x.to), b.map(y.to), inside.length, divergent);
  return null;
}

// Mark the divergent draws, and return how many are marked.
function drawCrosses(svg, x, y) {
  const [a, b] = state.shown.map((index) => readDraws(index).marked);
  const inside = Array.from(a.keys()).filter(
    (i) => a[i] >= x.low && a[i] <= x.high && b[i] >= y.low && b[i] <= y.high,
  );
  const crosses = inside.map((i) => `M${round(x.place(a[i]) - 3)} ${round(y.place(b[i]) - 3)}l6 6m-6 0l6 -6`);
  add(svg, "path", { class: "marks", d: crosses.join("") });
  return inside.length;
}

function describePair(view, caption, a, b, inside, divergent) {
  const scales = state.shown.some(isLog) ? " on these axes" : "";
  const correlation = `Correlation${scales}: ${formatNumber(correlate(a, b), 2)}.`;
  const crosses = divergent ? ` Crosses: ${pluralise(divergent, "divergent draw")}.` : "";
  const outside = COUNT - inside;
  const beyond = outside ? ` ${pluralise(outside, "draw")} beyond the axes.` : "";
  const words = correlation + crosses + beyond;
  describe(view, caption, words, `${caption}. ${words}`);
}

const listChains = () => Array.from({ length: run.chains }, (_, chain) => chain);
const readChain = (values, chain) =>
  values.subarray(chain * run.length, (chain + 1) * run.length).filter(Number.isFinite);

function addLegend(note, words) {
  note.replaceChildren();
  for (const chain of listChains()) {
    const swatch = document.createElement("span");
    swatch.className = `swatch chain-${chain % 4}`;
    note.append(swatch, `chain ${chain + 1} `);
  }
  note.append(words);
}

// ---- Numbers below the pictures

const COLUMNS = ["Mean", "Median", "SD", "interval", "R‑hat", "ESS bulk", "ESS tail"];

function makeCell(tag, text, name = "") {
  const cell = document.createElement(tag);
  cell.textContent = text;
  if (name) cell.className = name;
  if (tag === "th") cell.scope = name === "name" ? "row" : "col";
  return cell;
}

function showHead() {
  const row = document.createElement("tr");
  const level = `${formatNumber(100 * run.level)}% interval`;
  const titles = ["Quantity", "Draws", ...COLUMNS.map((column) => (column === "interval" ? level : column))];
  titles.forEach((text, i) => row.append(makeCell("th", text, i > 1 ? "number" : "")));
  document.querySelector("#explorer thead").replaceChildren(row);
}

function makeRow(index, what, numbers) {
  const decimals = chooseDecimals(run.sd[index] ?? numbers.sd);
  const [centre, median, sd, lower, upper] = ["mean", "median", "sd", "lower", "upper"].map((key) =>
    formatNumber(numbers[key], decimals),
  );
  const interval = lower === "–" ? "–" : `${lower} to ${upper}`;
  const row = document.createElement("tr");
  row.append(makeCell("th", title(index), "name"), makeCell("td", what));
  const convergence = [formatNumber(numbers.rhat, 3), formatNumber(numbers.essBulk, 0), formatNumber(numbers.essTail, 0)];
  for (const text of [centre, median, sd, interval, ...convergence]) row.append(makeCell("td", text, "number"));
  if (numbers.rhat > run.rhatLimit) row.cells[6].classList.add("fail");
  return row;
}

function readRun(index) {
  const keys = ["mean", "median", "sd", "lower", "upper", "rhat"];
  const numbers = Object.fromEntries(keys.map((key) => [key, run[key][index]]));
  return { ...numbers, essBulk: run.ess_bulk[index], essTail: run.ess_tail[index] };
}

function showNumbers(mask) {
  const rows = Array.from(new Set(state.shown)).flatMap((index) => [
    makeRow(index, "whole run", readRun(index)),
    ...(run.every > 1 ? [makeRow(index, "here", summarise(readDraws(index).sorted))] : []),
    ...(mask ? [makeRow(index, "selected", summarise(sortSelected(index, mask)))] : []),
  ]);
  document.getElementById("numbers").replaceChildren(...rows);
}

function showStatus(mask) {
  const all = `${formatCount(COUNT)} draws`;
  const divergent = listDraws((i) => isDivergent[i] && (!mask || mask[i])).length;
  const share = mask ? countSelected(mask) : 0;
  const of = divergent ? `, ${formatCount(divergent)} of them divergent` : "";
  const parts = mask
    ? [`${formatCount(share)} of ${all} selected (${formatNumber((100 * share) / COUNT, 1)}%)${of}.`]
    : [`${all}${of}; none selected.`];
  if (share) {
    for (const index of new Set(state.shown)) {
      const decimals = chooseDecimals(run.sd[index]);
      const [chosen, whole] = [sortSelected(index, mask), readDraws(index).sorted].map(mean);
      const words = `${formatNumber(chosen, decimals)} (all draws ${formatNumber(whole, decimals)})`;
      parts.push(`Mean of ${run.label[index]}: ${words}.`);
    }
  }
  document.getElementById("status").textContent = parts.join(" ");
}

// ---- Controls

const views = Object.fromEntries(
  [["trace", drawTrace], ["ranks", drawRanks], ["histogram", drawHistogram], ["pair", drawPair]].map(
    ([name, draw]) => {
      const figure = document.getElementById(name);
      const [caption, drawing, note] = ["figcaption", ".drawing", ".note"].map((one) => figure.querySelector(one));
      return [name, { draw, caption, drawing, note, svg: drawing.querySelector("svg"), frame: null }];
    },
  ),
);

function update() {
  const mask = selectDraws();
  document.getElementById("explorer").classList.toggle("has-selection", mask !== null);
  for (const view of Object.values(views)) view.draw(view, mask);
  showNumbers(mask);
  showStatus(mask);
}

let isScheduled = false;

// Update once before the next frame, however often this is called.
function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    update();
  });
}

// Round a limit to what matters beside the spread of a quantity.
function roundLimit(index, value) {
  if (!Number.isFinite(value)) return value;
  if (isLog(index)) return Number(value.toPrecision(4));
  const unit = 10 ** Math.floor(Math.log10(standardDeviation(readDraws(index).sorted)) - 2);
  return Number((Math.round(value / unit) * unit).toPrecision(12));
}

// Return the values between two pixels; an end at the edge of the axis has no limit.
function readRange(axis, from, to) {
  const [low, high] = axis.start < axis.end ? [axis.start, axis.end] : [axis.end, axis.start];
  const ends = [from, to].map((pixel) => {
    const isBeyond = pixel <= low || pixel >= high;
    const isLow = pixel <= low === axis.start < axis.end;
    return isBeyond ? (isLow ? -Infinity : Infinity) : axis.valueAt(pixel);
  });
  return ends.sort((a, b) => a - b);
}

function setRange(index, range) {
  if (range && isBounded(range)) state.ranges.set(index, range.map((value) => roundLimit(index, value)));
  else state.ranges.delete(index);
}

const brushes = {
  trace: ({ x }, from, to) => {
    state.draws = from ? readRange(x, from.x, to.x).map(Math.round) : [-Infinity, Infinity];
  },
  ranks: ({ x, sorted }, from, to) => {
    const range = from && readRange(x, from.x, to.x);
    const valueAt = (rank) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.floor(rank)))];
    const values = range && range.map((rank) => (Number.isFinite(rank) ? valueAt(rank) : rank));
    setRange(state.shown[0], values);
  },
  histogram: ({ x }, from, to) => setRange(state.shown[0], from && readRange(x, from.x, to.x)),
  pair: ({ x, y }, from, to) => {
    setRange(state.shown[0], from && readRange(x, from.x, to.x));
    setRange(state.shown[1], from && readRange(y, from.y, to.y));
  },
};

// Let a reader drag across a picture; a click without a drag takes its conditions back.
function makeBrushable(name) {
  const { svg } = views[name];
  let start = null;
  const place = (event) => {
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
  };
  const apply = (from, to) => {
    if (!views[name].frame) return;
    brushes[name](views[name].frame, from, to);
    showConditions();
    schedule();
  };
  svg.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    start = place(event);
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener("pointermove", (event) => {
    if (start && isDrag(start, place(event))) apply(start, place(event));
  });
  svg.addEventListener("pointerup", (event) => {
    if (start) apply(isDrag(start, place(event)) ? start : null, place(event));
    start = null;
  });
  svg.addEventListener("pointercancel", () => { start = null; });
}

const isDrag = (from, to) => Math.hypot(from.x - to.x, from.y - to.y) > 4;

// Show a row of limits for each quantity shown, and for those with a condition.
function showConditions() {
  const indices = new Set([...state.shown, ...state.ranges.keys()]);
  document.getElementById("conditions").replaceChildren(...Array.from(indices, makeCondition));
  const show = (value) => (Number.isFinite(value) ? String(value) : "");
  document.getElementById("draws-from").value = show(state.draws[0]);
  document.getElementById("draws-to").value = show(state.draws[1]);
}

function makeCondition(index) {
  const row = document.createElement("div");
  row.className = "condition";
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", run.label[index]);
  const name = document.createElement("span");
  name.append(makeName(run.label[index]));
  row.append(name);
  ["from", "to"].forEach((word, end) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    [input.type, input.step] = ["number", "any"];
    const limit = (state.ranges.get(index) ?? [-Infinity, Infinity])[end];
    input.value = Number.isFinite(limit) ? String(limit) : "";
    input.addEventListener("input", () => {
      const range = [...(state.ranges.get(index) ?? [-Infinity, Infinity])];
      range[end] = readLimit(input, end);
      if (isBounded(range)) state.ranges.set(index, range);
      else state.ranges.delete(index);
      schedule();
    });
    label.append(`${word} `, input);
    row.append(label);
  });
  return row;
}

function makeName(text) {
  const [code, bdi] = [document.createElement("code"), document.createElement("bdi")];
  bdi.textContent = text;
  code.append(bdi);
  return code;
}

function readLimit(input, end) {
  return input.value === "" ? [-Infinity, Infinity][end] : Number(input.value);
}

// Return the quantities whose name has every word of a search, in the chosen order.
function findQuantities(search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const names = run.label.map((label, index) => `${label} ${run.name[index]}`.toLowerCase());
  const found = Array.from(names.keys()).filter((index) => words.every((word) => names[index].includes(word)));
  if (document.getElementById("order").value === "rhat") {
    found.sort((a, b) => (run.rhat[b] ?? 0) - (run.rhat[a] ?? 0));
  }
  return found;
}

function makeOption(index, isChosen) {
  const isBad = run.rhat[index] > run.rhatLimit;
  const text = run.label[index] + (isBad ? ` · R‑hat ${formatNumber(run.rhat[index], 3)}` : "");
  return new Option(text, String(index), isChosen, isChosen);
}

function showList(picker, which) {
  const found = findQuantities(picker.querySelector("input").value);
  const options = found.map((index) => makeOption(index, index === state.shown[which]));
  picker.querySelector("select").replaceChildren(...options);
  picker.querySelector("output").textContent = `${formatCount(found.length)} of ${formatCount(run.label.length)}`;
  picker.querySelector("select").selectedOptions[0]?.scrollIntoView({ block: "nearest" });
}

function showLogChoice(picker, which) {
  const box = picker.querySelector("input[type=checkbox]");
  box.disabled = !canBeLog(state.shown[which]);
  box.checked = isLog(state.shown[which]);
}

// Show another quantity.
function choose(which, index) {
  state.shown = state.shown.map((old, place) => (place === which ? index : old));
  pickers.forEach(showLogChoice);
  showConditions();
  update();
}

const pickers = ["first", "second"].map((id) => document.getElementById(id));

function preparePicker(picker, which) {
  const [search, list] = [picker.querySelector("input[type=search]"), picker.querySelector("select")];
  search.addEventListener("input", () => showList(picker, which));
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") list.focus();
    if (event.key === "Enter" && list.options.length) {
      list.selectedIndex = 0;
      choose(which, Number(list.value));
    }
  });
  list.addEventListener("change", () => choose(which, Number(list.value)));
  picker.querySelector("input[type=checkbox]").addEventListener("change", (event) => {
    state.isLog.set(state.shown[which], event.target.checked);
    pickers.forEach(showLogChoice);
    update();
  });
  showList(picker, which);
  showLogChoice(picker, which);
}

function clearSelection() {
  state.ranges.clear();
  Object.assign(state, { draws: [-Infinity, Infinity], chain: -1, isDivergentOnly: false });
  document.getElementById("chain").value = "-1";
  document.getElementById("divergent").checked = false;
  showConditions();
  update();
}

function prepareSelection() {
  const chain = document.getElementById("chain");
  chain.append(new Option("any", "-1"), ...listChains().map((one) => new Option(String(one + 1), String(one))));
  chain.addEventListener("change", () => { state.chain = Number(chain.value); schedule(); });
  const divergent = document.getElementById("divergent");
  divergent.disabled = !isDivergent.includes(1);
  divergent.addEventListener("change", () => { state.isDivergentOnly = divergent.checked; schedule(); });
  ["draws-from", "draws-to"].forEach((id, end) => {
    const input = document.getElementById(id);
    input.addEventListener("input", () => { state.draws[end] = readLimit(input, end); schedule(); });
  });
  document.getElementById("clear").addEventListener("click", clearSelection);
}

function start() {
  document.getElementById("explorer").hidden = false;
  showHead();
  pickers.forEach(preparePicker);
  document.getElementById("order").addEventListener("change", () => pickers.forEach(showList));
  prepareSelection();
  Object.keys(views).forEach(makeBrushable);
  showConditions();
  update();
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== width) schedule();
    width = window.innerWidth;
  });
}

start();
