// The voltage of a meter: a line for each phase, the limits as a band, what its journal tells as bars behind,
// and days on which nothing was heard hatched. Other days are fetched by htmx, which puts a new card in its place.
"use strict";

(() => {
  const HEIGHT = 236;
  const PHONE = 480;
  const POINTS_UP_TO = 120;
  const AROUND_MV = 4000;
  const DASHES = [[], [8, 4], [2, 3]];
  const language = document.documentElement.lang;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const drawn = new Map();

  function bars(u, data, ratio) {
    const context = u.ctx;
    const { left, top, width, height } = u.bbox;
    const across = (from, to, least) => {
      const start = u.valToPos(from, "x", true);
      return [start, Math.max(least * ratio, u.valToPos(to, "x", true) - start)];
    };
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    context.strokeStyle = colour("line");
    context.lineWidth = ratio;
    for (const [from, to] of data.empty) {
      const [start, wide] = across(from, to, 1);
      context.save();
      context.beginPath();
      context.rect(start, top, wide, height);
      context.clip();
      context.beginPath();
      for (let at = start - height; at < start + wide; at += 9 * ratio) {
        context.moveTo(at, top + height);
        context.lineTo(at + height, top);
      }
      context.stroke();
      context.restore();
    }
    context.globalAlpha = 0.12;
    context.fillStyle = colour("good");
    const high = u.valToPos(data.high / 1000, "y", true);
    const low = u.valToPos(data.low / 1000, "y", true);
    context.fillRect(left, high, width, low - high);
    context.globalAlpha = 0.3;
    for (const one of data.disturbances) {
      context.fillStyle = colour(one.isOutage ? "bad" : "warn");
      const [start, wide] = across(one.from, one.to, 3);
      context.fillRect(start, top, wide, height);
    }
    context.globalAlpha = 1;
    context.strokeStyle = colour("warn");
    context.setLineDash([4 * ratio, 4 * ratio]);
    context.beginPath();
    for (const at of [high, low]) {
      context.moveTo(left, at);
      context.lineTo(left + width, at);
    }
    context.stroke();
    context.restore();
  }

  function beyond(u, data, ratio) {
    const context = u.ctx;
    context.save();
    context.beginPath();
    context.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    context.clip();
    context.strokeStyle = colour("bad");
    context.lineWidth = 2 * ratio;
    for (const phase of data.phases) {
      phase.forEach((mv, place) => {
        if (mv === null || (mv >= data.low && mv <= data.high)) return;
        context.beginPath();
        const [x, y] = [u.valToPos(data.times[place], "x", true), u.valToPos(mv / 1000, "y", true)];
        context.arc(x, y, 4 * ratio, 0, 2 * Math.PI);
        context.stroke();
      });
    }
    context.restore();
  }

  function says(data, place, at) {
    const around = data.disturbances.find((one) => at >= one.from - 1 && at <= one.to + 1);
    if (place === null || place === undefined || data.phases.every((phase) => phase[place] === null)) {
      return around ? around.says : "";
    }
    const when = new Intl.DateTimeFormat(language, {
      timeZone: data.zone,
      hour: "2-digit",
      minute: "2-digit",
      hour12: false,
      ...(data.isDay ? {} : { day: "2-digit", month: "short" }),
    }).format(data.times[place] * 1000);
    const volts = data.names
      .map((name, phase) => [name, data.phases[phase][place]])
      .filter(([, mv]) => mv !== null)
      .map(([name, mv]) => `${name} ${(mv / 1000).toLocaleString(language, { maximumFractionDigits: 1 })} ${data.unit}`);
    return [`${when}: ${volts.join(", ")}`, around ? around.says : ""].filter(Boolean).join(" · ");
  }

  function labelled(u, ticks) {
    // As many labels as fit between those that are seen.
    const seen = ticks.filter(([at]) => at >= u.scales.x.min && at <= u.scales.x.max);
    const step = Math.ceil(seen.length / Math.max(1, u.width / 64));
    return seen.filter((_one, place) => place % step === 0).map(([at]) => at);
  }

  function draw(box) {
    const data = JSON.parse(box.dataset.voltage);
    const pointed = box.nextElementSibling;
    drawn.get(box)?.destroy();
    box.replaceChildren();
    pointed.textContent = pointed.dataset.hint;
    const heard = data.phases.flat().filter((mv) => mv !== null);
    const lowest = (Math.min(data.low, ...heard) - AROUND_MV) / 1000;
    const highest = (Math.max(data.high, ...heard) + AROUND_MV) / 1000;
    const axis = { stroke: colour("quiet"), font: `12px ${getComputedStyle(document.body).fontFamily}` };
    const names = new Map(data.ticks);
    // Without a sample uPlot draws nothing at all, and what the journal tells is still to be seen.
    const times = data.times.length ? data.times : [data.from, data.to];
    const phases = data.phases.length ? data.phases : [times.map(() => null)];
    const isZoomed = (low, high) => low < high && (low > data.from || high < data.to);
    const plot = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        padding: [10, 24, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: true } },
        scales: {
          x: { time: false, range: (u, low, high) => (u.isDragged && isZoomed(low, high) ? [low, high] : [data.from, data.to]) },
          y: { range: () => [lowest, highest] },
        },
        axes: [
          {
            ...axis,
            grid: { stroke: colour("line"), width: 1 },
            ticks: { show: false },
            size: 28,
            splits: (u) => labelled(u, data.ticks),
            values: (_u, splits) => splits.map((at) => names.get(at)),
          },
          {
            ...axis,
            grid: { stroke: colour("line"), width: 1 },
            ticks: { show: false },
            size: box.clientWidth < PHONE ? 40 : 48,
            values: (_u, splits) => splits.map((value) => value.toLocaleString(language)),
          },
        ],
        series: [
          {},
          ...phases.map((_phase, place) => ({
            stroke: colour(`phase-${place + 1}`),
            width: 2,
            dash: DASHES[place],
            points: { show: times.length <= POINTS_UP_TO, size: 5 },
          })),
        ],
        hooks: {
          drawAxes: [(u) => bars(u, data, devicePixelRatio)],
          draw: [(u) => beyond(u, data, devicePixelRatio)],
          setSelect: [(u) => (u.isDragged = u.select.width > 0)],
          setCursor: [
            (u) => {
              const at = u.cursor.left < 0 ? null : u.posToVal(u.cursor.left, "x");
              pointed.textContent = (at !== null && says(data, u.cursor.idx, at)) || pointed.dataset.hint;
            },
          ],
        },
      },
      [times, ...phases.map((phase) => phase.map((mv) => (mv === null ? null : mv / 1000)))],
      box,
    );
    plot.over.addEventListener("dblclick", () => (plot.isDragged = false), true);
    drawn.set(box, plot);
  }

  function drawAll() {
    for (const [box, plot] of drawn) {
      if (!box.isConnected) {
        plot.destroy();
        drawn.delete(box);
      }
    }
    for (const box of document.querySelectorAll("[data-voltage]")) draw(box);
  }

  function drawNew(event) {
    if (event.detail.target?.id === "voltage" || event.target.id === "voltage") drawAll();
  }

  document.addEventListener("htmx:afterSettle", drawNew);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  let width = window.innerWidth;
  addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    for (const [box, plot] of drawn) plot.setSize({ width: box.clientWidth, height: HEIGHT });
  });
  document.fonts.ready.then(drawAll);
  drawAll();
})();
