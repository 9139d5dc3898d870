// Why there is no connection, from the page's first moment on: a browser does not tell a page why its websocket is refused,
// so the page asks the viewer.
(() => {
  const { isConnected, address } = window.rvViser;
  const EVERY = 500; // [ms]
  const ASKED_AFTER = 1000; // [ms] without a connection; then again and again.
  const PATIENCE = 2500; // [ms] without one that was never there: until then it may be slow.
  const SILENT = {
    title: "The viewer does not answer.",
    problem: "It has stopped, or the way to it is cut. Start it again, and this page goes on by itself.",
  };
  const CUT = {
    title: "The viewer is there, but its websocket is not reached.",
    problem: "A proxy in between has to pass it on. For nginx:",
    option: 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";',
  };
  const UNDRAWN = {
    title: "This browser has no WebGL 2.",
    problem: "The picture is drawn by it. Hardware acceleration is a setting of browsers; other ones draw by the processor.",
  };
  let lost = performance.now(); // Since when there is none.
  let asked = lost;
  let wasConnected = false;
  let note = null;

  function build() {
    note = document.createElement("div");
    note.className = "rv-stopped";
    note.setAttribute("role", "alert");
    note.append(...["b", "p", "p", "code"].map((tag) => document.createElement(tag)));
    document.body.append(note);
  }

  function tell({ title, problem, remedy = "", option = "" }) {
    if (!note) build();
    [title, problem, remedy, option].forEach((text, index) => { note.children[index].textContent = text; });
    note.hidden = false;
  }

  // What the viewer says of this page: {problem, remedy, option}, or {} if it may come; null where it does not answer.
  async function verdict() {
    try {
      const question = address("reach");
      question.searchParams.set("origin", window.location.origin);
      const answer = await fetch(question, {
        headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(2000),
      });
      return await answer.json();
    } catch {
      return null;
    }
  }

  // Without it viser's page ends before it has asked for a connection.
  function hasWebGL() {
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  }

  async function ask() {
    const found = await verdict();
    if (isConnected()) return;
    if (found?.problem) tell({ title: "The viewer refuses this page.", ...found });
    else if (!wasConnected && performance.now() - lost > PATIENCE) tell(!found ? SILENT : hasWebGL() ? CUT : UNDRAWN);
  }

  function look() {
    const now = performance.now();
    if (isConnected()) {
      wasConnected = true;
      lost = asked = now;
      if (note) note.hidden = true;
    } else {
      if (wasConnected && (note?.hidden ?? true)) tell(SILENT);
      if (now - asked > ASKED_AFTER) {
        asked = now;
        ask();
      }
    }
  }
  setInterval(look, EVERY);
})();
