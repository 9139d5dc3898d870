// The row below the timeline: buttons, the episode, and how time goes on.
(() => {
  const { state, element, setPressed, send, timeline, timelineMarks, addPart } = window.replayViewer;
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

  const row = element("div", "rv-row", timeline.bar);
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
  live.addEventListener("click", () => { if (timeline.isFollowed()) send("go_live"); });
  const chip = element("div", "rv-episode", row, { id: "rv-episode" });
  const signs = element("div", "rv-signs", row, { "aria-label": "What the timeline's colours mean" });
  const zoom = button(row, "zoom", "Timeline shows this episode only (Z)", "", "rv-zoom rv-minor");
  element("span", "", zoom).textContent = "Episode";
  const toggleZoom = () => setPressed(zoom, timeline.toggleZoom());
  zoom.addEventListener("click", toggleZoom);
  let speed = null;
  let loop = null;

  function update(changes) {
    if ("speeds" in changes) addChoices();
    if (speed) speed.value = String(state.speed);
    if (loop) loop.value = state.loop;
    const label = state.playing ? "Pause (Space)" : "Play (Space)";
    play.innerHTML = icon(state.playing ? "pause" : "play");
    play.title = label;
    play.setAttribute("aria-label", label);
    describeTail();
    describeEpisode();
    timelineMarks.nameSigns(signs);
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
    live.disabled = !timeline.isFollowed();
    setPressed(live, tail.live && timeline.isFollowed());
    const action = tail.live ? "the newest step is shown as it is recorded" : "go to the newest step (G)";
    live.title = timeline.isFollowed() ? `${tail.message}: ${action}` : tail.message;
    live.setAttribute("aria-label", live.title);
  }

  function addChoices() {
    speed?.remove();
    loop?.remove();
    speed = choice(row, "Speed", state.speeds.map((x) => [x, `${x}x`]), "set_speed");
    loop = choice(row, "Loop", [["off", "off"], ["episode", "episode"], ["rollout", "all"], ["selection", "A-B"]], "set_loop");
  }

  function describeEpisode() {
    const episode = state.episode;
    chip.replaceChildren();
    if (!episode) return;
    element("span", "rv-dot", chip).style.background = `var(--rv-${episode.kind})`;
    const title = `env ${state.envId}, Episode ${episode.index} (${episode.index + 1} of ${state.episodes.first.length})`;
    element("b", "", chip).textContent = episode.title ?? title;
    const count = episode.last - episode.first + 1;
    const length = `${count} ${count === 1 ? "step" : "steps"}, ${timeline.seconds(count)} s`;
    // What is not what was recorded comes first: the rest may be cut where the page is narrow.
    if (state.standIn) element("b", "rv-stand-in", chip).textContent = ` (${state.standIn})`;
    chip.append(`: ${episode.text}, ${length}`);
    chip.title = chip.textContent;
  }

  window.replayViewer.toggleZoom = toggleZoom;
  addPart({ update });
})();
