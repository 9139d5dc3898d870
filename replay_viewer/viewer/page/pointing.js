// Pointing at things: a click on a link names it, with its joint, its pose and what is recorded of it; a double click puts
// the orbit's centre there. Python knows what is hit; the page sends rays.
(() => {
  const { element, textButton, send, addPart } = window.replayViewer;
  const viser = window.rvViser;
  const STILL = 5; // A press that moves no farther [px] is a click.

  const card = element("section", "rv-pointed", document.body, { "aria-label": "What is pointed at", hidden: "" });
  let pressed = null;

  // From the camera through a point of the page: [origin, direction].
  function rayThrough({ clientX, clientY }) {
    const { left, top, width, height } = viser.picture().getBoundingClientRect();
    const { position, target, fov } = viser.camera();
    const forward = unit(target.map((x, i) => x - position[i]));
    const right = unit(cross(forward, [0, 0, 1]));
    const up = cross(right, forward);
    const slope = Math.tan(fov / 2);
    const x = ((2 * (clientX - left)) / width - 1) * slope * (width / height);
    const y = (1 - (2 * (clientY - top)) / height) * slope;
    return [position, forward.map((along, i) => along + x * right[i] + y * up[i])];
  }

  const cross = ([a, b, c], [x, y, z]) => [b * z - c * y, c * x - a * z, a * y - b * x];
  function unit(vector) {
    const length = Math.hypot(...vector) || 1;
    return vector.map((x) => x / length);
  }

  function press(event) {
    pressed = event.button === 0 && event.isPrimary && viser.isPicture(event) ? event : null;
  }

  function letGo(event) {
    const isClick = pressed && viser.isPicture(event)
      && Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) < STILL;
    pressed = null;
    if (isClick && viser.camera()) send("point_along", rayThrough(event));
  }

  function centre(event) {
    if (viser.isPicture(event) && viser.camera()) send("orbit_around", rayThrough(event));
  }

  function row(label, text, parent = card) {
    const line = element("div", "rv-pointed-row", parent);
    element("span", "", line).textContent = label;
    element("b", "", line).textContent = text;
    return line;
  }

  const numbers = (values, digits) => values.map((value) => value.toFixed(digits).replace("-", "\u2212")).join("  ");

  function show(pointed) {
    card.hidden = !pointed;
    if (!pointed) return;
    card.replaceChildren();
    const head = element("header", "", card);
    element("h2", "", head).textContent = [...pointed.of, pointed.link].join(" / ");
    const close = textButton(head, "\u00d7", "Close");
    close.setAttribute("aria-label", "Close");
    close.dataset.do = "point_at_nothing";
    row("joint", pointed.joint);
    row("x y z [m]", numbers(pointed.position, 3));
    row("roll pitch yaw [\u00b0]", numbers(pointed.angles, 1));
    for (const [index, { label, value, unit: of, isCharted }] of pointed.values.entries()) {
      const text = value === null ? "unknown" : numbers([value], 3);
      const line = row(of ? `${label} [${of}]` : label, text);
      if (!isCharted) continue;
      const pin = textButton(line, "pin", `Pin this curve in the chart of ${label}`);
      pin.dataset.do = "pin_pointed";
      pin.dataset.value = index;
    }
  }

  // What is open is closed before an A-B loop is cleared.
  function escape(event) {
    if (event.key !== "Escape" || card.hidden || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, textarea, select")) return;
    event.stopPropagation();
    send("point_at_nothing");
  }

  window.addEventListener("keydown", escape, true);
  document.addEventListener("pointerdown", press, true);
  document.addEventListener("pointerup", letGo, true);
  document.addEventListener("dblclick", centre, true);

  function close() {
    window.removeEventListener("keydown", escape, true);
    document.removeEventListener("pointerdown", press, true);
    document.removeEventListener("pointerup", letGo, true);
    document.removeEventListener("dblclick", centre, true);
    card.remove();
  }

  addPart({ takes: { pointed: show }, close });
})();
