// A lane below the timeline for each recording beside the one that leads. A click lets it lead; dragged to the side it is
// shown later or earlier.
(() => {
  const { state, element, colour, send, timeline, timelineMarks, addPart } = window.replayViewer;
  const PITCH = 18; // [px], as in lanes.css.
  const SLACK = 4; // [px]: a click that trembles is no drag.

  const box = element("div", "", null, { id: "rv-lanes" });
  timeline.track.after(box);
  const tip = element("div", "rv-tip", box);
  let lanes = []; // {node, canvas, label, take} in the order of the takes.
  let held = null; // {lane, x, delay, isDrag, to} while one is held.
  let drawn = "";

  const takes = () => state.takes.slice(1);

  function update(changes) {
    if (!["takes", "lanes", "laneTimes"].some((name) => name in changes)) return;
    const wanted = takes();
    while (lanes.length > wanted.length) lanes.pop().node.remove();
    while (lanes.length < wanted.length) lanes.push(newLane(lanes.length));
    document.documentElement.style.setProperty("--rv-lanes", `${PITCH * lanes.length}px`);
    timeline.track.classList.toggle("rv-has-lanes", lanes.length > 0);
    wanted.forEach((take, index) => {
      const { node, label } = lanes[index];
      label.textContent = take.name;
      node.style.setProperty("--rv-take", take.color);
      node.title = "";
      node.setAttribute("aria-label", `${take.name}: lane of the timeline`);
      node.setAttribute("aria-valuenow", String(take.delay));
      node.setAttribute("aria-valuetext", delayText(take.delay));
    });
    drawn = "";
  }

  function newLane(index) {
    const node = element("div", "rv-lane", box, { role: "slider", tabindex: "0" });
    const canvas = element("canvas", "", node);
    const label = element("span", "", node);
    const lane = { node, canvas, label, index };
    node.addEventListener("pointerdown", (event) => hold(event, lane));
    node.addEventListener("pointermove", (event) => move(event, lane));
    node.addEventListener("pointerup", letGo);
    node.addEventListener("pointercancel", () => { held = null; drawn = ""; });
    node.addEventListener("pointerleave", () => { if (!held) tip.style.visibility = "hidden"; });
    node.addEventListener("keydown", (event) => press(event, lane));
    return lane;
  }

  function delayText(seconds) {
    return seconds === 0 ? "no delay" : `${Math.abs(seconds).toFixed(2)} s ${seconds > 0 ? "later" : "earlier"}`;
  }

  // -- the user -------------------------------------------------------------------

  // Steps of the lead in a pixel.
  function stepsPerPixel() {
    return 1 / ((timeline.fraction(1) - timeline.fraction(0)) * box.clientWidth);
  }

  function hold(event, lane) {
    if (event.button !== 0) return;
    lane.node.setPointerCapture(event.pointerId);
    held = { lane, x: event.clientX, delay: takes()[lane.index].delay, isDrag: false, to: null };
  }

  function move(event, lane) {
    showTip(event, lane);
    if (held?.lane !== lane) return;
    const moved = event.clientX - held.x;
    held.isDrag ||= Math.abs(moved) >= SLACK;
    if (!held.isDrag) return;
    const to = Math.round((held.delay + moved * stepsPerPixel() * state.dt) * 1000) / 1000;
    if (to !== held.to) send("delay_take", [takes()[lane.index].key, to]);
    held.to = to;
    drawn = "";
    showTip(event, lane);
  }

  function letGo() {
    if (held && !held.isDrag) send("lead_take", takes()[held.lane.index].key);
    held = null;
    tip.style.visibility = "hidden";
  }

  function press(event, { index }) {
    const { key, delay } = takes()[index];
    const step = { ArrowLeft: -state.dt, ArrowRight: state.dt }[event.key];
    if (step) send("delay_take", [key, Math.round((delay + step) * 1e6) / 1e6]);
    else if (event.key === "Backspace") send("delay_take", [key, 0]);
    else if (event.key === "Enter") send("lead_take", key);
    else return;
    event.stopImmediatePropagation();
    event.preventDefault();
  }

  function showTip({ clientX }, { index, node }) {
    const { name, delay } = takes()[index];
    const isDragged = held?.lane.index === index && held.isDrag;
    tip.textContent = isDragged ? `${name}: ${delayText(held.to)}`
      : `${name}${delay ? `, ${delayText(delay)}` : ""}: click to let it lead, drag to show it later or earlier`;
    const frame = box.getBoundingClientRect();
    const half = tip.offsetWidth / 2;
    tip.style.left = `${Math.min(Math.max(clientX - frame.left, half), frame.width - half)}px`;
    tip.style.bottom = `${frame.bottom - node.getBoundingClientRect().top + 3}px`;
    tip.style.visibility = "visible";
  }

  // -- drawing --------------------------------------------------------------------

  // Where a step of a take is among the lead's, also while it is dragged.
  function place(index) {
    const [zero, steps] = state.laneTimes[index];
    const isDragged = held?.lane.index === index && held.to !== null;
    const ahead = isDragged ? (held.to - takes()[index].delay) / state.dt : 0;
    return (step) => zero + ahead + step * steps;
  }

  function drawLane({ canvas, index }) {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    [canvas.width, canvas.height] = [width, height].map((side) => Math.round(side * ratio));
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const kinds = Object.keys(state.kinds);
    const at = place(index);
    const x = (step) => timeline.fraction(at(step)) * width;
    const { first, last, kind } = state.lanes[index];
    let covered = "";
    first.forEach((from, number) => {
      const [left, right] = [x(from - 0.5), x(last[number] + 0.5)];
      const pixel = `${Math.floor(right)} ${kind[number]}`;
      if (right < 0 || left > width || (right - left < 1 && pixel === covered)) return;
      covered = pixel;
      pen.globalAlpha = 0.35;
      pen.fillStyle = takes()[index].color;
      pen.fillRect(left, 2, Math.max(right - left - 1, 1), height - 4);
      if (kinds[kind[number]] === "unfinished") return; // The recording ends here, the episode does not.
      pen.globalAlpha = 1;
      pen.fillStyle = colour(kinds[kind[number]]);
      timelineMarks.drawEnd(pen, kinds[kind[number]], Math.max(right - 4, left), 1, height - 2);
    });
    pen.globalAlpha = 1;
  }

  function draw() {
    if (!lanes.length || !state.lanes || state.lanes.length !== lanes.length) return;
    const key = [timeline.fraction(0), timeline.fraction(1), box.clientWidth, window.devicePixelRatio, document.documentElement.dataset.rvLook].join();
    if (key === drawn) return;
    drawn = key;
    lanes.forEach(drawLane);
  }

  function close() {
    document.documentElement.style.removeProperty("--rv-lanes");
    box.remove();
  }

  addPart({ update, draw, close });
})();
