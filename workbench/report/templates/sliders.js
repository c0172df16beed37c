// Weights of draws for another prior: Pareto-smoothed importance sampling as in Vehtari et al. (2024), JMLR
// 25(72), appendix C; Zhang and Stephens (2009) for the tail. The page is complete without it.

// Return the numbers of a column of 16-bit codes.
function unpackColumn({ codes, spacing, offset, step }) {
  const bytes = atob(codes);
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) => {
    const code = bytes.charCodeAt(2 * i) + 256 * bytes.charCodeAt(2 * i + 1);
    if (code === 65535) return NaN;
    return spacing === "log" ? Math.exp(offset + step * code) : offset + step * code;
  });
}

const addUp = (values) => values.reduce((sum, value) => sum + value, 0);

function logSumExp(values) {
  const largest = values.reduce((one, other) => Math.max(one, other), -Infinity);
  return largest + Math.log(addUp(values.map((value) => Math.exp(value - largest))));
}

// Return shape and scale of a generalised Pareto distribution of ascending excesses.
function fitPareto(excess) {
  const count = excess.length;
  const grid = 30 + Math.floor(Math.sqrt(count));
  const quartile = excess[Math.floor(count / 4 + 0.5) - 1];
  const rates = Array.from({ length: grid }, (_, i) => {
    return (1 - Math.sqrt(grid / (i + 0.5))) / (3 * quartile) + 1 / excess[count - 1];
  });
  const shapeAt = (rate) => addUp(excess.map((value) => Math.log1p(-rate * value))) / count;
  const profile = rates.map((rate) => {
    const shape = shapeAt(rate);
    return count * (Math.log(-rate / shape) - shape - 1);
  });
  const total = logSumExp(profile);
  const shares = profile.map((one) => Math.exp(one - total)).map((one) => (one < 10 * Number.EPSILON ? 0 : one));
  const best = addUp(shares.map((share, i) => share * rates[i])) / addUp(shares);
  const shape = shapeAt(best);
  return { khat: (count * shape + 10 * 0.5) / (count + 10), scale: -shape / best };
}

// Return normalised weights, k-hat and effective draws for log ratios.
function weighDraws(logs, length, efficiency) {
  const largest = logs.reduce((one, other) => Math.max(one, other), -Infinity);
  const values = Array.from(logs, (value) => value - largest);
  const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const tail = order.slice(-length);
  const span = values[order[order.length - 1]] - values[tail[0]];
  let khat = 0;
  if (-values[order[0]] >= 1e-6 && span >= 1e-12) {
    const cutoff = Math.exp(values[order[order.length - length - 1]]);
    const fitted = fitPareto(tail.map((i) => Math.exp(values[i]) - cutoff));
    const isFitted = Number.isFinite(fitted.khat) && fitted.scale > 0;
    khat = isFitted ? fitted.khat : Infinity;
    if (isFitted) {
      tail.forEach((i, place) => {
        const log = Math.log1p(-(place + 0.5) / length);
        const excess = khat ? (fitted.scale * Math.expm1(-khat * log)) / khat : -fitted.scale * log;
        values[i] = Math.min(0, Math.log(cutoff + excess));
      });
    }
  }
  const total = logSumExp(values);
  const weights = values.map((value) => Math.exp(value - total));
  return { weights, khat, ess: efficiency / addUp(weights.map((weight) => weight * weight)) };
}

// Return mean, SD and quantiles of weighted draws; with equal weights the quantiles are NumPy's.
function summariseWeighted(draws, weights, shares) {
  const mean = addUp(weights.map((weight, i) => weight * draws[i]));
  const sd = Math.sqrt(addUp(weights.map((weight, i) => weight * (draws[i] - mean) ** 2)));
  const order = Array.from(draws.keys()).sort((a, b) => draws[a] - draws[b]);
  let sum = 0;
  const centred = order.map((i) => {
    sum += weights[i];
    return sum - weights[i] / 2;
  });
  const [first, last] = [centred[0], centred[centred.length - 1]];
  const quantiles = shares.map((share) => {
    const at = first + share * (last - first);
    const next = centred.findIndex((value) => value >= at);
    if (next <= 0) return draws[order[0]];
    const part = (at - centred[next - 1]) / (centred[next] - centred[next - 1]);
    return draws[order[next - 1]] + part * (draws[order[next]] - draws[order[next - 1]]);
  });
  return { mean, sd, quantiles };
}

function formatValue(value, decimals) {
  if (value === null || !Number.isFinite(value)) return "–";
  if (decimals === null) return value.toPrecision(4).replace("-", "−");
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return value.toLocaleString("en", options).replace(/^-(?=[0.,]*$)/, "").replace("-", "−");
}

// Return the heights of a weighted histogram, smoothed, between two ends.
function smoothCounts(draws, weights, low, high, bins = 120, width = 3) {
  const counts = new Array(bins).fill(0);
  draws.forEach((value, i) => {
    const bin = Math.floor(((value - low) / (high - low)) * bins);
    if (bin >= 0 && bin < bins) counts[bin] += weights[i];
  });
  const reach = Array.from({ length: 8 * width + 1 }, (_, i) => Math.exp(-0.5 * ((i - 4 * width) / width) ** 2));
  const total = addUp(reach);
  return counts.map((_, bin) => addUp(reach.map((share, i) => share * (counts[bin + i - 4 * width] ?? 0))) / total);
}

function prepareSliders(root) {
  const data = JSON.parse(root.querySelector("script").textContent);
  const columns = data.quantities.map(({ draws }) => unpackColumn(draws));
  const equal = new Array(data.draws).fill(1 / data.draws);
  const find = (name) => root.querySelector(`.${name}`);
  const [axes, slider, quantities] = [find("axis-choice"), find("slider"), find("quantity-choice")];
  const tails = [(1 - data.level) / 2, (1 + data.level) / 2];
  const known = new Map();
  data.axes.forEach(({ name }, i) => axes.append(new Option(name, String(i))));
  data.quantities.forEach(({ label }, i) => quantities.append(new Option(label, String(i))));

  const weigh = (number) => {
    if (!known.has(number)) {
      const { logs } = data.points[number];
      const none = { weights: equal, khat: 0, ess: data.efficiency * data.draws };
      known.set(number, logs ? weighDraws(unpackColumn(logs), data.tail, data.efficiency) : none);
    }
    return known.get(number);
  };

  const fill = (point, weighted, isGood) => {
    const rows = data.quantities.map(({ label, decimals: ofBase }, i) => {
      const { mean: found, decimals } = point.means[i];
      const base = summariseWeighted(columns[i], equal, tails);
      const { mean, sd, quantiles } = summariseWeighted(columns[i], weighted.weights, tails);
      const interval = quantiles.map((value) => formatValue(value, decimals)).join(" to ");
      const shown = [formatValue(mean, decimals), formatValue(sd, decimals), interval];
      const texts = [formatValue(base.mean, ofBase), ...(isGood ? shown : ["–", "–", "–"]), formatValue(found, decimals)];
      const row = document.createElement("tr");
      const name = document.createElement("th");
      [name.scope, name.className] = ["row", "name"];
      name.textContent = label;
      const cells = texts.map((text) => {
        const cell = document.createElement("td");
        cell.className = "number";
        cell.textContent = text;
        return cell;
      });
      row.append(name, ...cells);
      return row;
    });
    find("results").replaceChildren(...rows);
  };

  const draw = (weighted, isGood, text) => {
    const place = Number(quantities.value);
    const draws = columns[place];
    const sorted = Float64Array.from(draws).sort();
    const [lowest, highest] = [sorted[0], sorted[sorted.length - 1]];
    const room = 0.1 * (highest - lowest) || 1;
    const [low, high] = [lowest - room, highest + room];
    const curves = [equal, ...(isGood ? [weighted.weights] : [])].map((one) => smoothCounts(draws, one, low, high));
    const top = Math.max(...curves.flat());
    const path = (heights) => heights.map((height, bin) => {
      return `${bin ? "L" : "M"}${(10 + (bin / (heights.length - 1)) * 400).toFixed(1)} ${(150 - (height / top) * 140).toFixed(1)}`;
    }).join("");
    root.querySelector(".base-curve").setAttribute("d", `${path(curves[0])}L410 150L10 150Z`);
    root.querySelector(".weighted-curve").setAttribute("d", curves[1] ? path(curves[1]) : "");
    const { decimals } = data.quantities[place];
    find("lowest").textContent = formatValue(low, decimals);
    find("highest").textContent = formatValue(high, decimals);
    find("drawing").setAttribute("aria-label", `Density of ${data.quantities[place].label}: base fit, and ${text}.`);
  };

  const update = () => {
    const axis = data.axes[Number(axes.value)];
    const stop = axis.stops[Number(slider.value)];
    const point = data.points[stop.point];
    const weighted = weigh(stop.point);
    const isGood = weighted.khat <= data.limit && weighted.ess >= data.leastEss;
    const place = `${axis.name} = ${Number(stop.value.toPrecision(4))}`;
    const numbers = `k-hat ${formatValue(weighted.khat, 2)} (limit ${formatValue(data.limit, 2)}), ${formatValue(weighted.ess, 0)} effective draws`;
    const held = axis.held ? `; ${axis.held}` : "";
    const verdict = isGood ? "These weights can be relied on." : `These weights cannot be relied on, so nothing is shown of them; the last column is by ${point.how}.`;
    const status = find("status");
    status.textContent = `${place}${held}: ${point.logs ? `${numbers}. ${verdict}` : "the base fit itself."}`;
    status.className = `status notice ${isGood ? "ok" : "caution"}`;
    slider.setAttribute("aria-valuetext", place);
    find("value").textContent = place;
    fill(point, weighted, isGood);
    draw(weighted, isGood, place);
  };

  const choose = () => {
    const { stops } = data.axes[Number(axes.value)];
    slider.max = String(stops.length - 1);
    slider.value = String(Math.max(0, stops.findIndex(({ point }) => !data.points[point].logs)));
    update();
  };

  axes.addEventListener("change", choose);
  slider.addEventListener("input", update);
  quantities.addEventListener("change", update);
  root.hidden = false;
  choose();
}

document.querySelectorAll(".sliders").forEach(prepareSliders);
