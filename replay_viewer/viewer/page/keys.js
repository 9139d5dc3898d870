// The keys of the table in keys.py: each is done, and said for a moment. They are taken before viser, whose camera the
// arrows would also move, and never from who is writing or has the focus on something that needs the key itself.
(() => {
  const { state, element, send, addPart } = window.replayViewer;
  const viser = window.rvViser;
  const MOVING = /^(Arrow|Home|End|Page)/; // Through lists.
  const KEYS = /*KEYS*/; // {key, shift, label, action, said}
  const SAID_FOR = 1500; // Milliseconds.
  const LOOPS = { rollout: "all", selection: "A\u2013B" };
  const ENDS = {
    go_to_next_end: [(end, at) => end > at, "This is the last end"],
    go_to_previous_end: [(end, at) => end < at, "No end before this one"],
  };
  // What the page tells once the action is done; of others, what they do is said.
  const NOW = {
    toggle: () => (state.playing ? "Playing" : "Paused"),
    slower: () => `Speed ${state.speed}x`,
    faster: () => `Speed ${state.speed}x`,
    next_loop: () => `Loop ${LOOPS[state.loop] ?? state.loop}`,
    toggle_follow: () => `Follow the robot ${state.following ? "on" : "off"}`,
    toggle_shadows: () => `Shadows ${state.shadows ? "on" : "off"}`,
  };

  const note = element("div", "rv-said", document.body, { role: "status", hidden: "" });
  let shown = null; // The key that is said.
  let hiding = null;

  function say(key, text) {
    note.replaceChildren(element("kbd", "", null), ` ${text}`);
    note.firstChild.textContent = key.label;
    note.hidden = false;
    shown = key;
    clearTimeout(hiding);
    hiding = setTimeout(() => { note.hidden = true; shown = null; }, SAID_FOR);
  }

  function said(key) {
    const [isThere, otherwise] = ENDS[key.action] ?? [];
    if (!isThere) return key.said;
    const unfinished = Object.keys(state.kinds).indexOf("unfinished");
    const { last, kind } = state.episodes;
    const at = Math.floor(window.replayViewer.position() + 1e-6);
    return Array.from(last).some((end, index) => kind[index] !== unfinished && isThere(end, at)) ? key.said : otherwise;
  }

  // The table of episodes is gone through by keys; left and right fold a group, and step where there is none. A lane of
  // the timeline and the edge of a chart are moved by them.
  function isOfPart({ key, target }) {
    if (!MOVING.test(key)) return false;
    if (target.closest?.(".rv-lane, .rv-edge")) return true;
    const rows = target.closest?.(".rv-drawer-rows");
    if (!rows) return false;
    return !/^Arrow(Left|Right)$/.test(key) || Boolean(rows.querySelector(".rv-group-line.rv-cursor"));
  }

  function isTaken(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return true;
    if (event.ctrlKey || event.metaKey || event.altKey) return !event.getModifierState("AltGraph"); // It writes [ in Europe.
    return viser.needsKey(event) || isOfPart(event);
  }

  function found({ key, shiftKey }) {
    // Signs have their Shift in them; of letters and arrows it is asked for.
    const asksForShift = /^([a-z]|[A-Z]|Arrow\w+)$/.test(key);
    return KEYS.find((own) => own.key.toLowerCase() === key.toLowerCase() && (!asksForShift || own.shift === shiftKey));
  }

  function onKey(event) {
    const key = isTaken(event) ? null : found(event);
    if (!key) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    say(key, said(key));
    send(key.action);
  }
  window.addEventListener("keydown", onKey, true);

  function update() {
    if (shown && NOW[shown.action]) say(shown, NOW[shown.action]());
  }

  function close() {
    window.removeEventListener("keydown", onKey, true);
    clearTimeout(hiding);
    note.remove();
  }

  addPart({ update, close });
})();
