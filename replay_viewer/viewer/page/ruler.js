// The ruler of time below the episodes: a label every 1, 2 or 5 seconds, or as many tens or tenths of that as leave room
// between labels, and ticks between them.
(() => {
  const { state, element, colour, timeline, addPart } = window.replayViewer;
  const ROOM = 76; // [px] from one label to the next, at least.
  const TICK_ROOM = 7; // [px] between ticks.
  const PARTS = { 1: 5, 2: 4, 5: 5 }; // Between two labels, by the first digit of what is between them.

  const ruler = element("div", "rv-ruler", timeline.track, { "aria-hidden": "true" });
  const canvas = element("canvas", "", ruler);
  const labels = []; // Those that there is use for now, and some that are hidden.
  let drawn = "";

  // The least of ..., 1, 2, 5, 10, ... that is no less than `least`, as a digit and a power of ten.
  function spacing(least) {
    const power = Math.floor(Math.log10(least) + 1e-9);
    const digit = [1, 2, 5].find((one) => one * 10 ** power >= least * (1 - 1e-9));
    return digit ? [digit, power] : [1, power + 1];
  }

  function drawRuler(width) {
    const perPixel = state.dt / ((timeline.fraction(1) - timeline.fraction(0)) * width);
    const [digit, power] = spacing(Math.max(ROOM * perPixel, state.dt));
    const apart = digit * 10 ** power;
    const first = Math.ceil((state.dt * stepAtLeft()) / apart - 1e-9);
    const place = (count) => timeline.fraction((count * apart) / state.dt) * width;
    const count = Math.max(Math.floor((width - place(first)) / (apart / perPixel) + 1e-9) + 1, 0);
    setLabels(count, (index) => [place(first + index), told((first + index) * apart, power)]);
    drawTicks(width, place, first - 1, count + 1, PARTS[digit], apart / perPixel);
  }

  // With its fraction: the left edge is half a step before the first one.
  function stepAtLeft() {
    return -timeline.fraction(0) / (timeline.fraction(1) - timeline.fraction(0));
  }

  function told(seconds, power) {
    const digits = Math.max(-power, 0);
    return `${seconds.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })} s`;
  }

  function setLabels(count, label) {
    while (labels.length < count) labels.push(element("span", "", ruler));
    labels.forEach((node, index) => {
      node.hidden = index >= count;
      if (node.hidden) return;
      const [x, text] = label(index);
      node.style.transform = `translateX(calc(${x}px - 50%))`;
      if (node.textContent !== text) node.textContent = text;
    });
  }

  function drawTicks(width, place, first, count, parts, apart) {
    const ratio = window.devicePixelRatio || 1;
    const height = canvas.clientHeight;
    [canvas.width, canvas.height] = [width, height].map((side) => Math.round(side * ratio));
    const pen = canvas.getContext("2d");
    pen.fillStyle = colour("dim");
    const fine = apart / parts < TICK_ROOM ? 1 : parts;
    for (let tick = 0; tick <= count * fine; tick += 1) {
      const isLabelled = tick % fine === 0;
      const x = Math.round(place(first + tick / fine) * ratio);
      pen.globalAlpha = isLabelled ? 0.9 : 0.45;
      pen.fillRect(x, 0, Math.max(Math.round(ratio), 1), Math.round((isLabelled ? height : height / 2) * ratio));
    }
  }

  function draw() {
    const width = timeline.width();
    const key = `${timeline.fraction(0)} ${timeline.fraction(1)} ${width} ${state.dt} ${window.devicePixelRatio} ${document.documentElement.dataset.rvLook}`;
    if (key === drawn || !width) return;
    drawn = key;
    drawRuler(width);
  }

  addPart({ draw });
})();
