// The keys to begin with, over the picture, for who has never pressed one: gone with the first, and for good.
(() => {
  const { notices, addPart } = window.replayViewer;
  const { memory, remember } = window.rvBrowser;
  const { node: hint, text } = notices.add("rv-hint", () => forget());
  text.innerHTML = /*HINT*/;

  function forget() {
    hint.hidden = true;
    remember({ knowsKeys: true });
    stop();
  }

  function onKey(event) {
    if (!["Shift", "Control", "Alt", "Meta"].includes(event.key)) forget();
  }

  function stop() {
    window.removeEventListener("keydown", onKey, true);
  }

  // Where fingers point there may be no keys.
  function update(changes) {
    const hasKeys = !window.matchMedia("(pointer: coarse)").matches;
    if ("numSteps" in changes && hasKeys && memory().knowsKeys !== true) hint.hidden = false;
  }

  window.addEventListener("keydown", onKey, true);
  addPart({ update, close: stop });
})();
