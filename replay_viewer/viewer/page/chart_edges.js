// The lower edge of a chart: pulled, or moved by the arrows up and down, it makes the chart higher or lower for everybody;
// a double click makes it as high as usual again.
(() => {
  const { element, send } = window.replayViewer;
  const LOWEST = 90; // [px]
  const HIGHEST = 800;
  const BY_KEY = 20;

  const within = (height) => Math.round(Math.min(Math.max(height, LOWEST), HIGHEST));

  function setHeight(chart, height) {
    chart.setSize({ width: chart.width, height: within(height) });
  }

  // `name` is what Python calls the chart; listeners end with `signal`.
  function add(chart, name, signal) {
    const node = element("div", "rv-edge", chart.over.parentNode, {
      role: "separator", tabindex: "0", "aria-orientation": "horizontal", "aria-label": "Height of this chart",
      title: "Pull to make the chart higher or lower; a double click makes it as high as usual",
    });
    const on = (kind, act) => node.addEventListener(kind, act, { signal });
    let pressed = null; // {y, height} where the button went down, and which height is pulled to.
    // Python's answer to something before may set the chart's height meanwhile: what was asked for last counts.
    function ask(height) {
      setHeight(chart, height);
      send("resize_chart", [name, within(height)]);
    }
    on("pointerdown", (event) => {
      if (event.button !== 0) return;
      node.setPointerCapture(event.pointerId);
      pressed = { y: event.clientY, height: chart.height, wanted: chart.height };
    });
    on("pointermove", (event) => {
      if (!pressed) return;
      pressed.wanted = pressed.height + event.clientY - pressed.y;
      setHeight(chart, pressed.wanted);
    });
    on("pointerup", () => {
      if (pressed && within(pressed.wanted) !== pressed.height) ask(pressed.wanted);
      pressed = null;
    });
    on("pointercancel", () => {
      if (pressed) setHeight(chart, pressed.height);
      pressed = null;
    });
    on("dblclick", () => send("restore_chart", name));
    on("keydown", ({ key }) => {
      const by = { ArrowUp: -BY_KEY, ArrowDown: BY_KEY }[key];
      if (by) ask(chart.height + by);
    });
    return node;
  }

  window.replayViewer.chartEdges = { add };
})();
