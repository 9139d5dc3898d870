// What the parts of this viewer share in the page: building, sending, state, one loop of animation frames.
// viser's page is reached by viser.js alone.
//
// A part is {update(changes), takes, draw(position), close()}, each optional: `update` when Python has handed over new
// state, which `state` then has too; `takes` has functions for what is one part's alone, by its key; `draw` at each
// animation frame, with the position of playback in steps.
// Any element with data-do="action" (and data-value) asks Python for that action when it is clicked.
(() => {
  if (window.replayViewer) window.replayViewer.close();
  const viser = window.rvViser;

  const state = {
    title: "", numSteps: 1, dt: 0.02, playing: false, speed: 1, speeds: [1], loop: "off", envId: 0,
    kinds: { unfinished: "unfinished" }, episodes: { first: [0], last: [0], kind: [0] }, episode: null, standIn: "",
    plots: {}, rewards: [], marks: [], byHand: [], selection: null, following: true, shadows: true, tail: null, takes: [], lanes: [], laneTimes: [],
  };
  const parts = [];
  let control = null;
  let counter = Math.floor(Math.random() * 1e9);
  let running = true;

  const style = document.createElement("style");
  style.textContent = /*CSS*/;
  document.head.append(style);

  function element(tag, className, parent, attributes = {}) {
    const node = document.createElement(tag);
    node.className = className;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    parent?.append(node);
    return node;
  }

  // One of this page's colours, for what is drawn and not styled.
  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--rv-${name}`).trim();
  }

  function textButton(parent, text, hint) {
    const node = element("button", "rv-control", parent, { type: "button", title: hint });
    node.textContent = text;
    return node;
  }

  function setPressed(node, on) {
    node.classList.toggle("rv-on", on);
    node.setAttribute("aria-pressed", String(on));
  }

  function send(action, value = null) {
    if (!action || !control) return;
    counter += 1;
    viser.send(control, JSON.stringify({ do: action, value, n: counter }));
  }

  function open(settings) {
    control = settings.control;
    state.viewer = control; // Each viewer has an id of its own.
  }

  function update(changes) {
    Object.assign(state, changes);
    if ("title" in changes) document.title = `${state.title} - replay-viewer`;
    if ("numSteps" in changes) document.documentElement.classList.add("rv-shown"); // There is something to play.
    for (const { takes } of parts) for (const name in takes) if (name in changes) takes[name](changes[name]);
    // The numbers of a step and the rows of the table come many times a second, and are nobody else's news.
    if (Object.keys(changes).every((name) => ["rewards", "table", "pointed"].includes(name))) return;
    for (const part of parts) part.update?.(changes);
  }

  // Where playback stands, in steps: from the pose of the node "/playhead", which arrives with the robot's poses, so that
  // everything always shows the same step. The timeline puts its own in this place while the user holds it.
  function position() {
    return viser.nodePosition("/playhead")?.[0] ?? 0;
  }

  function draw() {
    if (!running) return;
    requestAnimationFrame(draw);
    const at = window.replayViewer.position();
    for (const part of parts) part.draw?.(at);
  }

  // A panel that is written anew many times a second takes the pressed element away before it is let go: what counts is
  // that the same thing is asked for where the pointer goes down and up. Clicks are those of the keyboard.
  let pressed = null;
  const asked = (event) => event.target.closest?.("[data-do]:not(:disabled)");
  const request = (target) => JSON.stringify([target?.dataset.do, target?.dataset.value]);
  function press(event) {
    pressed = event.button === 0 ? request(asked(event)) : null;
  }
  function letGo(event) {
    const target = asked(event);
    if (target && pressed === request(target)) send(target.dataset.do, target.dataset.value ?? null);
    pressed = null;
  }
  function sendClicked(event) {
    const target = asked(event);
    if (target && event.detail === 0) send(target.dataset.do, target.dataset.value ?? null);
  }
  document.addEventListener("pointerdown", press);
  document.addEventListener("pointerup", letGo);
  document.addEventListener("click", sendClicked);

  // Keys are dead while a control has the focus, and space presses a focused button: give the focus back to the page,
  // once the control has done its part; what has taken the focus since, as the search of commands, keeps it.
  function giveBackFocus(event) {
    if (event.detail === 0) return; // Pressed by keyboard.
    if (!viser.isPressable(event)) return;
    const clicked = document.activeElement;
    setTimeout(() => { if (document.activeElement === clicked) clicked?.blur(); }, 30);
  }
  document.addEventListener("click", giveBackFocus);

  function close() {
    running = false;
    document.removeEventListener("pointerdown", press);
    document.removeEventListener("pointerup", letGo);
    document.removeEventListener("click", sendClicked);
    document.removeEventListener("click", giveBackFocus);
    document.documentElement.classList.remove("rv-shown");
    for (const part of parts) part.close?.();
    style.remove();
    delete window.replayViewer;
  }

  window.replayViewer = {
    state, element, colour, textButton, setPressed, send, open, update, position, close, addPart: (part) => parts.push(part),
  };
  requestAnimationFrame(draw);
})();
