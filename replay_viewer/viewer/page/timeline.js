// The timeline bar at the bottom of the page. Its playhead always shows the step of the drawn robot.
(() => {
  const { state, element, colour, setPressed, send, addPart } = window.replayViewer;
  const ICONS = {
    start: "M5 5h2.5v14H5zM19 5v14l-10-7z",
    previous: "M12 5v14l-8-7zM20 5v14l-8-7z",
    back: "M15 5v14l-9-7zM16.5 5H19v14h-2.5z",
    play: "M7 4.5v15l12.5-7.5z",
    pause: "M6.5 5h4v14h-4zM13.5 5h4v14h-4z",
    forward: "M9 5v14l9-7zM5 5h2.5v14H5z",
    next: "M4 5v14l8-7zM12 5v14l8-7z",
    end: "M5 5v14l10-7zM16.5 5H19v14h-2.5z",
    fall: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm-1.2 4.2h2.4v6.2h-2.4zm0 7.8h2.4v2.4h-2.4z",
    zoom: "M10.5 3a7.5 7.5 0 0 1 5.9 12.1l4.8 4.8-1.4 1.4-4.8-4.8A7.5 7.5 0 1 1 10.5 3zm0 2a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z"
      + "m-1 2.5h2v2h2v2h-2v2h-2v-2h-2v-2h2z",
  };

  let dragging = null; // The step under the pointer while the user holds the timeline.
  let released = null; // After that, until the server has moved there: {step, until}.
  let heldSteps = null; // Length of the timeline when the user took hold of it: it must not move in the hand.
  let zoomed = false;
  let drawn = "";

  function icon(name) {
    return `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
  }

  function button(parent, iconName, label, action, className = "") {
    const node = element("button", className, parent, { type: "button", title: label, "aria-label": label });
    node.innerHTML = icon(iconName);
    node.addEventListener("click", () => send(action));
    return node;
  }

  function choice(parent, label, options, action) {
    const select = element("select", "rv-control rv-choice", parent, { "aria-label": label, title: label });
    for (const [value, text] of options) element("option", "", select, { value }).textContent = `${label} ${text}`;
    select.addEventListener("change", () => { send(action, select.value); select.blur(); });
    return select;
  }

  const bar = element("div", "", document.body, { id: "rv-bar" });
  const track = element("div", "rv-track", bar, { role: "slider", "aria-label": "Timeline", tabindex: "0" });
  const canvas = element("canvas", "", track);
  const playhead = element("div", "rv-playhead", track);
  const tip = element("div", "rv-tip", track);
  const row = element("div", "rv-row", bar);
  const buttons = element("div", "rv-buttons", row);
  button(buttons, "start", "Start of the recording (Home)", "go_to_start", "rv-minor");
  button(buttons, "previous", "Previous episode (Page Up)", "go_to_previous_episode");
  button(buttons, "back", "One step back (\u2190)", "step_back");
  const play = button(buttons, "play", "Play (Space)", "", "rv-play");
  // What the button shows is what it does, also when playback has just ended by itself.
  play.addEventListener("click", () => send(state.playing ? "pause" : "play"));
  button(buttons, "forward", "One step forward (\u2192)", "step_forward");
  button(buttons, "next", "Next episode (Page Down)", "go_to_next_episode");
  button(buttons, "end", "End of the recording (End)", "go_to_end", "rv-minor");
  button(buttons, "fall", "Next episode end (N)", "go_to_next_end");
  const live = element("button", "rv-live", row, { type: "button", id: "rv-live" });
  live.addEventListener("click", () => { if (isFollowed()) send("go_live"); });
  const clock = element("div", "rv-clock", row);
  const clockTime = element("b", "", clock, { id: "rv-time" });
  const clockEnd = element("span", "", clock, { id: "rv-end" });
  const clockStep = element("span", "rv-step", clock, { id: "rv-step" });
  const chip = element("div", "rv-episode", row, { id: "rv-episode" });
  const zoom = button(row, "zoom", "Timeline shows this episode only (Z)", "", "rv-zoom rv-minor");
  element("span", "", zoom).textContent = "Episode";
  zoom.addEventListener("click", toggleZoom);
  let speed = null;
  let loop = null;

  function update(changes) {
    if ("newEpisodes" in changes) addEpisodes(changes.newEpisodes);
    if ("speeds" in changes) addChoices();
    if (speed) speed.value = String(state.speed);
    if (loop) loop.value = state.loop;
    const label = state.playing ? "Pause (Space)" : "Play (Space)";
    play.innerHTML = icon(state.playing ? "pause" : "play");
    play.title = label;
    play.setAttribute("aria-label", label);
    describeTail();
    describeEpisode();
    drawn = "";
  }

  // In the place of those from `from` on; the last one that was listed may have ended or become longer.
  function addEpisodes({ from, ...lists }) {
    for (const [name, values] of Object.entries(lists)) {
      state.episodes[name].length = from;
      state.episodes[name].push(...values);
    }
  }

  function isFollowed() {
    return ["writing", "paused"].includes(state.tail?.state);
  }

  // What the badge says, and what a click on it does.
  const BADGES = {
    writing: ["LIVE", ""], paused: ["LIVE", "no new step"], ended: ["recording ended", ""], gone: ["the writer is gone", ""],
    lost: ["recording lost", ""], unfollowed: ["still being written", ""],
  };

  function describeTail() {
    const tail = state.tail;
    live.style.display = tail ? "" : "none";
    if (!tail) return;
    const [text, note] = BADGES[tail.state];
    live.className = `rv-live rv-tail-${tail.state}`;
    live.replaceChildren(element("i", "", null), text);
    if (note) element("span", "", live).textContent = note;
    live.disabled = !isFollowed();
    setPressed(live, tail.live && isFollowed());
    const action = tail.live ? "the newest step is shown as it is recorded" : "go to the newest step (G)";
    live.title = isFollowed() ? `${tail.message}: ${action}` : tail.message;
    live.setAttribute("aria-label", live.title);
  }

  function addChoices() {
    speed?.remove();
    loop?.remove();
    speed = choice(row, "Speed", state.speeds.map((x) => [x, `${x}x`]), "set_speed");
    loop = choice(row, "Loop", [["off", "off"], ["episode", "episode"], ["rollout", "all"], ["selection", "A-B"]], "set_loop");
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

  function toggleZoom() {
    zoomed = !zoomed;
    setPressed(zoom, zoomed);
    drawn = "";
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
    const kinds = Object.keys(state.kinds), colours = kinds.map(colour);
    const { first, last, kind } = state.episodes;
    let covered = "";
    for (let i = 0; i < first.length; i++) {
      const left = fraction(first[i] - 0.5) * width;
      const right = fraction(last[i] + 0.5) * width;
      if (right < 0 || left > width) continue;
      const pixel = `${Math.floor(right)} ${kind[i]}`;
      if (right - left < 1 && pixel === covered) continue; // Thousands of episodes share a pixel.
      covered = pixel;
      const gap = right - left > 6 ? 1 : 0;
      pen.globalAlpha = i === state.episode?.index ? 0.45 : 0.18;
      pen.fillStyle = colours[kind[i]];
      pen.fillRect(left + gap, 5, Math.max(right - left - 2 * gap, 1), height - 10);
      if (kinds[kind[i]] === "unfinished") continue; // The recording ends here, the episode does not.
      pen.globalAlpha = 1;
      drawEnd(pen, kinds[kind[i]], Math.max(right - 3 - gap, left), 2, height - 4);
    }
    pen.globalAlpha = 1;
    drawByHand(pen, width, height);
    for (const [step, flag] of state.marks) drawMark(pen, fraction(step) * width, flag);
  }

  // What somebody did by hand: a line below the episodes, with a point where it began; a point alone where it was over at once.
  function drawByHand(pen, width, height) {
    pen.fillStyle = colour("text");
    for (const [first, last] of state.byHand) {
      const left = fraction(first - 0.5) * width;
      const right = fraction((last ?? state.numSteps - 1) + 0.5) * width;
      if (right < 0 || left > width) continue;
      pen.fillRect(left, height - 3, Math.max(right - left, 1), 2);
      pen.beginPath();
      pen.arc(left, height - 4, 3, 0, 2 * Math.PI);
      pen.fill();
    }
  }

  // What was done by hand at a step, or around it where a step is less than a few pixels wide.
  function doneByHand(step) {
    const near = 5 / Math.max((fraction(1) - fraction(0)) * track.clientWidth, 1e-9);
    const found = state.byHand.filter(([first, last]) => step >= first - near && step <= (last ?? state.numSteps) + (last === first ? near : 0));
    return found.slice(0, 3).map(([, , text]) => `, ${text}`).join("");
  }

  // Where an episode ends, in whatever colour: by time as a broken line, by an event as a whole one.
  function drawEnd(pen, kind, left, top, height) {
    const parts = kind === "truncated" ? 3 : 1;
    const length = (height - 2 * (parts - 1)) / parts;
    for (let part = 0; part < parts; part++) pen.fillRect(left, top + part * (length + 2), 3, length);
  }

  // A flag or a note, where it was noted: a pennant in the flag's colour.
  function drawMark(pen, x, flag) {
    pen.fillStyle = (flag && colour(`flag-${flag}`)) || colour("accent");
    pen.beginPath();
    pen.moveTo(x - 1, 0);
    for (const [right, down] of [[9, 4], [1, 8], [1, 14], [-1, 14]]) pen.lineTo(x + right, down);
    pen.fill();
  }

  // What is noted of an episode.
  function noted(index) {
    const [first, last] = [state.episodes.first[index], state.episodes.last[index]];
    const found = state.marks.filter(([step]) => step >= first && step <= last);
    return found.map(([, flag, text]) => `, ${[flag, text].filter(Boolean).join(": ")}`).join("");
  }

  function describeEpisode() {
    const episode = state.episode;
    chip.replaceChildren();
    if (!episode) return;
    element("span", "rv-dot", chip).style.background = colour(episode.kind);
    const title = `env ${state.envId}, Episode ${episode.index} (${episode.index + 1} of ${state.episodes.first.length})`;
    element("b", "", chip).textContent = episode.title ?? title;
    const count = episode.last - episode.first + 1;
    const length = `${count} ${count === 1 ? "step" : "steps"}, ${seconds(count)} s`;
    // What is not what was recorded comes first: the rest may be cut where the page is narrow.
    if (state.standIn) element("b", "rv-stand-in", chip).textContent = ` (${state.standIn})`;
    chip.append(`: ${episode.text}, ${length}`);
    chip.title = chip.textContent;
  }

  function draw(at) {
    const key = `${at}|${track.clientWidth}|${window.devicePixelRatio}`;
    if (key === drawn) return;
    if (!drawn || key.split("|")[1] !== drawn.split("|")[1] || zoomed) drawTrack();
    drawn = key;
    const step = Math.floor(at + 1e-6);
    playhead.style.transform = `translateX(${Math.min(Math.max(fraction(at), 0), 1) * track.clientWidth}px)`;
    clockTime.textContent = seconds(at);
    const last = Math.max(state.numSteps - 1, step); // The pose of a new step comes before the length.
    clockEnd.textContent = ` / ${seconds(last)} s`;
    clockStep.textContent = `step ${step} / ${last}`;
    track.setAttribute("aria-valuemin", "0");
    track.setAttribute("aria-valuemax", String(last));
    track.setAttribute("aria-valuenow", String(step));
  }

  // -- the user ---------------------------------------------------------------

  function showTip(clientX) {
    const step = stepAt(clientX);
    const index = episodeAt(step);
    const kind = Object.keys(state.kinds)[state.episodes.kind[index]];
    const isRunning = isFollowed() && index === state.episodes.first.length - 1 && kind === "unfinished";
    const text = isRunning ? "running" : state.kinds[kind];
    tip.textContent = `${seconds(step)} s, step ${step}, episode ${index} (${text})${noted(index)}${doneByHand(step)}`;
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
  window.replayViewer.toggleZoom = toggleZoom;
  window.replayViewer.timeline = { track, fraction, stepAt, drawEnd };
  addPart({ update, draw, close: () => bar.remove() });
})();
