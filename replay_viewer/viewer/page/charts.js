// The time marker in the charts, and what of them the user has zoomed into.
(() => {
  const { state, element, addPart } = window.replayViewer;
  const chartZooms = {}; // By chart: the one that was seen last, what it shows of time when whole, and its zoom.

  // When a chart's axes change, viser makes it anew, without the part of it that the user has zoomed into.
  function keepZoom(uuid, chart) {
    const x = chart.scales.x;
    if (x.min == null) return;
    let seen = chartZooms[uuid];
    if (seen?.chart !== chart) {
      const [from, to] = seen?.zoom ?? [];
      seen = chartZooms[uuid] = { chart, min: x.min, max: x.max, zoom: null };
      if (from >= x.min && to <= x.max) {
        chart.setScale("x", { min: from, max: to });
        seen.zoom = [from, to]; // The chart has it a moment later; until then it may be made anew again.
        return;
      }
    }
    seen.zoom = x.min !== seen.min || x.max !== seen.max ? [x.min, x.max] : null;
  }

  function drawCharts(step) {
    for (const uuid of state.charts) {
      const chart = window.__viserTestpoints?.uplots?.[uuid]?.chart;
      if (!chart) continue;
      keepZoom(uuid, chart);
      const marker = chart.over.querySelector(".rv-marker") ?? element("div", "rv-marker", chart.over);
      const x = chart.valToPos(step * state.dt, "x");
      marker.style.transform = `translateX(${x}px)`;
      marker.style.display = x >= 0 && x <= chart.over.clientWidth ? "" : "none";
    }
  }

  addPart({ draw: drawCharts });
})();
