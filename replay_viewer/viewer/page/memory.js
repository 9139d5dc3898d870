// What this browser remembers of its view, and tells Python when it comes back: the camera, following, shadows; and of the
// panel its width, whether it is closed, and the tab.
//
// The camera is kept in sizes of the robot and, where it follows, from the robot's place on the ground, so that it suits
// any recording. One that stands still belongs to its recording.
(() => {
  const { state, send, addPart } = window.replayViewer;
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

  // viser's page has y up and looks along x, the robot's world has z up.
  function fromPage({ x, y, z }, unit) {
    return [-z, -x, y].map((number) => Number((number / unit).toPrecision(6)));
  }

  function camera() {
    const { camera, cameraControl } = window.__viserMutable;
    const target = cameraControl.getTarget(camera.position.clone());
    return { position: fromPage(camera.position, state.size), target: fromPage(target, state.size), fov: camera.fov * Math.PI / 180 };
  }

  function view() {
    if (!window.__viserMutable?.cameraControl || !(state.size > 0)) return {};
    if (state.following) return { view: { camera: camera() } };
    return { view: { camera: camera(), world: [...window.__viserMutable.nodePoseData["/world"].position], of: state.title } };
  }

  function restore() {
    const { view, shadows } = memory();
    const isElsewhere = view?.world && view.of !== state.title;
    send("restore_view", { shadows, ...(isElsewhere || isTaken("camera") ? {} : view) });
  }

  // -- the panel --------------------------------------------------------------

  // Without the number that is in the name of one.
  function nameOf(tab) {
    return tab.textContent.replace(/[^A-Za-z ]/g, "").trim();
  }

  function tabs() {
    const lists = [...document.querySelectorAll("[role=tablist]")].map((list) => [...list.querySelectorAll("[role=tab]")]);
    return lists.find((list) => list.some((tab) => nameOf(tab) === FIRST_TAB)) ?? [];
  }

  function tab() {
    const chosen = tabs().find((tab) => tab.getAttribute("aria-selected") === "true");
    return chosen ? { tab: nameOf(chosen) } : {};
  }

  function panel() {
    const width = document.querySelector("[data-dock-side=right]")?.clientWidth;
    if (isSmall() || !width) return {};
    const panelClosed = width < 100;
    return panelClosed ? { panelClosed } : { panelClosed, panelWidth: width };
  }

  // Opens a tab; says whether it is open already or there is none such, once viser has made the tabs.
  // They can be dragged, and listen to keys, not to clicks; those of its phone page listen to clicks.
  function openTab(name) {
    const tab = tabs().find((found) => nameOf(found) === name);
    if (!tab || tab.getAttribute("aria-selected") === "true") return tabs().length > 0;
    tab.click();
    tab.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
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
