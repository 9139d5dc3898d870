// The address of the page names the place that is shown, so that it can be copied, pasted elsewhere and reloaded.
(() => {
  const { state, send, addPart } = window.replayViewer;
  const viser = window.rvViser;
  const EVERY = 1000; // [ms] between two changes of the address: browsers refuse many.
  const STORE = "replay-viewer-place";
  let hasCome = false; // Whether there was something to go to a place in.
  let asked = viser.takeAskedPlace();
  let name = null; // What addresses call the recording that is shown.
  let written = 0;

  // A reload finds the viewer as it is, which may have gone on since the address was written; unless it is another one now.
  function isReloaded() {
    const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
    try {
      const before = sessionStorage.getItem(STORE);
      sessionStorage.setItem(STORE, state.viewer);
      return isReload && before === state.viewer;
    } catch {
      return false; // A browser that keeps nothing.
    }
  }

  // What the address says; null while nothing is shown. Behind the newest step of a recording that is written it names no
  // step, so that a reload follows it too.
  function placeAt(at) {
    return name && { recording: name, env: state.envId, step: state.tail?.live ? null : Math.floor(at + 1e-6) };
  }

  function update(changes) {
    if ("name" in (changes.files ?? {})) name = changes.files.name;
    const isReady = "title" in changes || changes.files?.folder;
    if (!isReady || hasCome) return;
    hasCome = true;
    if (!isReloaded() && asked) send("go_to_place", asked);
    asked = null;
    written = performance.now(); // Until it is there, the address stays what it is.
  }

  function draw(at) {
    const now = performance.now();
    if (asked || now - written < EVERY) return;
    const place = window.replayViewer.placeAt(at);
    if (!place) return;
    written = now;
    viser.writePlace(place);
  }

  window.replayViewer.placeAt = placeAt;

  addPart({ update, draw });
})();
