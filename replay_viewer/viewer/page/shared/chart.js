// The chart of a shared replay: the rewards of the episode that is shown, over its time.
(() => {
  const { facts, text, side, clipAt } = window.rvShared;
  const { state, element, colour, send, bands, addPart } = window.replayViewer;
  const LEFT = 44, RIGHT = 10, TOP = 8, BOTTOM = 20; // [px] around the curves.
  const DRAG = 4; // [px] from where a press is a drag.
  const MOST_READ = 6; // Curves whose values are told beside the pointer.
  const curves = facts.rows.map((row, index) => ({ ...row, index })).filter((row) => row.colour);
  if (!curves.length) return;

  const box = element("section", "rv-plot", side, { "aria-label": "Chart of the rewards" });
  const canvas = element("canvas", "", box);
  const plot = element("div", "rv-chart", box);
  const marker = element("div", "rv-marker", plot);
  const band = bands.add(plot, place, stepAt);
  const note = element("p", "rv-note-line", side);
  note.textContent = curves.length > 1 ? "A click seeks, a drag loops; click a term for it alone." : "A click seeks, a drag loops.";
  const reading = element("div", "", document.body, { id: "rv-reading" });
  let alone = null; // The row whose curve is shown alone.
  let drawn = "";

  const clip = () => facts.clips[state.episode?.index ?? 0];
  const shown = () => (alone === null ? curves : curves.filter(({ index }) => index === alone));

  function toggle(index) {
    alone = alone === index ? null : index;
    for (const row of side.querySelectorAll("tr[data-row]")) {
      row.classList.toggle("out", alone !== null && Number(row.dataset.row) !== alone);
    }
  }

  // -- scales -------------------------------------------------------------------

  function place(step) {
    const { start, count } = clip();
    return (step - start + 0.5) / count;
  }

  function stepAt(clientX) {
    const area = plot.getBoundingClientRect();
    const { start, count } = clip();
    const step = Math.floor(((clientX - area.left) / area.width) * count);
    return start + Math.min(Math.max(step, 0), count - 1);
  }

  // Of all curves as Python has it, or of the one that is shown alone.
  function range() {
    if (alone === null) return clip().range ?? [-1, 1];
    const { rewards, frames } = clip();
    let low = Infinity, high = -Infinity;
    for (let frame = 0; frame < frames; frame++) {
      const value = rewards[frame * facts.rows.length + alone];
      if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
    if (low > high) return [-1, 1];
    const room = high > low ? 0.08 * (high - low) : Math.abs(high) || 1;
    return [low - room, high + room];
  }

  // Round numbers, some of them, from low to high.
  function ticks(low, high, most) {
    const raw = (high - low) / most;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((wanted) => wanted >= raw);
    const first = Math.ceil(low / step);
    return Array.from({ length: Math.max(Math.floor(high / step) - first + 1, 0) }, (_, i) => (first + i) * step);
  }

  // -- drawing ------------------------------------------------------------------

  function paint() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.font = `11px ${getComputedStyle(box).fontFamily}`;
    const [low, high] = range();
    const across = width - LEFT - RIGHT, down = height - TOP - BOTTOM;
    const y = (value) => TOP + down * (1 - (value - low) / (high - low));
    const seconds = clip().count * facts.dt;

    pen.strokeStyle = colour("line");
    pen.fillStyle = colour("dim");
    pen.lineWidth = 1;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const value of ticks(low, high, 4)) {
      pen.beginPath();
      pen.moveTo(LEFT, Math.round(y(value)) + 0.5);
      pen.lineTo(width - RIGHT, Math.round(y(value)) + 0.5);
      pen.stroke();
      pen.fillText(String(Number(value.toPrecision(3))), LEFT - 6, y(value));
    }
    pen.textBaseline = "alphabetic";
    pen.textAlign = "center";
    for (const time of ticks(0, seconds, Math.max(2, Math.floor(across / 70)))) {
      pen.fillText(`${Number(time.toPrecision(3))} s`, Math.min(LEFT + (across * time) / seconds, width - 12), height - 5);
    }
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, TOP - 2, across, down + 4);
    pen.clip();
    // The reward lies below its terms: it is the largest.
    for (const curve of shown().sort((a, b) => (a.kind === "term") - (b.kind === "term"))) paintCurve(pen, curve, y, across);
    pen.restore();
  }

  function paintCurve(pen, { index, kind, colour: own }, y, across) {
    const { rewards, frames, stride, count } = clip();
    pen.strokeStyle = own.startsWith("var") ? colour("text") : own;
    pen.lineWidth = kind === "term" && alone === null ? 1.25 : 1.75;
    pen.lineJoin = "round";
    pen.beginPath();
    let isDown = false; // What is no number is a gap.
    for (let frame = 0; frame < frames; frame++) {
      const value = rewards[frame * facts.rows.length + index];
      const x = LEFT + (across * (Math.min(frame * stride, count - 1) + 0.5)) / count;
      if (!Number.isFinite(value)) isDown = false;
      else if (isDown) pen.lineTo(x, y(value));
      else { pen.moveTo(x, y(value)); isDown = true; }
    }
    pen.stroke();
  }

  function draw(at) {
    const key = [state.episode?.index, alone, canvas.clientWidth, canvas.clientHeight, document.documentElement.dataset.rvLook].join();
    if (key !== drawn && canvas.clientWidth && clip().rewards) {
      drawn = key;
      paint();
    }
    bands.draw(band, dragged);
    marker.style.transform = `translateX(${Math.min(Math.max(place(at), 0), 1) * plot.clientWidth}px)`;
  }

  // -- the user -----------------------------------------------------------------

  // A click goes there, and a drag selects what is repeated, as in the viewer's charts.
  let pressed = null; // {x, step}
  let dragged = null; // The steps from and to, once it is a drag.
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    plot.setPointerCapture(event.pointerId);
    pressed = { x: event.clientX, step: stepAt(event.clientX) };
  });
  plot.addEventListener("pointermove", (event) => {
    if (pressed && (dragged || Math.abs(event.clientX - pressed.x) > DRAG)) dragged = [pressed.step, stepAt(event.clientX)];
    read(event);
  });
  plot.addEventListener("pointerup", () => {
    if (dragged) send("select_steps", dragged);
    else if (pressed) send("seek", pressed.step);
    pressed = dragged = null;
  });
  plot.addEventListener("pointercancel", () => { pressed = dragged = null; });
  plot.addEventListener("pointerleave", () => reading.classList.remove("rv-open"));

  // What the curves are at the pointer.
  function read(event) {
    const step = stepAt(event.clientX);
    const own = clipAt(step);
    const values = window.rvShared.rewardsAt(own, step - own.start);
    const largest = shown().sort((a, b) => Math.abs(values[b.index]) - Math.abs(values[a.index])).slice(0, MOST_READ);
    reading.replaceChildren();
    element("b", "", reading).textContent = `${((step - own.start) * facts.dt).toFixed(2)} s, step ${own.first + step - own.start}`;
    for (const { name, index, colour: ink } of largest) {
      const line = element("div", "", reading);
      element("i", "", line).style.background = ink;
      element("span", "", line).textContent = name;
      element("strong", "", line).textContent = text(values[index]);
    }
    reading.classList.add("rv-open");
    const { width, height } = reading.getBoundingClientRect();
    reading.style.left = `${Math.min(Math.max(event.clientX - width - 14, 8), innerWidth - width - 8)}px`;
    reading.style.top = `${Math.max(event.clientY - height - 14, 8)}px`;
  }

  window.rvShared.chart = { toggle };
  addPart({ draw });
})();
