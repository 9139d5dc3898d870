// The clock in the bar: time and step. A click on either, or Enter, opens a field into which one is typed: Enter goes
// there, Escape leaves. A number is what was clicked; in the field of steps "6.5 s" and "1:05" are times, too.
(() => {
  const { state, element, send, timeline, addPart } = window.replayViewer;
  const KINDS = {
    time: { label: "Go to a time", hint: "A time in seconds, such as 6.5, or 1:05" },
    step: { label: "Go to a step", hint: "A step, such as 300, or a time, such as 6.5 s" },
  };

  const clock = element("div", "rv-clock", document.querySelector("#rv-bar .rv-row"));
  document.querySelector("#rv-bar .rv-episode").before(clock);
  const time = button("time");
  const timeNow = element("b", "", time, { id: "rv-time" });
  const timeEnd = element("span", "", time, { id: "rv-end" });
  const step = button("step");
  step.id = "rv-step";
  let field = null;
  let shownAt = null;

  function button(kind) {
    const { label, hint } = KINDS[kind];
    const node = element("button", `rv-value rv-${kind}`, clock, { type: "button", title: `${label}: click, and type it`, "aria-label": label });
    node.addEventListener("click", (event) => {
      event.stopPropagation(); // The page would take the focus away from the field.
      open(node, kind, hint, event.detail === 0);
    });
    return node;
  }

  function open(node, kind, hint, isByKey) {
    close();
    const now = Math.floor(window.replayViewer.position() + 1e-6);
    field = element("input", "rv-control rv-field", clock, {
      type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", title: hint, "aria-label": KINDS[kind].label,
    });
    field.value = kind === "step" ? String(now) : timeline.seconds(now);
    field.style.left = `${node.offsetLeft}px`;
    field.style.minWidth = `${node.offsetWidth}px`;
    field.addEventListener("blur", close);
    field.addEventListener("input", () => field.removeAttribute("aria-invalid"));
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") enter(kind);
      if (event.key === "Escape") close();
      if (field) return;
      event.preventDefault(); // The button that has the focus again would be pressed.
      if (isByKey) node.focus();
    });
    field.select();
  }

  function close() {
    const left = field;
    field = null;
    left?.remove();
  }

  function enter(kind) {
    const wanted = stepOf(field.value, kind);
    if (wanted === null) field.setAttribute("aria-invalid", "true");
    else {
      send("seek", Math.min(Math.max(wanted, 0), state.numSteps - 1));
      close();
    }
  }

  // The step that a text means; null if it is none.
  function stepOf(text, kind) {
    const [, minutes, number, unit] = /^\s*(?:(\d+):)?(\d+(?:[.,]\d*)?|[.,]\d+)\s*(s?)\s*$/.exec(text) ?? [];
    if (number === undefined) return null;
    const value = Number(number.replace(",", "."));
    const isTime = kind === "time" || unit || minutes || !Number.isInteger(value);
    return isTime ? Math.round((60 * Number(minutes ?? 0) + value) / state.dt) : value;
  }

  function update() {
    shownAt = null;
  }

  function draw(at) {
    if (at === shownAt) return;
    shownAt = at;
    const now = Math.floor(at + 1e-6);
    timeNow.textContent = timeline.seconds(at);
    const last = Math.max(state.numSteps - 1, now); // The pose of a new step comes before the length.
    timeEnd.textContent = ` / ${timeline.seconds(last)} s`;
    step.textContent = `step ${now} / ${last}`;
  }

  addPart({ update, draw });
})();
