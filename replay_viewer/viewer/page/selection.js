// The steps from A to B that are repeated: a band on the timeline, and on every chart (charts.js), with ends to pull.
(() => {
  const { state, element, send, addPart } = window.replayViewer;
  const NARROW = 110; // [px]: a band that has no room for its label.

  // A band in `parent`, over which time runs from left to right. `place(step)` gives a step's share of the width,
  // `stepAt(clientX)` the step at a place of the page, and `width()` the width of the parent [px].
  function addBand(parent, place, stepAt, width = () => parent.clientWidth) {
    const node = element("div", "rv-band", parent);
    const label = element("span", "rv-band-label", node);
    const clear = element("button", "", label, { type: "button", title: "Clear A-B (Escape)", "aria-label": "Clear A-B" });
    const text = element("span", "", null);
    label.prepend(text);
    clear.textContent = "\u00d7";
    const band = { node, text, place, width, held: null, drawn: "" };
    for (const [index, name] of ["A", "B"].entries()) pull(band, index, name, stepAt);
    keepTo(label, "pointerdown", "click", "pointermove");
    clear.addEventListener("click", () => send("clear_selection"));
    return band;
  }

  function keepTo(node, ...kinds) {
    for (const kind of kinds) node.addEventListener(kind, (event) => event.stopPropagation());
  }

  function pull(band, index, name, stepAt) {
    const handle = element("i", `rv-pull rv-pull-${name}`, band.node, { title: `${name}: pull to move it` });
    keepTo(handle, "click", "pointermove");
    handle.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      if (event.button !== 0 || !state.selection) return;
      handle.setPointerCapture(event.pointerId);
      band.held = [...state.selection];
    });
    handle.addEventListener("pointermove", (event) => { if (band.held) band.held[index] = stepAt(event.clientX); });
    const release = () => {
      if (band.held) send("select_steps", band.held);
      if (band.held) state.selection = [...band.held].sort((a, b) => a - b); // Until Python has said so.
      band.held = null;
    };
    handle.addEventListener("pointerup", release);
    handle.addEventListener("pointercancel", () => { band.held = null; });
  }

  // From the left edge of A's step to the right edge of B's, cut to what is shown.
  function drawBand(band, wanted = null) {
    const steps = band.held ?? wanted ?? state.selection;
    if (!steps && !band.drawn) return; // To ask for a width may have the page lay itself out.
    const [a, b] = steps ? [Math.min(...steps), Math.max(...steps)] : [0, 0];
    const [left, right] = steps ? [band.place(a), band.place(b)].map((share) => Math.min(Math.max(share, 0), 1)) : [0, 0];
    const isLooped = state.loop === "selection" || Boolean(wanted) || Boolean(band.held);
    const isNarrow = (right - left) * band.width() < NARROW;
    const key = steps ? `${left} ${right} ${a} ${b} ${isLooped} ${isNarrow}` : "";
    if (key === band.drawn) return;
    band.drawn = key;
    band.node.classList.toggle("rv-open", right > left || (a === b && left > 0 && left < 1));
    band.node.classList.toggle("rv-idle", !isLooped);
    band.node.classList.toggle("rv-narrow", isNarrow);
    band.node.style.left = `${100 * left}%`;
    band.node.style.width = `${100 * (right - left)}%`;
    band.text.textContent = `A\u2013B ${((b - a + 1) * state.dt).toFixed(2)} s`;
  }

  const { timeline } = window.replayViewer;
  const onTrack = addBand(timeline.track, timeline.fraction, timeline.stepAt);

  function clearOnEscape(event) {
    // What is open is closed first.
    const isElsewhere = document.querySelector("dialog[open]") || event.target.closest?.("input, textarea, select");
    if (event.key === "Escape" && state.selection && !isElsewhere) send("clear_selection");
  }
  document.addEventListener("keydown", clearOnEscape);

  window.replayViewer.bands = { add: addBand, draw: drawBand };
  addPart({ draw: () => drawBand(onTrack), close: () => document.removeEventListener("keydown", clearOnEscape) });
})();
