// The chart of an account. The page brings its first data with it; other stretches of time are fetched.
// Bars are drawn on uPlot's canvas by zone: measured full, estimated hatched, missing left empty with a dashed foot.
"use strict";

(() => {
  const box = document.getElementById("chart");
  if (!box) return;
  const byId = (id) => document.getElementById(id);
  const first = JSON.parse(byId("chart-data").textContent);
  const language = document.documentElement.lang;
  const hint = byId("chart-pointed").textContent;
  const BAR_SHARE = 0.78;
  const HEIGHT = 236;
  const PHONE = 480;
  const MARGIN = 0.6;
  const FEWEST = 6;
  let data = first;
  let plot = null;
  let wanted = null;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const height = (bar) => sum(bar.measured) + sum(bar.estimated);

  function hatch(context, tint, ratio) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = Math.round(6 * ratio);
    const pen = tile.getContext("2d");
    pen.strokeStyle = tint;
    pen.lineWidth = 2 * ratio;
    pen.beginPath();
    pen.moveTo(0, tile.height);
    pen.lineTo(tile.width, 0);
    pen.moveTo(-tile.width / 2, tile.height / 2);
    pen.lineTo(tile.width / 2, -tile.height / 2);
    pen.moveTo(tile.width / 2, tile.height * 1.5);
    pen.lineTo(tile.width * 1.5, tile.height / 2);
    pen.stroke();
    return context.createPattern(tile, "repeat");
  }

  function drawBar(u, bar, place, width, ratio) {
    const context = u.ctx;
    const middle = u.valToPos(place, "x", true);
    const left = middle - width / 2;
    if (bar.state === "missing") {
      const foot = u.valToPos(0, "y", true);
      context.setLineDash([3 * ratio, 3 * ratio]);
      context.strokeStyle = colour("edge");
      context.lineWidth = ratio;
      context.strokeRect(left, foot - 10 * ratio, width, 10 * ratio);
      context.setLineDash([]);
      return;
    }
    let base = 0;
    data.zones.forEach((zone, number) => {
      const tint = colour(zone.zone === "half_peak" ? "half-peak" : zone.zone);
      for (const [wh, isEstimated] of [[bar.measured[number], false], [bar.estimated[number], true]]) {
        if (!wh) continue;
        const low = u.valToPos(base / 1000, "y", true);
        base += wh;
        const high = u.valToPos(base / 1000, "y", true);
        context.fillStyle = isEstimated ? hatch(context, tint, ratio) : tint;
        context.fillRect(left, high, width, low - high);
        if (isEstimated) {
          context.strokeStyle = tint;
          context.lineWidth = ratio;
          context.strokeRect(left, high, width, low - high);
        }
      }
    });
  }

  function drawEarlier(u, ratio) {
    const context = u.ctx;
    context.strokeStyle = colour("ink");
    context.lineWidth = 1.5 * ratio;
    context.beginPath();
    let isBroken = true;
    data.bars.forEach((bar, place) => {
      if (bar.earlier === null) {
        isBroken = true;
        return;
      }
      const at = u.valToPos(bar.earlier / 1000, "y", true);
      const from = u.valToPos(place - 0.5, "x", true);
      const to = u.valToPos(place + 0.5, "x", true);
      if (isBroken) context.moveTo(from, at);
      else context.lineTo(from, at);
      context.lineTo(to, at);
      isBroken = false;
    });
    context.stroke();
  }

  function drawAll(u) {
    const ratio = devicePixelRatio;
    const slot = Math.abs(u.valToPos(1, "x", true) - u.valToPos(0, "x", true));
    const width = Math.max(ratio, Math.round(slot * BAR_SHARE));
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    u.ctx.clip();
    data.bars.forEach((bar, place) => drawBar(u, bar, place, width, ratio));
    if (data.hasEarlier) drawEarlier(u, ratio);
    u.ctx.restore();
  }

  function labelled(u) {
    // As many labels as fit, at even steps: every three or six hours of a day, every fifth day of a month.
    const shown = u.scales.x.max - u.scales.x.min;
    const steps = data.view === "day" ? [1, 2, 4, 6, 12] : [1, 2, 5, 10];
    const fits = u.width / (data.view === "day" ? 56 : 36);
    const step = steps.find((one) => shown / one <= fits) || steps[steps.length - 1];
    const offset = data.view === "days" && step > 1 ? step - 1 : 0;
    return data.bars.map((_bar, place) => place).filter((place) => place % step === offset);
  }

  function draw() {
    if (plot) plot.destroy();
    box.replaceChildren();
    box.classList.toggle("empty", !data.isKnown);
    byId("chart-pointed").hidden = !data.isKnown;
    if (!data.isKnown) {
      const said = document.createElement("p");
      said.className = "quiet";
      said.textContent = data.summary;
      box.append(said);
      plot = null;
      return;
    }
    const places = data.bars.map((_bar, place) => place);
    const last = places.length - 1;
    // Few bars stay slender; the margin keeps the first and the last bar whole.
    const whole = [-MARGIN, Math.max(last, FEWEST - 1) + MARGIN];
    const isZoomed = (low, high) => last > 0 && low < high && (low > 0 || high < last);
    const heights = data.bars.map((bar) => (bar.state === "missing" ? null : height(bar) / 1000));
    const earlier = data.bars.map((bar) => (bar.earlier === null ? null : bar.earlier / 1000));
    const axis = { stroke: colour("quiet"), font: `12px ${getComputedStyle(document.body).fontFamily}` };
    plot = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        padding: [10, 4, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: true } },
        scales: {
          x: { time: false, range: (_u, low, high) => (isZoomed(low, high) ? [low, high] : whole) },
          y: { range: (_u, _low, high) => [0, high > 0 ? high * 1.05 : 1] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            ticks: { show: false },
            size: 28,
            splits: labelled,
            values: (_u, splits) => splits.map((place) => data.bars[place].label),
          },
          {
            ...axis,
            grid: { stroke: colour("line"), width: 1 },
            ticks: { show: false },
            size: box.clientWidth < PHONE ? 40 : 48,
            values: (_u, splits) => splits.map((value) => value.toLocaleString(language)),
          },
        ],
        series: [{}, { paths: () => null, points: { show: false } }, { paths: () => null, points: { show: false } }],
        hooks: { draw: [drawAll], setCursor: [point] },
      },
      [places, heights, earlier],
      box,
    );
  }

  function point(u) {
    const place = u.cursor.idx;
    byId("chart-pointed").textContent = place === null || place === undefined ? hint : data.bars[place].says;
  }

  function link(id, url) {
    const element = byId(id);
    if (!element) return;
    if (url) {
      element.href = `${url}#profile`;
      element.removeAttribute("aria-disabled");
    } else {
      element.removeAttribute("href");
      element.setAttribute("aria-disabled", "true");
    }
  }

  function keys() {
    const list = byId("chart-keys");
    for (const old of list.querySelectorAll("[data-zone]")) old.closest("li").remove();
    const made = data.zones.map((zone) => {
      const item = document.createElement("li");
      const dot = document.createElement("i");
      dot.className = `dot ${zone.zone}`;
      const figure = document.createElement("span");
      figure.className = "num";
      const total = document.createElement("span");
      total.dataset.zone = zone.zone;
      total.textContent = zone.total;
      figure.append(total, ` ${box.dataset.unit}`);
      item.append(dot, `${zone.name} `, figure);
      return item;
    });
    list.prepend(...made);
    byId("chart-key-earlier").hidden = !data.hasEarlier;
    byId("chart-key-estimates").hidden = !data.hasEstimates;
    byId("chart-key-gaps").hidden = !data.hasGaps;
  }

  function paragraphs(box, texts) {
    box.replaceChildren(
      ...texts.map((text) => {
        const paragraph = document.createElement("p");
        paragraph.textContent = text;
        return paragraph;
      }),
    );
  }

  function show(fresh) {
    data = fresh;
    byId("chart-title").textContent = data.title;
    byId("chart-summary").textContent = data.summary;
    byId("chart-pointed").textContent = hint;
    byId("chart-table").href = data.table;
    box.setAttribute("aria-label", data.summary);
    paragraphs(byId("chart-notes"), data.notes);
    link("chart-earlier", data.earlierUrl);
    link("chart-later", data.laterUrl);
    const views = byId("chart-views");
    if (views) {
      [...views.children].forEach((offer, place) => {
        const view = Object.keys(data.views)[place];
        offer.href = `${data.views[view]}#profile`;
        if (view === data.view) offer.setAttribute("aria-current", "true");
        else offer.removeAttribute("aria-current");
      });
    }
    keys();
    draw();
  }

  async function load(query, isNew) {
    const asked = (wanted = {});
    box.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${box.dataset.url}${query}`, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const fresh = await answer.json();
      // The answer to an earlier click may come after that to a later one.
      if (asked !== wanted) return;
      show(fresh);
      if (isNew) history.pushState({ query }, "", fresh.here);
    } catch {
      if (asked === wanted) paragraphs(byId("chart-notes"), [box.dataset.failed]);
    } finally {
      if (asked === wanted) box.removeAttribute("aria-busy");
    }
  }

  byId("profile").addEventListener("click", (event) => {
    const chosen = event.target.closest(".chart-bar a[href]");
    if (!chosen || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    load(new URL(chosen.href).search, true);
  });
  addEventListener("popstate", () => load(location.search, false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = box.clientWidth;
  addEventListener("resize", () => {
    if (plot && box.clientWidth !== width) {
      width = box.clientWidth;
      plot.setSize({ width, height: HEIGHT });
    }
  });
  // The letters of the axes are ours once they have come.
  document.fonts.ready.then(draw);
  draw();
})();
