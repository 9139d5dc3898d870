// What this browser remembers of its view, and tells Python when it comes back: the camera, following, shadows; and of the
// panel its width, whether it is closed, and the tab.
//
// The camera is kept in sizes of the robot and, where it follows, from the robot's place on the ground, so that it suits
// any recording. One that stands still belongs to its recording.
(() => {
  const { state, send, addPart } = window.replayViewer;
  const viser = window.rvViser;
  const { memory, remember, isSmall, resetPanel, beginComingBack, endComingBack, isTaken } = window.rvBrowser;
  const PANEL_WIDTH = 350;
  const FIRST_TAB = "Replay";
  const EVERY = 500; // Milliseconds between two looks at what there is to remember.
  const SETTLED = 1500; // Milliseconds until the page stands as it was remembered.

  let restored = Infinity; // When; before, what there is to see is viser's own.
  let looked = 0;
  let awaitedTab = null;
  let usualShadows = true; // Without them, a viewer may have been started on purpose.

  // -- the camera -------------------------------------------------------------

  function inSizes(place) {
    return place.map((number) => Number((number / state.size).toPrecision(6)));
  }

  function view() {
    const seen = viser.camera();
    if (!seen || !(state.size > 0)) return {};
    const camera = { position: inSizes(seen.position), target: inSizes(seen.target), fov: seen.fov };
    if (state.keepsAll) return { view: { camera, keepsAll: true } };
    return { view: state.following ? { camera } : { camera, world: viser.nodePosition("/world"), of: state.place?.recording } };
  }

  function restore() {
    const { view, shadows } = memory();
    const isElsewhere = (view?.world && view.of !== state.place?.recording) || window.replayViewer.namesView?.();
    send("restore_view", { shadows, ...(isElsewhere || isTaken("camera") ? {} : view) });
  }

  // -- the panel --------------------------------------------------------------

  function tab() {
    const open = viser.tabs(FIRST_TAB).find(({ isOpen }) => isOpen);
    return open ? { tab: open.name } : {};
  }

  function panel() {
    const width = viser.panelWidth();
    if (isSmall() || !width) return {};
    const panelClosed = width < 100;
    return panelClosed ? { panelClosed } : { panelClosed, panelWidth: width };
  }

  // Opens a tab; says whether it is open already or there is none such, once viser has made the tabs.
  function openTab(name) {
    const tabs = viser.tabs(FIRST_TAB);
    const tab = tabs.find((found) => found.name === name);
    if (!tab || tab.isOpen) return tabs.length > 0;
    tab.open();
    return false;
  }

  // -- all of it --------------------------------------------------------------

  function lookAround() {
    const now = performance.now();
    if (now < restored || now - looked < EVERY) return;
    looked = now;
    if (isTaken("tab") || (awaitedTab && openTab(awaitedTab))) awaitedTab = null;
    const isSettled = now - restored > SETTLED;
    remember({
      ...(isSettled || isTaken("camera") ? view() : {}),
      ...(!awaitedTab && (isSettled || isTaken("tab")) ? tab() : {}),
      ...(isSettled ? panel() : {}),
    });
  }

  function reset(event) {
    if (!event.target.closest?.("[data-reset]")) return;
    remember({ view: null, shadows: null, tab: null, panelWidth: null, panelClosed: null });
    restored = performance.now();
    awaitedTab = null;
    resetPanel(PANEL_WIDTH);
    openTab(FIRST_TAB);
    send("reset_view");
  }

  function update(changes) {
    if ("title" in changes) {
      beginComingBack();
      restore();
      restored = performance.now();
      awaitedTab = memory().tab;
      usualShadows = changes.shadows;
    } else if ("following" in changes) {
      // The user's camera would look at nothing in a world that stands where another camera stood.
      if (endComingBack() && !changes.following) send("toggle_follow");
      remember({ shadows: changes.shadows === usualShadows ? null : changes.shadows });
    }
  }

  document.addEventListener("click", reset);
  addPart({ update, draw: lookAround, close: () => document.removeEventListener("click", reset) });
})();
