// The address of the page names the place that is shown, so that it can be copied, pasted elsewhere and reloaded.
(() => {
  const { state, element, textButton, send, addPart } = window.replayViewer;
  const { hasOwnCamera } = window.rvBrowser;
  const viser = window.rvViser;
  const EVERY = 1000; // [ms] between two changes of the address: browsers refuse many.
  const STORE = "replay-viewer-place";
  let hasCome = false; // Whether there was something to go to a place in.
  let asked = viser.takeAskedPlace();
  let namesView = Boolean(asked?.camera); // Until it is there: what the browser remembers of its view does not count.
  let keepsView = namesView;
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
  function placeAt(at, withView = keepsView || hasOwnCamera()) {
    if (!state.place) return null;
    return { ...state.place, step: state.tail?.live ? null : Math.floor(at + 1e-6), ...(withView ? view() : {}) };
  }

  // From where it is seen, in metres; where the browser does not follow, in a world that stands still.
  function view() {
    const seen = viser.camera();
    if (!seen) return {};
    const text = (numbers) => numbers.map((number) => Number(number.toFixed(3))).join();
    const camera = text([...seen.position, ...seen.target]);
    if (state.following) return { camera };
    return { camera, stand: state.keepsAll ? "all" : text(viser.nodePosition("/world")) };
  }

  // -- a link ---------------------------------------------------------------------

  const link = textButton(document.querySelector("#rv-files"), "Copy link", "A link to what is shown, from here (Y)");
  link.id = "rv-link";
  let saying = null;
  function copyLink() {
    const place = window.replayViewer.placeAt(window.replayViewer.position(), true);
    if (!place) return;
    const text = viser.addressOf(place).href;
    const isCopied = (navigator.clipboard?.writeText(text) ?? Promise.reject()).catch(() => copyOldStyle(text));
    isCopied.then(() => say("Link copied"), () => say("Copy it from the address bar"));
    viser.writePlace(place);
    keepsView = true;
  }

  // Where the page has no certificate, browsers have no clipboard for it but this.
  function copyOldStyle(text) {
    const box = element("textarea", "", document.body);
    box.value = text;
    box.select();
    const isDone = document.execCommand("copy");
    box.remove();
    return isDone ? null : Promise.reject();
  }

  function say(text) {
    link.textContent = text;
    clearTimeout(saying);
    saying = setTimeout(() => { link.textContent = "Copy link"; }, 2000);
  }
  link.addEventListener("click", copyLink);

  function update(changes) {
    if (changes.arrived) namesView = false;
    const isReady = "title" in changes || changes.files?.folder;
    if (!isReady || hasCome) return;
    hasCome = true;
    if (isReloaded()) namesView = false; // Nothing is gone to: the browser remembers from where it saw it.
    else if (asked) send("go_to_place", asked);
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

  Object.assign(window.replayViewer, { placeAt, copyLink, namesView: () => namesView });

  addPart({ update, draw, close: () => link.remove() });
})();
