// What must stand before viser draws anything: light or dark, and where the panel was, as this browser remembers it. It
// runs in the page's head, after viser.js, which has viser's page look so.
(() => {
  const viser = window.rvViser;
  const STORE = "replay-viewer";
  const FLOORS = /*FLOORS*/; // Colours by look, node and property.
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  // -- what this browser remembers --------------------------------------------

  // Anything may be in the store: other versions of this page write there, and users.
  function memory() {
    try {
      const found = JSON.parse(localStorage.getItem(STORE));
      return found && typeof found === "object" && !Array.isArray(found) ? found : {};
    } catch {
      return {};
    }
  }

  function remember(changes) {
    try {
      localStorage.setItem(STORE, JSON.stringify({ ...memory(), ...changes }));
    } catch {
      // A browser that keeps nothing is a browser that forgets.
    }
  }

  // -- what the user has done since -------------------------------------------

  // What is remembered comes back a moment after there is something to click on: what the user has taken by then stays.
  let comesBack = true; // Until the server has answered what was remembered.
  let began = 0;
  const taken = { tab: -1, camera: -1 }; // When, last.

  function beginComingBack() {
    if (!comesBack) began = performance.now();
    comesBack = true;
  }

  // Says whether the user has taken the camera meanwhile.
  function endComingBack() {
    const isUsers = comesBack && isTaken("camera");
    comesBack = false;
    if (isUsers) viser.sendCamera();
    return isUsers;
  }

  // Says whether the user has ever moved the camera here.
  function hasOwnCamera() {
    return taken.camera >= 0;
  }

  function isTaken(what) {
    return taken[what] >= began;
  }

  function takeTab(event) {
    const isUsers = event.isTrusted; // Not where this page itself opens one.
    if (isUsers && viser.isTab(event)) taken.tab = performance.now();
  }

  function takeCameraByPointer(event) {
    if ((event.type === "wheel" || event.buttons) && viser.isPicture(event)) taken.camera = performance.now();
  }

  function takeCameraByKey({ code, target }) {
    if (viser.isCameraKey(code) && !target.closest?.("input, textarea")) taken.camera = performance.now();
  }

  // -- light and dark ---------------------------------------------------------

  function look() {
    const { look } = memory();
    return ["light", "dark"].includes(look) ? look : "system";
  }

  function isDark() {
    return look() === "system" ? dark.matches : look() === "dark";
  }

  function applyLook() {
    document.documentElement.dataset.rvLook = isDark() ? "dark" : "light";
    viser.changeLook();
    window.dispatchEvent(new Event("rv-look"));
  }

  function setLook(look) {
    remember({ look });
    applyLook();
  }

  // -- the panel --------------------------------------------------------------

  // A phone has no room for the picture and the panel beside each other.
  function isSmall() {
    return window.matchMedia("(pointer: coarse)").matches && Math.min(window.innerWidth, window.innerHeight) < 500;
  }

  function isPanelClosed() {
    return isSmall() || memory().panelClosed === true;
  }

  // A large screen has room for wider charts.
  function roominess() {
    return window.innerWidth >= 1700 ? 1.25 : 1;
  }

  function panelWidth(usual) {
    const { panelWidth } = memory();
    return Number.isFinite(panelWidth) ? Math.min(Math.max(panelWidth, 280), 900) : usual * roominess();
  }

  function resetPanel(width) {
    viser.setPanel(width * roominess(), isSmall());
  }

  viser.obey({
    isDark, panelWidth, isPanelClosed,
    colours: (node) => FLOORS[isDark() ? "dark" : "light"][node],
    keepsCamera: () => comesBack && isTaken("camera"),
  });

  dark.addEventListener("change", applyLook);
  const listen = (type, take) => window.addEventListener(type, take, { capture: true, passive: true });
  listen("pointerdown", takeTab);
  listen("keydown", takeTab);
  listen("pointermove", takeCameraByPointer);
  listen("wheel", takeCameraByPointer);
  listen("keydown", takeCameraByKey);
  applyLook();
  window.rvBrowser = {
    memory, remember, look, setLook, isDark, isSmall, resetPanel, beginComingBack, endComingBack, isTaken, hasOwnCamera,
  };
})();
