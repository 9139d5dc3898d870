// What must stand before viser draws anything: light or dark, and where the panel was. It runs in the page's head.
//
// viser tells its page how to look by messages, which wait in `__viserMutable.messageQueue`. Those about the theme, the
// floor and the panel are changed on their way to what this browser remembers, so that nothing is seen to jump or flash.
(() => {
  const STORE = "replay-viewer";
  const PANEL = "viser-control-panel";
  const RUN = `page-${performance.timeOrigin}`; // Among viser's commands, those of ours.
  const CAMERA = ["SetCameraPositionMessage", "SetCameraLookAtMessage", "SetCameraFovMessage"];
  const PICTURE = "canvas[data-engine]";
  const CAMERA_KEYS = /^(Key[WASDQE]|Arrow\w+)$/;
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
    if (isUsers) window.__viserMutable.sendCamera?.(); // The server believes it where it put it.
    return isUsers;
  }

  function isTaken(what) {
    return taken[what] >= began;
  }

  function takeTab({ isTrusted, target }) { // Not where this page itself opens one.
    if (isTrusted && target.closest?.("[role=tab]")) taken.tab = performance.now();
  }

  function takeCameraByPointer({ type, buttons, target }) {
    if ((type === "wheel" || buttons) && target.closest?.(PICTURE)) taken.camera = performance.now();
  }

  function takeCameraByKey({ code, target }) {
    if (CAMERA_KEYS.test(code) && !target.closest?.("input, textarea")) taken.camera = performance.now();
  }

  // -- light and dark ---------------------------------------------------------

  let queue = null;
  let lastTheme = null;
  const floors = {}; // Properties of the nodes that the server made, by name.
  let counter = 0;

  function look() {
    const { look } = memory();
    return ["light", "dark"].includes(look) ? look : "system";
  }

  function isDark() {
    return look() === "system" ? dark.matches : look() === "dark";
  }

  function colours(name) {
    const wanted = Object.entries(FLOORS[isDark() ? "dark" : "light"][name]);
    return Object.fromEntries(wanted.map(([property, colour]) => [property, filled(floors[name][property], colour)]));
  }

  // A colour for each of many is a flat list of numbers.
  function filled(before, colour) {
    return ArrayBuffer.isView(before) ? before.map((_, index) => colour[index % 3]) : colour;
  }

  function applyLook() {
    document.documentElement.dataset.rvLook = isDark() ? "dark" : "light";
    if (queue && lastTheme) tell(lastTheme);
    for (const name of Object.keys(floors)) tell({ type: "SceneNodeUpdateMessage", owner: "", name, updates: colours(name) });
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

  function isClosed() {
    const { panelClosed } = memory();
    return isSmall() || panelClosed === true;
  }

  // A large screen has room for wider charts.
  function roominess() {
    return window.innerWidth >= 1700 ? 1.25 : 1;
  }

  function panelWidth() {
    const { panelWidth } = memory();
    return Number.isFinite(panelWidth) ? Math.min(Math.max(panelWidth, 280), 900) : null;
  }

  // As if the server had said so, but to this browser alone.
  function collapsing(collapsed) {
    counter += 1;
    return { type: "GuiSetPanelCollapsedMessage", uuid: PANEL, collapsed, counter, run_id: RUN };
  }

  function resetPanel(width) {
    counter += 1;
    tell({ type: "GuiSetPanelWidthMessage", uuid: PANEL, width: width * roominess(), counter, run_id: RUN });
    tell(collapsing(isSmall()));
  }

  // -- viser's messages -------------------------------------------------------

  function changed(message) {
    if (message.type === "ThemeConfigurationMessage") {
      lastTheme = { ...message, dark_mode: isDark() };
      return [lastTheme];
    }
    if (message.props && message.name in FLOORS.light) {
      floors[message.name] = message.props;
      return [{ ...message, props: { ...message.props, ...colours(message.name) } }];
    }
    if (message.type === "GuiSetPanelWidthMessage" && message.uuid === PANEL && message.run_id !== RUN) {
      const width = { ...message, width: panelWidth() ?? message.width * roominess() };
      return isClosed() ? [width, collapsing(true)] : [width];
    }
    if (CAMERA.includes(message.type) && !message.initial && comesBack && isTaken("camera")) return [];
    return [message];
  }

  function tell(message) {
    queue.push(message);
    window.__viserMutable.requestRender();
  }

  function watch(mutable) {
    queue = mutable.messageQueue;
    queue.push = (...messages) => Array.prototype.push.apply(queue, messages.flatMap(changed));
    queue.push(...queue.splice(0));
  }

  Object.defineProperty(window, "__viserMutable", {
    configurable: true,
    set(mutable) {
      Object.defineProperty(window, "__viserMutable", { value: mutable, writable: true, configurable: true });
      watch(mutable);
    },
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
    memory, remember, look, setLook, isDark, isSmall, resetPanel, beginComingBack, endComingBack, isTaken,
  };
})();
