// What moves in the charts and what the mouse does there: the time marker, values under the pointer, click to seek, drag
// to select A-B, wheel to zoom. viser draws the curves; what its charts show of time and of values is decided here, so
// that another episode is new data for a chart and not a new chart.
(() => {
  const { state, element, colour, send, bands, chartEdges, addPart } = window.replayViewer;
  const viser = window.rvViser;
  const MAX_ROWS = 12;
  const GAP = 24; // [px] from a chart to the values beside it: the panel's edge is in between.
  const DRAG = 5; // [px] before a press is no click any more.
  // By the chart's id: { chart, zoom, band, marker, edge, ends, told, isSeen, place, wanted }: what Python has told last,
  // whether the panel is scrolled so that it is seen, where the marker is, and `wanted` while A-B is drawn.
  const views = {};
  const tip = element("div", "", document.body, { id: "rv-reading" });
  let hovered = null;

  const plots = () => state.plots ?? {};

  // -- what is shown ------------------------------------------------------------

  // The whole, or what of it the user has zoomed into; another episode's zoom is none.
  function shownTime(id) {
    const [from, to] = plots()[id]?.x ?? [0, 1];
    const zoom = views[id]?.zoom;
    if (zoom && (zoom[0] < from - 1e-9 || zoom[1] > to + 1e-9)) views[id].zoom = null;
    return views[id]?.zoom ?? [from, to];
  }

  // With as many decimals as the steps of the axis have.
  function label(value, increment, exponent) {
    const unit = 10 ** exponent;
    const isWhole = (number) => Math.abs(number - Math.round(number)) < 1e-6;
    let digits = 0;
    while (digits < 6 && !isWhole((increment / unit) * 10 ** digits)) digits += 1;
    return (value / unit).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }

  function install(id, chart) {
    if (views[id]) leave(views[id]);
    const view = views[id] = { zoom: views[id]?.zoom, chart, ends: new AbortController(), told: told(id), isSeen: true };
    chart.scales.x.range = () => shownTime(id);
    chart.scales.y.range = () => plots()[id]?.y ?? [-1, 1];
    chart.axes[1].values = (u, splits, axis, space, increment) =>
      splits.map((value) => label(value, increment, plots()[id]?.exponent ?? 0));
    (chart.hooks.draw ??= []).push(() => { if (!view.ends.signal.aborted) drawLimits(id, chart); });
    chart.over.classList.add("rv-chart");
    view.marker = element("div", "rv-marker", chart.over);
    view.band = bands.add(
      chart.over,
      (step) => chart.valToPos(step * state.dt, "x") / widthOf(chart),
      (clientX) => stepAt(chart, clientX),
      () => widthOf(chart),
    );
    view.edge = chartEdges.add(chart, plots()[id].name, view.ends.signal);
    listen(id, chart);
    watched.observe(chart.root);
    show(id);
  }

  // Of what is plotted [px], without asking the page, which would have to lay itself out for that.
  function widthOf(chart) {
    return chart.bbox.width / window.devicePixelRatio;
  }

  // What is out of sight is not moved.
  const watched = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const view = Object.values(views).find(({ chart }) => chart.root === target);
      if (!view) continue;
      view.isSeen = isIntersecting;
      view.marker.hidden = !isIntersecting;
    }
  });

  function show(id) {
    const [min, max] = shownTime(id);
    viser.chart(id)?.setScale("x", { min, max });
  }

  // Of the joints' limits, in the colour of their curves; those of all curves in that of text.
  function drawLimits(id, chart) {
    const { limits, lines } = plots()[id] ?? {};
    const pen = chart.ctx;
    const { left, width, top, height } = chart.bbox;
    pen.save();
    pen.setLineDash([2, 4].map((length) => length * window.devicePixelRatio));
    pen.lineWidth = window.devicePixelRatio;
    for (const [line, value] of limits ?? []) {
      const y = Math.round(chart.valToPos(value, "y", true));
      if (y < top || y > top + height) continue;
      pen.strokeStyle = lines[line]?.color ?? colour("text");
      pen.beginPath();
      pen.moveTo(left, y);
      pen.lineTo(left + width, y);
      pen.stroke();
    }
    pen.restore();
  }

  function draw(at) {
    for (const id of Object.keys(plots())) {
      const chart = viser.chart(id);
      if (!chart) continue;
      if (views[id]?.chart !== chart) install(id, chart);
      if (views[id].isSeen) drawMoving(id, chart, at);
    }
    if (hovered) read();
  }

  function drawMoving(id, chart, at) {
    const view = views[id];
    const [from, to] = shownTime(id);
    if (chart.scales.x.min !== from || chart.scales.x.max !== to) show(id);
    // On whole pixels of the screen: of a long episode many frames leave it where it is.
    const pixels = window.devicePixelRatio;
    const x = Math.round(chart.valToPos(at * state.dt, "x") * pixels) / pixels;
    const place = x >= 0 && x <= widthOf(chart) ? `translateX(${x}px)` : "";
    if (place !== view.place) {
      view.marker.style.display = place ? "" : "none";
      view.marker.style.transform = place;
      view.place = place;
    }
    bands.draw(view.band, view.wanted);
  }

  const told = (id) => JSON.stringify(plots()[id]);

  // Only charts of which there is news are drawn anew.
  function update(changes) {
    if (!("plots" in changes)) return;
    for (const [id, view] of Object.entries(views)) {
      if (!(id in plots())) forget(id);
      else if (view.told !== told(id)) {
        view.told = told(id);
        show(id);
      }
    }
  }

  function forget(id) {
    leave(views[id]);
    delete views[id];
  }

  // The chart may outlive this script, or what is told of it.
  function leave(view) {
    view.ends.abort();
    view.band.node.remove();
    view.marker.remove();
    view.edge.remove();
    watched.unobserve(view.chart.root);
  }

  // -- values under the pointer -------------------------------------------------

  function stepAt(chart, clientX) {
    const box = chart.over.getBoundingClientRect();
    const x = Math.min(Math.max(clientX - box.left, 0), box.width);
    const last = Math.max(state.numSteps - 1, 0);
    return Math.min(Math.max(Math.round(chart.posToVal(x, "x") / state.dt), 0), last);
  }

  function number(value, nothing = "NaN") {
    if (value == null || Number.isNaN(value)) return nothing;
    const size = Math.abs(value);
    if (size && (size < 1e-3 || size >= 1e5)) return value.toExponential(2).replace("e+", "e");
    return String(Number(value.toPrecision(4)));
  }

  // Of the curves' points the nearest one: where there are more steps than pixels, the largest value around it.
  function rowsAt(id, chart, index) {
    const { lines, spreads, nothing } = plots()[id];
    const rows = lines.map(({ name, factor }, i) => {
      const value = chart.data[i + 1]?.[index] / factor;
      return { name, color: chart.series[i + 1]?.stroke(chart), value, told: number(value, nothing) };
    });
    for (const [i, line] of spreads.entries()) {
      const at = 1 + Math.max(lines.length, 1) + 3 * i;
      const [mean, low] = [chart.data[at]?.[index], chart.data[at + 1]?.[index]].map((v) => v / lines[line].factor);
      if (rows[line]) rows[line].usual = `${number(mean)} \u00b1 ${number(Math.abs(mean - low))}`;
    }
    return rows.sort((a, b) => (Math.abs(b.value) || 0) - (Math.abs(a.value) || 0));
  }

  function read() {
    const { id, clientX } = hovered;
    const chart = viser.chart(id);
    if (!chart?.over.isConnected || !plots()[id] || !chart.data[0].length) return unread();
    const index = chart.valToIdx(stepAt(chart, clientX) * state.dt);
    const time = chart.data[0][index];
    const key = `${id} ${index} ${clientX} ${chart.data[0].length} ${chart.data[1]?.[index]}`;
    if (key === hovered.key) return;
    hovered.key = key;
    const rows = rowsAt(id, chart, index);
    tip.replaceChildren();
    element("b", "", tip).textContent = `${time.toFixed(2)} s, step ${Math.round(time / state.dt)}`;
    for (const row of rows.slice(0, MAX_ROWS)) addRow(row);
    if (rows.length > MAX_ROWS) element("em", "", tip).textContent = `and ${rows.length - MAX_ROWS} smaller ones`;
    placeTip(viser.boxOf(chart).getBoundingClientRect(), clientX);
  }

  function addRow({ name, color, told, usual }) {
    const row = element("div", "", tip);
    element("i", "", row).style.background = color;
    element("span", "", row).textContent = name;
    element("strong", "", row).textContent = told;
    if (usual) element("em", "", row).textContent = `mean ${usual}`;
  }

  // Beside the panel, where it hides no curve; where there is no room, above or below the chart.
  function placeTip(chart, clientX) {
    tip.classList.add("rv-open");
    const { offsetWidth: width, offsetHeight: height } = tip;
    const isBeside = chart.left - GAP - width > 8;
    const left = isBeside ? chart.left - GAP - width : clientX - width / 2;
    const above = chart.top - height - 8;
    const top = isBeside ? chart.top + chart.height / 2 - height / 2 : above > 8 ? above : chart.bottom + 8;
    tip.style.left = `${Math.min(Math.max(left, 8), Math.max(window.innerWidth - width - 8, 8))}px`;
    tip.style.top = `${Math.min(Math.max(top, 8), Math.max(window.innerHeight - height - 8, 8))}px`;
  }

  function unread() {
    hovered = null;
    tip.classList.remove("rv-open");
  }

  // -- CSV ----------------------------------------------------------------------

  // What this browser sees of a chart, from the first step to the last.
  function save(event) {
    const name = event.target.closest?.("[data-save]")?.dataset.save;
    const id = Object.keys(plots()).find((id) => plots()[id].name === name);
    if (!id) return;
    const [from, to] = shownTime(id).map((time) => time / state.dt);
    send("save_chart", [name, Math.ceil(from - 1e-6), Math.floor(to + 1e-6)]);
  }
  document.addEventListener("click", save);

  // -- the mouse ----------------------------------------------------------------

  function listen(id, chart) {
    const { signal } = views[id].ends;
    const on = (kind, act, options = {}) => chart.over.addEventListener(kind, act, { ...options, signal });
    let pressed = null; // {x, step} where the button went down.
    on("pointerdown", (event) => {
      if (event.button !== 0) return;
      chart.over.setPointerCapture(event.pointerId);
      pressed = { x: event.clientX, step: stepAt(chart, event.clientX) };
      hovered = { id, clientX: event.clientX };
    });
    on("pointermove", (event) => {
      hovered = { id, clientX: event.clientX };
      const isDrag = pressed && (views[id].wanted || Math.abs(event.clientX - pressed.x) > DRAG);
      if (isDrag) views[id].wanted = [pressed.step, stepAt(chart, event.clientX)];
    });
    on("pointerup", () => {
      if (!pressed) return;
      const { wanted } = views[id];
      if (wanted) {
        send("select_steps", wanted);
        state.selection = [...wanted].sort((a, b) => a - b); // Until Python has said so.
      } else send("seek", pressed.step);
      pressed = views[id].wanted = null;
    });
    on("pointercancel", () => { pressed = views[id].wanted = null; unread(); });
    on("pointerleave", () => { if (!pressed) unread(); });
    on("wheel", (event) => turn(event, id, chart), { passive: false });
    on("dblclick", () => { views[id].zoom = null; show(id); });
  }

  // The wheel zooms around the pointer; sideways, or with Shift, it moves along. What is whole already scrolls the panel.
  function turn(event, id, chart) {
    const [whole, end] = plots()[id].x;
    const [from, to] = shownTime(id);
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    const zooms = !event.shiftKey && Math.abs(event.deltaY) >= Math.abs(event.deltaX);
    if (!views[id].zoom && (!zooms || event.deltaY > 0)) return;
    event.preventDefault();
    event.stopPropagation();
    const box = chart.over.getBoundingClientRect();
    const factor = zooms ? Math.exp(Math.min(Math.max(event.deltaY, -120), 120) * 0.003) : 1;
    const at = from + ((event.clientX - box.left) / box.width) * (to - from);
    const width = Math.max((to - from) * factor, Math.min(4 * state.dt, end - whole));
    if (width >= end - whole) views[id].zoom = null;
    else {
      const shift = zooms ? 0 : (sideways / box.width) * width;
      const left = Math.min(Math.max(at - ((at - from) / (to - from)) * width + shift, whole), end - width);
      views[id].zoom = [left, left + width];
    }
    show(id);
  }

  function close() {
    for (const id of Object.keys(views)) forget(id);
    watched.disconnect();
    document.removeEventListener("click", save);
    tip.remove();
  }

  window.replayViewer.shownTime = shownTime;
  addPart({ draw, update, close });
})();
