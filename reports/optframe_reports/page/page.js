"use strict";
// The page's charts and tables. Without it everything can still be read: figures, tables, data.
(() => {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const array = (number) => page.arrays[number];
  const hidden = new Set();  // optimizers that the reader has switched off
  const charts = [];
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const write = (value) => {
    if (value === null || value === undefined) return "–";
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e5 || size < 1e-3) return Number(value.toPrecision(3)).toExponential().replace("e+", "e");
    return String(Number(value.toPrecision(4)));
  };

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  // The last index whose place is not beyond x, or -1.
  const before = (places, x) => {
    let low = 0, high = places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (places[middle] <= x) low = middle + 1; else high = middle;
    }
    return low - 1;
  };

  // Where a logarithmic axis has its marks: at decades, all or every so many; between few of them at
  // round numbers, too. (uPlot's own search does not end near some powers of ten and below 1e-16.)
  const decades = (low, high, most = 7) => {
    const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
    const step = Math.ceil((last - first + 1) / most);
    const between = (numbers) => {
      const found = [];
      for (let power = first - 1; power <= last; power += 1) found.push(...numbers.map((number) => Number(`${number}e${power}`)));
      return found.filter((mark) => mark >= low * (1 - 1e-9) && mark <= high * (1 + 1e-9));
    };
    if (last - first >= 2) return between([1]).filter((mark) => Math.round(Math.log10(mark)) % step === 0);
    const few = [[1, 2, 5], [1, 2, 3, 5, 7]].map(between).find((marks) => marks.length > 3);
    if (few) return few;
    const rough = (high - low) / 5, power = Math.floor(Math.log10(rough));
    const width = Number(`${[1, 2, 5, 10].find((number) => number * 10 ** power >= rough * (1 - 1e-9))}e${power}`);
    const marks = [];
    for (let count = Math.ceil(low / width); count * width <= high; count += 1) marks.push(Number((count * width).toPrecision(12)));
    return marks;
  };

  class Chart {
    constructor(holder, data) {
      this.holder = holder;
      holder.chart = this;
      this.data = data;
      this.plot = null;
      this.off = new Set();
      this.place = null;
      this.controls = this.makeControls();
      this.canvas = element("div", { class: "canvas", tabindex: "0", role: "group" });
      this.legend = this.makeLegend();
      this.status = element("p", { class: "quiet", role: "status" });
      holder.append(this.controls.box, this.canvas, this.legend.box, this.status);
      holder.hidden = false;
      this.canvas.addEventListener("keydown", (event) => this.key(event));
      this.draw();
    }

    makeControls() {
      const { axes, metrics, runs } = this.data;
      const select = (options) => element("select", {}, ...options.map(
        (option, index) => element("option", { value: index }, option.label)));
      const check = () => element("input", { type: "checkbox" });
      const made = { metric: select(metrics), x: select(axes), logX: check(), logY: check(), runs: check() };
      const labelled = (text, input) => element("label", {}, ...(input.type === "checkbox" ? [input, " " + text] : [text + " ", input]));
      made.logX.checked = axes[0].first !== null;
      made.logY.checked = metrics[0].log;
      made.metric.addEventListener("change", () => { made.logY.checked = this.metric.log; });
      made.x.addEventListener("change", () => { made.logX.checked = this.axis.first !== null; });
      made.box = element("div", { class: "controls" },
        labelled("show", made.metric), labelled("against", made.x),
        labelled("logarithmic across", made.logX), labelled("logarithmic upwards", made.logY));
      if (runs.length) made.box.append(labelled("every seed", made.runs));
      made.box.addEventListener("change", () => this.draw());
      return made;
    }

    makeLegend() {
      const made = { rows: [] };
      made.box = element("ul", { class: "legend" });
      this.data.groups.forEach((group, index) => {
        const input = element("input", { type: "checkbox" });
        input.checked = true;
        input.addEventListener("change", () => {
          if (input.checked) this.off.delete(index); else this.off.add(index);
          this.draw();
        });
        const dash = group.dash.length ? "dashed" : "solid";
        const sample = element("span", { class: "sample", style: `border-top: 3px ${dash} ${group.color}` });
        const value = element("output", {});
        const row = element("li", {}, element("label", {}, input, sample, group.name), value);
        made.box.append(row);
        made.rows.push({ row, value });
      });
      return made;
    }

    get axis() { return this.data.axes[this.controls.x.value]; }
    get metric() { return this.data.metrics[this.controls.metric.value]; }
    shown(index) { return !this.off.has(index) && !hidden.has(this.data.groups[index].optimizer); }

    quartiles(index) {
      const [x, low, median, high, lost] = this.data.lines[this.axis.name][this.metric.name][index];
      return { x: array(x), low: array(low), median: array(median), high: array(high), lost };
    }

    draw() {
      const { groups } = this.data;
      const visible = groups.map((_, index) => index).filter((index) => this.shown(index));
      const drawn = visible.map((index) => this.quartiles(index));
      const places = [...new Set(drawn.flatMap((line) => line.x))].sort((a, b) => a - b);
      const lookup = new Map(places.map((place, index) => [place, index]));
      const columns = drawn.map((line) => {
        const column = new Array(places.length).fill(null);
        line.x.forEach((place, at) => { column[lookup.get(place)] = line.median[at]; });
        return column;
      });
      this.legend.rows.forEach(({ row }, index) => { row.hidden = hidden.has(groups[index].optimizer); });
      if (this.plot) { this.plot.destroy(); this.plot = null; }
      this.visible = visible;
      this.drawn = drawn;
      this.place = null;
      this.status.textContent = visible.length ? "" : "No optimizer is switched on.";
      this.tell();
      if (!visible.length || !places.length) return;
      const logY = this.controls.logY.checked && !this.negative();
      if (this.controls.logY.checked && !logY) this.status.textContent = "Not all values are positive: the axis is linear.";
      const logX = this.controls.logX.checked;
      const first = this.axis.first ?? places.find((place) => place > 0) ?? 1;
      const across = (low, high) => [...(low <= 0 ? [0] : []), ...(high > first ? decades(Math.max(low, first), high, 9) : [first])];
      const grid = { stroke: color("--line"), width: 1 };
      const axis = (label, size, marks) => ({ label, size, labelSize: 22, stroke: color("--text"), grid, ticks: grid,
        ...(marks ? { splits: (_, which, low, high) => marks(low, high), filter: (_, splits) => splits } : {}),
        values: (_, splits) => splits.map((split) => split === null ? "" : write(split)),
        font: "12px system-ui, sans-serif", labelFont: "13px system-ui, sans-serif" });
      this.plot = new uPlot({
        width: this.canvas.clientWidth || 640,
        height: 340,
        legend: { show: false },
        scales: {
          x: {
            time: false, range: (_, low, high) => [low, high * (logX ? 1.1 : 1.02) || 1],
            ...(logX ? { distr: 4, asinh: first } : {}),
          },
          y: { distr: logY ? 3 : 1, range: this.range(logY) },
        },
        axes: [
          { ...axis(this.axis.label, 34, logX && across), space: 60 },
          axis(this.metric.label, 64, logY && decades),
        ],
        series: [{}, ...visible.map((index) => ({
          label: groups[index].name, stroke: groups[index].color, width: 2, spanGaps: true,
          dash: groups[index].dash, points: { show: false },
        }))],
        cursor: { drag: { x: true, y: true, uni: 30 }, points: { show: false }, y: false },
        hooks: {
          drawClear: [(plot) => this.bands(plot)],
          draw: [(plot) => this.ends(plot)],
          setCursor: [(plot) => {
            this.place = plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : null;
            this.tell();
          }],
        },
      }, [places, ...columns], this.canvas);
      this.canvas.setAttribute("aria-label",
        `${this.metric.label} against ${this.axis.label}; arrow keys move along it`);
    }

    negative() {
      return this.drawn.some((line) => line.median.some((value) => value !== null && value <= 0));
    }

    // What explodes does not flatten the rest: the axis ends above where lines start and above the
    // typical peak of those that are not lost.
    range(log) {
      const known = (line) => line.median.filter((v) => v !== null);
      const seen = this.drawn.filter((line) => known(line).length);  // a line may have no point at all
      const peaks = seen.filter((line) => !line.lost).map((line) => Math.max(...known(line))).sort((a, b) => a - b);
      const starts = seen.map((line) => line.median[0]).filter((v) => v !== null);
      const usual = this.metric.falls ? Math.max(...starts, ...peaks.slice(peaks.length >> 1, (peaks.length >> 1) + 1)) : Infinity;
      if (log) return (_, low, high) => [low / 1.2, Math.min(high * 1.2, 10 * usual)];
      return (_, low, high) => {
        const top = Math.min(high, usual);
        const margin = 0.05 * (top - low) || 0.05 * Math.abs(top) || 1;
        return [low - margin, top + margin];
      };
    }

    line(plot, xs, ys) {
      const path = new Path2D();
      let begun = false;
      xs.forEach((x, at) => {
        if (ys[at] === null || (plot.scales.y.distr === 3 && ys[at] <= 0)) return;
        const point = [plot.valToPos(x, "x", true), plot.valToPos(ys[at], "y", true)];
        if (begun) path.lineTo(...point); else path.moveTo(...point);
        begun = true;
      });
      return path;
    }

    bands(plot) {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      this.drawn.forEach((line, at) => {
        const group = this.data.groups[this.visible[at]];
        if (group.runs < 2) return;
        if (this.controls.runs.checked) {
          ctx.globalAlpha = 0.45;
          ctx.strokeStyle = group.color;
          ctx.lineWidth = devicePixelRatio;
          for (const run of this.data.runs) {
            if (run.group !== this.visible[at]) continue;
            ctx.stroke(this.line(plot, array(run.x[this.axis.name]), array(run.y[this.metric.name])));
          }
          return;
        }
        const keep = line.x.map((_, i) => i).filter((i) => line.low[i] !== null && line.high[i] !== null);
        const there = keep.map((i) => line.x[i]), back = [...keep].reverse();
        const path = this.line(plot, [...there, ...back.map((i) => line.x[i])],
          [...keep.map((i) => line.high[i]), ...back.map((i) => line.low[i])]);
        ctx.globalAlpha = 0.15;
        ctx.fillStyle = group.color;
        ctx.fill(path);
      });
      ctx.restore();
    }

    // Where a line ends, or leaves the chart for good.
    end(plot, line) {
      const point = (at) => [plot.valToPos(line.x[at], "x", true), plot.valToPos(line.median[at], "y", true)];
      const { top } = plot.bbox;
      let at = line.x.length - 1;
      if (point(at)[1] >= top) return point(at);
      while (at > 0 && point(at - 1)[1] < top) at -= 1;
      if (!at) return [point(0)[0], top];
      const [[x, y], [there, beyond]] = [point(at - 1), point(at)];
      return [x + (there - x) * (y - top) / (y - beyond), top];
    }

    // A cross where half of the runs or more are lost.
    ends(plot) {
      const { ctx } = plot, size = 5 * devicePixelRatio;
      this.drawn.forEach((line, at) => {
        if (!line.lost || !line.x.length) return;
        const [x, y] = this.end(plot, line);
        ctx.save();
        ctx.strokeStyle = this.data.groups[this.visible[at]].color;
        ctx.lineWidth = 2.5 * devicePixelRatio;
        ctx.beginPath();
        ctx.moveTo(x - size, y - size); ctx.lineTo(x + size, y + size);
        ctx.moveTo(x - size, y + size); ctx.lineTo(x + size, y - size);
        ctx.stroke();
        ctx.restore();
      });
    }

    // Write the values at the cursor, or at the end of each line.
    tell() {
      this.legend.rows.forEach(({ value }) => { value.textContent = ""; });
      this.drawn.forEach((line, at) => {
        const index = this.place === null ? line.x.length - 1 : before(line.x, this.place);
        const output = this.legend.rows[this.visible[at]].value;
        if (index < 0) return;
        const lost = line.lost && this.place !== null && index === line.x.length - 1 && this.place > line.x[index];
        const spread = this.data.groups[this.visible[at]].runs > 1
          ? ` (${write(line.low[index])} to ${line.high[index] === null ? "∞" : write(line.high[index])})` : "";
        output.textContent = lost ? "lost" : write(line.median[index]) + spread;
      });
      const [data] = this.drawn;
      if (data && this.place !== null) this.status.textContent = `At ${write(this.place)} ${this.axis.label}`;
      else if (data && !this.status.textContent.startsWith("Not all")) this.status.textContent = "At the end of each line: the median and the quartiles.";
    }

    key(event) {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || !this.plot || event.target !== this.canvas) return;
      event.preventDefault();
      const places = this.plot.data[0];
      const now = this.place === null ? (step > 0 ? -1 : places.length) : before(places, this.place);
      const next = Math.max(0, Math.min(places.length - 1, now + step));
      this.plot.setCursor({ left: this.plot.valToPos(places[next], "x"), top: 10 });
      this.place = places[next];
      this.tell();
    }
  }

  // Tables: a click on a column's name sorts, once more turns around.
  const sortable = (table) => {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const button = element("button", { type: "button" }, ...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => {
        const up = cell.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", up ? "ascending" : "descending");
        const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
        const rows = [...body.rows].map((row, index) => [key(row), index, row]);
        const numeric = rows.every(([value]) => value === "" || value === "–" || !Number.isNaN(Number(value)));
        const rank = (value) => value === "" || value === "–" ? Infinity : Number(value);
        rows.sort(([a, i], [b, j]) => {
          const order = numeric ? rank(a) - rank(b) || 0 : a.localeCompare(b, "en", { numeric: true });
          return (up ? order : -order) || i - j;
        });
        body.append(...rows.map(([, , row]) => row));
      });
    });
  };

  const filterable = (table, box) => {
    const text = element("input", { type: "search", placeholder: "words to look for" });
    const statuses = [...new Set([...table.tBodies[0].rows].map((row) => row.dataset.status))].sort();
    const status = element("select", {}, element("option", { value: "" }, "all"),
      ...statuses.map((one) => element("option", {}, one)));
    const told = element("output", {});
    const apply = () => {
      const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of table.tBodies[0].rows) {
        const content = row.textContent.toLowerCase();
        row.hidden = hidden.has(row.dataset.optimizer) || (status.value && row.dataset.status !== status.value)
          || !words.every((word) => content.includes(word));
        shown += !row.hidden;
      }
      told.textContent = `${shown} of ${table.tBodies[0].rows.length} shown`;
    };
    box.append(element("label", {}, "filter ", text), element("label", {}, "status ", status), told);
    text.addEventListener("input", apply);
    status.addEventListener("change", apply);
    apply();
    return apply;
  };

  for (const table of document.querySelectorAll("table.sortable")) sortable(table);
  const filters = [...document.querySelectorAll("[data-filter]")].map(
    (box) => filterable(document.getElementById(box.dataset.filter), box));

  for (const holder of document.querySelectorAll("[data-chart]")) {
    charts.push(new Chart(holder, page.charts[holder.dataset.chart]));
    holder.closest("section").classList.add("with-chart");
  }

  const choice = document.getElementById("optimizers");
  if (choice) {
    choice.hidden = false;
    choice.addEventListener("change", (event) => {
      if (event.target.checked) hidden.delete(event.target.value); else hidden.add(event.target.value);
      for (const row of document.querySelectorAll("tr[data-optimizer]")) row.hidden = hidden.has(row.dataset.optimizer);
      for (const chart of charts) chart.draw();
      for (const apply of filters) apply();
    });
    for (const button of choice.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        for (const input of choice.querySelectorAll("input")) {
          if (input.checked !== (button.value === "all")) input.click();
        }
      });
    }
  }

  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { for (const chart of charts) chart.plot?.setSize({ width: chart.canvas.clientWidth, height: 340 }); }, 100);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { for (const chart of charts) chart.draw(); });
})();
