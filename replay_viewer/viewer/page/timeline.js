// The timeline at the bottom of the page: the bar and its track. The playhead always shows the step of the drawn robot.
(() => {
  const { state, element, send, timelineMarks, addPart } = window.replayViewer;

  let dragging = null; // The step under the pointer while the user holds the timeline.
  let released = null; // After that, until the server has moved there: {step, until}.
  let heldSteps = null; // Length of the timeline when the user took hold of it: it must not move in the hand.
  let zoomed = false;
  let drawn = ""; // How it looked when it was drawn last, and at which step.
  let drawnAt = null;
  let trackWidth = 0; // [px], asked for once a picture.

  const bar = element("div", "", document.body, { id: "rv-bar" });
  const track = element("div", "rv-track", bar, { role: "slider", "aria-label": "Timeline", tabindex: "0" });
  const canvas = element("canvas", "", track);
  const playhead = element("div", "rv-playhead", track);
  const tip = element("div", "rv-tip", track);

  function update(changes) {
    if ("newEpisodes" in changes) addEpisodes(changes.newEpisodes);
    drawn = "";
  }

  // In the place of those from `from` on; the last one that was listed may have ended or become longer.
  function addEpisodes({ from, ...lists }) {
    for (const [name, values] of Object.entries(lists)) {
      state.episodes[name].length = from;
      state.episodes[name].push(...values);
    }
  }

  // Whether a recording is shown as it is written.
  function isFollowed() {
    return ["writing", "paused"].includes(state.tail?.state);
  }

  // -- time -------------------------------------------------------------------

  const shownPosition = window.replayViewer.position;
  function position() {
    if (dragging !== null) return dragging;
    const at = shownPosition();
    if (released && (Math.abs(at - released.step) < 1 || performance.now() > released.until)) released = null;
    return released ? released.step : at;
  }

  // Steps at the left and right edge of the track; a step is as wide as every other one.
  function range() {
    if (zoomed && state.episode) return [state.episode.first - 0.5, state.episode.last + 0.5];
    return [-0.5, (heldSteps ?? state.numSteps) - 0.5];
  }

  // Whether it spans the shown episode only, from now on.
  function toggleZoom() {
    zoomed = !zoomed;
    drawn = "";
    return zoomed;
  }

  function fraction(step) {
    const [a, b] = range();
    return (step - a) / (b - a);
  }

  function stepAt(clientX) {
    const box = track.getBoundingClientRect();
    const [a, b] = range();
    const step = Math.round(a + ((clientX - box.left) / box.width) * (b - a));
    return Math.min(Math.max(step, Math.ceil(a)), Math.floor(b));
  }

  function seconds(step) {
    return (step * state.dt).toFixed(2);
  }

  // The episode of a step, by bisection: a recording may have many thousands.
  function episodeAt(step) {
    const firsts = state.episodes.first;
    let low = 0;
    let high = firsts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (firsts[middle] <= step) low = middle; else high = middle - 1;
    }
    return low;
  }

  // -- drawing ----------------------------------------------------------------

  function drawTrack() {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    timelineMarks.draw(pen, width, height, fraction);
  }

  function draw(at) {
    trackWidth = track.clientWidth;
    const look = `${trackWidth} ${window.devicePixelRatio} ${document.documentElement.dataset.rvLook}`;
    if (at === drawnAt && look === drawn) return;
    if (look !== drawn || zoomed) drawTrack();
    [drawn, drawnAt] = [look, at];
    const step = Math.floor(at + 1e-6);
    playhead.style.transform = `translateX(${Math.min(Math.max(fraction(at), 0), 1) * trackWidth}px)`;
    track.setAttribute("aria-valuemin", "0");
    track.setAttribute("aria-valuemax", String(Math.max(state.numSteps - 1, step))); // The pose of a new step comes before the length.
    track.setAttribute("aria-valuenow", String(step));
  }

  // -- the user ---------------------------------------------------------------

  function showTip(clientX) {
    const step = stepAt(clientX);
    const index = episodeAt(step);
    const kind = Object.keys(state.kinds)[state.episodes.kind[index]];
    const isRunning = isFollowed() && index === state.episodes.first.length - 1 && kind === "unfinished";
    const text = isRunning ? "running" : state.kinds[kind];
    tip.replaceChildren(`${seconds(step)} s, step ${step}, `);
    timelineMarks.sign(kind, tip);
    const perPixel = 1 / Math.max((fraction(1) - fraction(0)) * track.clientWidth, 1e-9);
    tip.append(`episode ${index} (${text})${timelineMarks.noted(index)}${timelineMarks.doneByHand(step, perPixel)}`);
    timelineMarks.nameSigns(element("div", "rv-signs", tip));
    const box = track.getBoundingClientRect();
    const half = tip.offsetWidth / 2;
    tip.style.left = `${Math.min(Math.max(clientX - box.left, half), box.width - half)}px`;
    tip.style.visibility = "visible";
  }

  let lastSeek = null;
  function seekTo(step) {
    dragging = step;
    const isNewest = isFollowed() && step >= heldSteps - 1;
    if (step !== lastSeek) send(isNewest ? "go_live" : "seek", step);
    lastSeek = step;
  }

  track.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    track.setPointerCapture(event.pointerId);
    send("begin_scrub");
    heldSteps = state.numSteps;
    lastSeek = null;
    seekTo(stepAt(event.clientX));
  });
  track.addEventListener("pointermove", (event) => {
    showTip(event.clientX);
    if (dragging !== null) seekTo(stepAt(event.clientX));
  });
  function release() {
    if (dragging === null) return;
    send("end_scrub");
    released = state.tail?.live ? null : { step: dragging, until: performance.now() + 500 };
    dragging = heldSteps = null;
    drawn = "";
  }
  track.addEventListener("pointerup", release);
  track.addEventListener("pointercancel", release);
  track.addEventListener("pointerleave", () => { tip.style.visibility = "hidden"; });

  window.replayViewer.position = position;
  window.replayViewer.timeline = { bar, track, fraction, stepAt, seconds, width: () => trackWidth, isFollowed, toggleZoom };
  addPart({ update, draw, close: () => bar.remove() });
})();
