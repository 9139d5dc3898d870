// The values at the playhead beside the names of curves, from the points that the charts have. Where a chart has fewer points
// than there are steps, a point is the value farthest from zero of some steps, which a sign says. A mark says which curves
// are beyond their limits.
(() => {
  const { state, addPart } = window.replayViewer;
  const viser = window.rvViser;
  const LIMIT = 100.001; // [%], beyond what rounding does.
  const EVERY = 100; // Milliseconds: nobody reads faster.
  const legends = document.getElementsByClassName("rv-curves"); // Those of the moment; viser writes them anew now and then.
  let ids = {}; // Of charts, by what Python calls them.
  let told = 0;

  function text(value, { form, nothing, isSigned }) {
    if (value == null || Number.isNaN(value)) return nothing;
    if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
    const [, digits, kind] = form.match(/\.(\d+)([ef])/);
    const plain = kind === "f" ? value.toFixed(digits) : value.toExponential(digits).replace(/([+-])(\d)$/, "$10$2");
    if (!Number(plain)) return plain.replace("-", "");
    return isSigned && value > 0 ? `+${plain}` : plain;
  }

  // The number of a chart's point at a step, and whether it stands for several steps; nothing outside of what there is.
  function pointAt(chart, plot, step) {
    const times = chart.data[0];
    const stride = times.length > 1 ? Math.round((times[1] - times[0]) / state.dt) : 1;
    const index = Math.floor((step - Math.round(times[0] / state.dt)) / stride);
    const isThere = times.length > 0 && index >= 0 && step * state.dt <= plot.x[1] + 1e-6;
    return isThere ? { index: Math.min(index, times.length - 1), isAbout: stride > 1 } : null;
  }

  function fill(node, step) {
    const id = ids[node.dataset.of];
    const chart = viser.chart(id);
    const plot = state.plots[id];
    if (!chart || !plot) return;
    const line = plot.lines.findIndex(({ curve }) => curve === Number(node.dataset.curve));
    const point = line < 0 ? null : pointAt(chart, plot, step);
    const value = point && chart.data[line + 1]?.[point.index];
    const now = point ? `${point.isAbout ? "\u2248" : ""}${text(value == null ? value : value / plot.lines[line].factor, plot)}` : "";
    const width = `${plot.room + 1}ch`;
    if (node.style.width !== width) node.style.width = width;
    if (node.said === now) return;
    node.said = now;
    node.textContent = now;
  }

  // Of a curve that is drawn as a share of its limits: whether it is beyond them anywhere in what is seen.
  function isBeyond(chart, line, [from, to]) {
    const [times, values] = [chart.data[0], chart.data[line + 1]];
    return times.some((time, i) => time >= from - 1e-6 && time <= to + 1e-6 && Math.abs(values[i]) > LIMIT);
  }

  function mark(node) {
    const id = ids[node.dataset.of];
    const chart = viser.chart(id);
    const line = state.plots[id]?.lines.findIndex(({ curve }) => curve === Number(node.dataset.curve)) ?? -1;
    if (!chart || line < 0) {
      node.hidden = true;
      return;
    }
    const span = window.replayViewer.shownTime(id);
    if (node.of === chart.data && node.span === String(span)) return;
    Object.assign(node, { of: chart.data, span: String(span), hidden: !isBeyond(chart, line, span) });
  }

  // What is out of sight is not written.
  const watched = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) target.isSeen = isIntersecting;
  });

  function take(legend) {
    legend.isSeen = true;
    legend.numbers = legend.querySelectorAll(".rv-now");
    legend.marks = legend.querySelectorAll(".rv-beyond");
    watched.observe(legend);
  }

  function draw(at) {
    const now = performance.now();
    if (now - told < EVERY) return;
    told = now;
    const step = Math.floor(at + 1e-6);
    for (const legend of legends) {
      if (legend.isSeen === undefined) take(legend);
      if (!legend.isSeen) continue;
      for (const node of legend.numbers) fill(node, step);
      for (const node of legend.marks) mark(node);
    }
  }

  function update(changes) {
    if ("plots" in changes) ids = Object.fromEntries(Object.entries(state.plots).map(([id, { name }]) => [name, id]));
  }

  addPart({ draw, update, close: () => watched.disconnect() });
})();
