/* The page guide/beta_slider: counts and beta in, effective numbers and weights out. Nothing is fetched. */
(() => {
  "use strict";

  // The arithmetic, as skcb has it: see skcb/balancing.py. A test compares the two.

  function effectiveNumber(count, beta) {
    if (beta === 0) return count > 0 ? 1 : 0;
    if (beta === 1) return count;
    // 1 - beta ** count cancels where beta is close to 1; expm1 does not.
    return -Math.expm1(count * Math.log(beta)) / (1 - beta);
  }

  function sum(values) {
    return values.reduce((total, value) => total + value, 0);
  }

  function classWeight(counts, beta, normalize) {
    const numbers = counts.map((count) => effectiveNumber(count, beta));
    if (normalize === null) return counts.map((count, i) => (count > 0 ? 1 / numbers[i] : 0));
    const smallest = Math.min(...numbers.filter((_, i) => counts[i] > 0));
    const relative = counts.map((count, i) => (count > 0 ? smallest / numbers[i] : 0));
    const scale =
      normalize === "classes"
        ? counts.filter((count) => count > 0).length / sum(relative)
        : sum(counts) / sum(relative.map((weight, i) => weight * counts[i]));
    return relative.map((weight) => weight * scale);
  }

  // Betas whose ratio of weights goes up evenly, in geometric steps, from 1 to the imbalance ratio.
  function betaGrid(counts, num = 5) {
    const present = counts.filter((count) => count > 0);
    const [smallest, largest] = [Math.min(...present), Math.max(...present)];
    if (smallest === largest) return [0];
    const betas = [0];
    for (let step = 1; step < num - 1; step += 1) {
      const target = (Math.log(largest / smallest) * step) / (num - 1);
      let [low, high] = [Math.log(1e-18 / largest), Math.log(50 / smallest)];
      for (let i = 0; i < 80; i += 1) {
        const middle = (low + high) / 2;
        const t = Math.exp(middle);
        if (Math.log(Math.expm1(-t * largest) / Math.expm1(-t * smallest)) > target) low = middle;
        else high = middle;
      }
      betas.push(Math.exp(-Math.exp(low)));
    }
    return [...new Set([...betas, 1])];
  }

  // What a reader types or pastes: numbers, labels with numbers, a Python list or dictionary, the print of a Series.

  const NUMBER = /^[+-]?(\d[\d_]*\.?[\d_]*|\.\d+)(e[+-]?\d+)?$/i;
  const NO_NUMBER = /^[+-]?(nan|inf|infinity)$/i;

  function readCount(text) {
    if (NO_NUMBER.test(text)) throw new Error(`${text} is no count: counts are numbers from 0 upwards.`);
    if (!NUMBER.test(text)) throw new Error(`“${text}” is no number.`);
    const count = Number(text.replaceAll("_", ""));
    if (!Number.isFinite(count) || count > 1e15) throw new Error(`${text} is too large: counts end at 1e15.`);
    if (count < 0) throw new Error(`${text}: a class cannot have fewer than 0 samples.`);
    return count;
  }

  function parseCounts(text) {
    const bare = text.replace(/[[\](){}"'“”]/g, " ").trim();
    if (!bare) throw new Error("Type the counts: for example 5000, 500, 50.");
    const lines = bare.split("\n").map((line) => line.trim()).filter(Boolean);
    const pairs = lines.map((line) => line.replace(/,$/, "").split(/[\t,;]+|\s+(?=\S+$)/).map((part) => part.trim()));
    const [labels, counts] = [[], []];
    const add = (label, count) => {
      labels.push(label || String(labels.length));
      counts.push(readCount(count));
    };
    if (/[:=]/.test(bare)) {
      for (const entry of bare.split(/[\n,;]+/).map((part) => part.trim()).filter(Boolean)) {
        const [label, count, ...more] = entry.split(/\s*[:=]\s*/);
        if (count === undefined || count === "" || more.length) throw new Error(`“${entry}” is not “label: count”.`);
        add(label, count);
      }
    } else if (lines.length > 1 && pairs.every((pair) => pair.length === 2)) {
      pairs.forEach(([label, count]) => add(label, count));
    } else {
      let label = [];
      for (const word of bare.split(/[\s,;]+/).filter(Boolean)) {
        if (NUMBER.test(word) || NO_NUMBER.test(word)) {
          add(label.join(" "), word);
          label = [];
        } else {
          label.push(word);
        }
      }
      if (label.length) throw new Error(`“${label.join(" ")}” has no count after it.`);
    }
    if (counts.length > 500) throw new Error(`${counts.length} classes are too many for this page: it takes 500.`);
    if (!counts.some((count) => count > 0)) throw new Error("All counts are 0: no class has samples.");
    return { labels, counts };
  }

  function parseBeta(text) {
    const trimmed = text.trim();
    if (!trimmed) throw new Error("Type a beta from 0 to 1.");
    if (!NUMBER.test(trimmed)) throw new Error(`“${trimmed}” is no number: beta goes from 0 to 1.`);
    const beta = Number(trimmed);
    if (beta < 0 || beta > 1) throw new Error(`${trimmed} lies outside: beta goes from 0 to 1.`);
    return beta;
  }

  // How numbers are shown: four digits, and powers of ten only where there is no other way.
  function shown(value) {
    if (value === 0) return "0";
    if (value >= 1e7 || value < 1e-4) return value.toExponential(2).replace("e+", "e");
    return String(Number(value.toPrecision(4)));
  }

  // The beta of N = 1 / (1 - beta), with three digits of its distance from 1, as it is typed.
  function betaOf(n) {
    const distance = 1 / n;
    const decimals = Math.min(15, 2 - Math.floor(Math.log10(distance)));
    return String(Number((1 - distance).toFixed(decimals)));
  }

  // With few digits where they do the same, and with all where not.
  function written(beta) {
    if (beta === 0 || beta === 1) return String(beta);
    return betaOf(1 / (1 - beta));
  }

  window.skcbBetaSlider = { effectiveNumber, classWeight, betaGrid, parseCounts, parseBeta, betaOf };

  // The page.

  const STEPS = 1000;

  function start(root) {
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    const [countsField, slider, betaField] = [part("counts"), part("slider"), part("beta")];
    const [countsError, betaError, results] = [part("counts-error"), part("beta-error"), part("results")];
    const [grid, rows, summary, code] = [part("grid"), part("rows"), part("summary"), part("code")];
    const copy = part("copy");
    let largest = 1;

    // Left end: beta is 0. Right end: beta is 1. Between, N grows tenfold from place to place.
    const decades = () => Math.ceil(Math.log10(Math.max(largest, 10))) + 2;

    function betaAt(step) {
      if (step <= 0) return "0";
      return step >= STEPS ? "1" : betaOf(10 ** ((decades() * step) / STEPS));
    }

    function stepOf(beta) {
      if (beta >= 1) return STEPS;
      const place = Math.round((STEPS * Math.log10(1 / (1 - beta))) / decades());
      return beta === 0 ? 0 : Math.min(STEPS - 1, Math.max(1, place));
    }

    function tell(field, place, error) {
      place.textContent = error ? error.message : "";
      place.hidden = !error;
      field.setAttribute("aria-invalid", String(Boolean(error)));
    }

    function read(field, place, parse) {
      try {
        const value = parse(field.value);
        tell(field, place, null);
        return value;
      } catch (error) {
        tell(field, place, error);
        return null;
      }
    }

    function cell(row, text, name = "td") {
      const made = document.createElement(name);
      made.textContent = text;
      if (name === "th") made.scope = "row";
      row.append(made);
      return made;
    }

    function drawGrid(counts, beta) {
      const betas = betaGrid(counts);
      grid.replaceChildren(
        ...betas.map((value) => {
          const button = document.createElement("button");
          button.type = "button";
          button.textContent = written(value);
          button.setAttribute("aria-pressed", String(value === beta || Number(written(value)) === beta));
          button.addEventListener("click", () => {
            betaField.value = written(value);
            update();
            grid.querySelector('[aria-pressed="true"]')?.focus();
          });
          return button;
        })
      );
    }

    function drawRows(labels, counts, beta, normalize) {
      const weights = classWeight(counts, beta, normalize);
      const heaviest = Math.max(...weights);
      rows.replaceChildren(
        ...labels.map((label, i) => {
          const row = document.createElement("tr");
          cell(row, label, "th");
          cell(row, String(counts[i]));
          cell(row, shown(effectiveNumber(counts[i], beta)));
          cell(row, shown(weights[i]));
          const bar = document.createElement("span");
          bar.style.width = `${(100 * weights[i]) / heaviest}%`;
          const last = cell(row, "");
          last.setAttribute("aria-hidden", "true");
          last.append(bar);
          return row;
        })
      );
      const positive = weights.filter((weight) => weight > 0);
      return Math.max(...positive) / Math.min(...positive);
    }

    function update() {
      const read_counts = read(countsField, countsError, parseCounts);
      if (read_counts) largest = Math.max(...read_counts.counts);
      const beta = read(betaField, betaError, parseBeta);
      if (beta !== null) slider.value = String(stepOf(beta));
      results.hidden = !read_counts || beta === null;
      if (results.hidden) return;

      const { labels, counts } = read_counts;
      const chosen = root.querySelector('input[type="radio"]:checked').value;
      const normalize = chosen === "none" ? null : chosen;
      drawGrid(counts, beta);
      const ratio = drawRows(labels, counts, beta, normalize);
      const present = counts.filter((count) => count > 0);
      const imbalance = Math.max(...present) / Math.min(...present);
      const n = beta === 1 ? "without end" : shown(1 / (1 - beta));
      slider.setAttribute("aria-valuetext", `beta ${betaField.value.trim()}, N ${n}`);
      summary.textContent =
        `N = 1 / (1 − β) is ${n}. The heaviest class weighs ${shown(ratio)} times as much as the lightest; ` +
        `the largest is ${shown(imbalance)} times as large as the smallest.`;
      code.textContent =
        `class_weight([${counts.join(", ")}], beta=${betaField.value.trim()}, ` +
        `normalize=${normalize === null ? "None" : `"${normalize}"`})`;
    }

    countsField.addEventListener("input", update);
    betaField.addEventListener("input", update);
    slider.addEventListener("input", () => {
      betaField.value = betaAt(Number(slider.value));
      const step = slider.value;
      update();
      slider.value = step; // not where rounding would put it
    });
    root.querySelectorAll('input[type="radio"]').forEach((choice) => choice.addEventListener("change", update));
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(`from skcb import class_weight\n\n${code.textContent}\n`);
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = "Copy"), 2000);
    });
    update();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const root = document.querySelector(".beta-slider");
    if (root) {
      root.hidden = false;
      start(root);
    }
  });
})();
