// A hand on the running policy, over the picture: there only while a run is followed that can be controlled. All of it is
// buttons and sliders: no key of the page ends a policy by accident.
(() => {
  const { state, element, textButton, setPressed, send, addPart } = window.replayViewer;
  const ARROWS = [["\u2196", 1, 1], ["\u2191", 1, 0], ["\u2197", 1, -1], ["\u2190", 0, 1], ["", 0, 0], ["\u2192", 0, -1],
    ["\u2199", -1, 1], ["\u2193", -1, 0], ["\u2198", -1, -1]];
  const SENT = { zero: "zeros", default_pose: "the default pose", last: "the last action" };
  const SIDES = { "1,0": "forward", "-1,0": "back", "0,1": "left", "0,-1": "right" };
  const ALIVE_PERIOD = 250; // ms; who is silent for a second lets go.
  const SEND_PERIOD = 50;
  const DEAD_ZONE = 0.12;

  const card = element("section", "", document.body, { id: "rv-hand", "aria-label": "Running policy" });
  card.hidden = true;
  const head = element("button", "rv-hand-head", card, { type: "button", "aria-expanded": "true" });
  element("i", "", head);
  element("b", "", head).textContent = "Running policy";
  const status = element("span", "", head);
  const body = element("div", "rv-hand-body", card);
  let isOpen = window.innerWidth > 700;
  head.addEventListener("click", () => { isOpen = !isOpen; show(); });

  function row(name) {
    return element("div", `rv-hand-row ${name}`, body);
  }

  function makeSwitch(parent, text, act) {
    const node = element("button", "rv-hand-switch", parent, { type: "button", role: "switch", "aria-checked": "false" });
    element("span", "rv-switch", node);
    element("b", "", node).textContent = text;
    node.addEventListener("click", () => act(node.getAttribute("aria-checked") !== "true"));
    return node;
  }

  const policyRow = row("rv-policy");
  const policy = makeSwitch(policyRow, "Policy", (on) => send("control_policy", on));
  const policyNote = element("small", "", policyRow);

  const time = row("rv-time");
  const pause = textButton(time, "Pause", "Stop the simulation; it stays so, whoever leaves");
  pause.addEventListener("click", () => send(state.control?.paused ? "control_resume" : "control_pause"));
  textButton(time, "Step", "One step of the simulation, then wait").addEventListener("click", () => send("control_step"));
  const reset = textButton(time, "Reset", "Begin a new episode in this env");
  reset.addEventListener("click", () => send("control_reset"));

  const push = row("rv-push");
  const pad = element("div", "rv-pad", push, { role: "group", "aria-label": "Push" });
  const strengthBox = element("label", "", push);
  const strengthText = element("span", "", strengthBox);
  const strength = element("input", "", strengthBox, { type: "range", min: "0.1", max: "5", step: "0.1", value: "1.5", "aria-label": "Push strength" });
  element("small", "", strengthBox).textContent = "\u2191 is where the robot looks";
  for (const [arrow, forward, left] of ARROWS) {
    if (!arrow) { element("i", "", pad); continue; }
    const side = SIDES[`${forward},${left}`] ?? `${forward > 0 ? "forward" : "back"} ${left > 0 ? "left" : "right"}`;
    const button = textButton(pad, arrow, `Push it ${side}`);
    button.setAttribute("aria-label", `Push ${side}`);
    const length = Math.hypot(forward, left);
    button.addEventListener("click", () => {
      send("control_push", [forward, left].map((part) => (part / length) * Number(strength.value)));
    });
  }
  function describeStrength() { strengthText.textContent = `Push: ${Number(strength.value).toFixed(1)} m/s`; }
  strength.addEventListener("input", describeStrength);
  describeStrength();

  const commandRow = row("rv-command");
  const command = makeSwitch(commandRow, "Command by hand", (on) => { on ? sendCommand(true) : send("control_command", null); });
  const commandNote = element("small", "", commandRow);
  const sliders = element("div", "rv-sliders", commandRow);
  const zero = textButton(commandRow, "Stand", "Command zero");
  zero.addEventListener("click", () => { setValues(inputs.map(() => 0)); sendCommand(true); });
  let inputs = [];
  let drawnCommand = "";
  let lastSent = 0;

  function drawSliders([names, low, high]) {
    sliders.replaceChildren();
    inputs = names.map((name, index) => {
      const label = element("label", "", sliders);
      element("span", "", label).textContent = name;
      const value = element("output", "", label);
      const input = element("input", "", label, { type: "range", min: String(Math.min(low[index], 0)), max: String(Math.max(high[index], 0)), step: "0.05", value: "0", "aria-label": name });
      input.value = "0";
      input.describe = () => { value.textContent = Number(input.value).toFixed(2); };
      input.addEventListener("input", () => { input.describe(); sendCommand(false); });
      input.addEventListener("change", () => { if (isMine()) sendCommand(true); });
      input.describe();
      return input;
    });
  }

  function setValues(values) {
    inputs.forEach((input, index) => { input.value = String(values[index] ?? 0); input.describe(); });
  }

  // While it is dragged, some twenty times a second.
  function sendCommand(atOnce) {
    if (!atOnce && (!isMine() || performance.now() - lastSent < SEND_PERIOD)) return;
    lastSent = performance.now();
    send("control_command", inputs.map((input) => Number(input.value)));
  }

  const me = () => `page ${state.page}`;
  const isMine = () => state.control?.commandBy === me();

  const problem = element("p", "rv-hand-problem", card, { role: "status" });

  // -- what is shown ------------------------------------------------------------

  function setSwitch(node, on) { node.setAttribute("aria-checked", String(Boolean(on))); }

  function show() {
    const control = state.control;
    card.hidden = !control;
    if (!control) return;
    head.setAttribute("aria-expanded", String(isOpen));
    body.hidden = !isOpen || !control.isThere;
    problem.textContent = control.problem;
    problem.hidden = !control.problem || (control.isThere && !isOpen);
    card.dataset.state = !control.isThere ? "gone" : control.paused ? "paused" : control.policy ? "on" : "off";
    status.textContent = !control.isThere ? "" : control.paused ? "paused" : control.policy ? "" : "off";
    if (!control.isThere) return;
    setSwitch(policy, control.policy);
    policyNote.textContent = control.policy ? "its own actions are sent" : `${SENT[control.off] ?? control.off} in its place, by ${by(control.offBy)}`;
    pause.textContent = control.paused ? "Resume" : "Pause";
    setPressed(pause, control.paused);
    pause.title = control.paused ? `Paused by ${by(control.pausedBy)}` : "Stop the simulation; it stays so, whoever leaves";
    reset.textContent = `Reset env ${state.envId}`;
    forbid(reset, control.lacks.reset);
    for (const node of pad.querySelectorAll("button")) forbid(node, control.lacks.push);
    push.classList.toggle("rv-lacks", Boolean(control.lacks.push));
    strength.disabled = Boolean(control.lacks.push);
    const shape = JSON.stringify(control.command);
    if (control.command && shape !== drawnCommand) { drawnCommand = shape; drawSliders(control.command); }
    commandRow.hidden = !control.command;
    setSwitch(command, control.commandBy);
    if (control.commanded && !isMine()) setValues(control.commanded);
    for (const input of inputs) input.disabled = !isMine();
    commandNote.textContent = control.commandBy && !isMine() ? `by ${control.commandBy}` : padName();
  }

  const by = (name) => (name === me() ? "you" : name);
  function forbid(node, lack) {
    node.disabled = Boolean(lack);
    node.dataset.title ??= node.title;
    node.title = lack || node.dataset.title;
  }

  // -- being heard of ------------------------------------------------------------

  // A worker's timer runs as ever in a page that is not looked at; the page's own would be slowed down.
  const beat = URL.createObjectURL(new Blob([`setInterval(() => postMessage(0), ${ALIVE_PERIOD})`]));
  const worker = new Worker(beat);
  worker.onmessage = () => {
    const control = state.control;
    if (control?.isThere && (control.offBy === me() || control.commandBy === me())) send("control_alive");
  };

  // -- a gamepad -------------------------------------------------------------------

  let padValues = "";
  const gamepad = () => (navigator.getGamepads?.() ?? []).find((found) => found?.connected && found.axes.length >= 3);
  function padName() {
    const found = gamepad();
    return found ? `Gamepad: left stick walks, right stick turns` : "";
  }

  // Left stick: forward and sideways; right stick: turn. Axes point to the right and down.
  function takeGamepad() {
    const found = isMine() && gamepad();
    if (!found) return;
    const calm = (axis) => (Math.abs(axis) < DEAD_ZONE ? 0 : -axis);
    const parts = [calm(found.axes[1]), calm(found.axes[0]), calm(found.axes[2])];
    const values = inputs.map((input, index) => (parts[index] ?? 0) * Math.abs(parts[index] < 0 ? Number(input.min) : Number(input.max)));
    const text = values.map((value) => value.toFixed(2)).join();
    if (text === (padValues || values.map(() => "0.00").join()) || performance.now() - lastSent < SEND_PERIOD) return;
    padValues = text;
    setValues(values);
    sendCommand(true);
  }
  window.addEventListener("gamepadconnected", show);
  window.addEventListener("gamepaddisconnected", show);

  function update(changes) {
    if (["control", "envId", "page"].some((name) => name in changes)) show();
  }

  addPart({
    update,
    draw: takeGamepad,
    close: () => {
      worker.terminate();
      URL.revokeObjectURL(beat);
      window.removeEventListener("gamepadconnected", show);
      window.removeEventListener("gamepaddisconnected", show);
      card.remove();
    },
  });
})();
