// viser's page, as our scripts use it. What is private to it is named here and in no other script. It runs in the page's
// head, so that it sees the server's messages before viser does.
//
// viser promises none of these names; tests/browser/test_viser_names.py says which of them a newer one lacks:
//   __viserMutable               what the parts of viser's page share, set when it begins
//   messageQueue                 in it: the server's messages that the page has not read yet
//   requestRender                has the page read them
//   sendMessage                  the way to the server; while there is none, one that only says "is not connected"
//   sendCamera                   tells the server where the camera is
//   nodePoseData                 position and wxyz of the scene's nodes, by name
//   nodeRefFromName              three.js' groups of the scene's nodes, by name: a mesh or a light is a child of its node's
//   scene                        three.js' scene, with y up
//   __r3f                        in it, root.getState().gl: three.js' renderer
//   camera                       three.js' camera, with y up, looking along x
//   cameraControl                camera-controls, which knows what is looked at
//   __viserTestpoints            what viser's own tests look at
//   uplots                       in it: the charts, by the id of their handle; uPlot's own interface is public
//   ThemeConfigurationMessage    how the page looks: dark_mode
//   SceneNodeUpdateMessage       properties of a node of the scene: owner, name, updates; its first ones are its props
//   SetPositionMessage           where a node is: name, position
//   SetOrientationMessage        how it is turned: name, wxyz
//   EnableLightsMessage          the scene's own light: enabled, cast_shadow
//   GuiSetPanelWidthMessage      of the panel: uuid, width, counter, run_id
//   GuiSetPanelCollapsedMessage  of the panel: uuid, collapsed, counter, run_id
//   GuiUpdateMessage             a control's value: uuid, updates
//   set_server                   to the thread that has the connection: server, its address
//   Viser                        the title with which viser writes into the address bar
//   SetCameraPositionMessage     where the server wants the camera, at first (initial) or later: position
//   __VISER_EMBED_DATA__         of a page without a server: its scene
//   scene tree                   there, what the label of a button ends with
//   SetCameraLookAtMessage       the same
//   SetCameraFovMessage          the same
//   viser-control-panel          the panel's id in messages
//   canvas[data-engine]          the picture
//   [role=tablist]               tabs beside each other
//   [role=tab]                   one of them: its text is its name, aria-selected whether it is open
//   [role=option]                what a dropdown offers
//   [data-dock-side=right]       the panel where it is docked
//   .uplot-container             a chart and what is around it
//   webgl-software-rendering     the note that there is no GPU, with a button that closes it
//   .mantine-Paper-root          the panel of a page as narrow as a phone: a sheet with a style of "position: fixed"
//   cursor: pointer              the style of its handle, which has buttons while the sheet is open
// And what viser.css and early.css need besides:
//   #root                        all that viser draws
//   [data-dock-root]             in it: the picture and what is docked
//   .mantine-ActionIcon-root     beside a chart: the button for a larger copy
//   width: 20em                  the style of what is in the sheet
//   .mantine-Notifications-root  the notes at an edge of the picture, data-position at which
//   .mantine-ScrollArea-content  what is scrolled in the panel
//   --mantine-primary-color-filled  the colour of buttons, sliders and ticks; so are --mantine-color-custom-filled and -gray-filled
//   .mantine-Button-root         a button of the panel: the style of one with a colour of its own has a --button-bg
//   --mantine-color-dimmed       of labels and of what is less important
//   [data-dock-region-handle]    the line above a docked panel: the handle to drag it first, then the arrow that closes it
//   [data-dock-header]           the panel's title and its two buttons
//   .tabler-icon-cloud-check     there, that the page is connected, laid over an empty div, with a div as a gap behind that
//   .tabler-icon-list-search     in the button that lists the commands
//   .tabler-icon-adjustments     in the button of viser's own settings
//   data-mantine-color-scheme    of the document: whether viser's page is "light" or "dark"
(() => {
  const PANEL = "viser-control-panel";
  const PICTURE = "canvas[data-engine]";
  const SHEET_HANDLE = '#root .mantine-Paper-root[style*="position: fixed"] [style*="cursor: pointer"]';
  const CAMERA_KEYS = /^(Key[WASDQE]|Arrow(Up|Down))$/;
  const CAMERA_MESSAGES = ["SetCameraPositionMessage", "SetCameraLookAtMessage", "SetCameraFovMessage"];
  const RUN = `page-${performance.timeOrigin}`; // Among the commands to the panel, those of this page.

  const shared = () => window.__viserMutable ?? {};

  // -- messages ---------------------------------------------------------------

  // viser's page is told by messages how to look. Those about the theme, the ground, the panel and the camera are changed on
  // their way to what this browser wishes, so that nothing is seen to jump or flash.
  let wishes = null; // {isDark(), colours(node), panelWidth(usual), isPanelClosed(), keepsCamera()}
  let queue = null;
  let theme = null;
  const coloured = {}; // First properties of the nodes whose colours are wished, by name.
  let counter = 0;

  let hasShadows = true;

  function changed(message) {
    if (message.type === "EnableLightsMessage") hasShadows = message.cast_shadow;
    if (message.type === "ThemeConfigurationMessage") {
      theme = { ...message, dark_mode: wishes.isDark() };
      return [theme];
    }
    if (message.props && wishes.colours(message.name)) {
      coloured[message.name] = message.props;
      return [{ ...message, props: { ...message.props, ...colours(message.name) } }];
    }
    if (message.type === "GuiSetPanelWidthMessage" && message.uuid === PANEL && message.run_id !== RUN) {
      const width = { ...message, width: wishes.panelWidth(message.width) };
      return wishes.isPanelClosed() ? [width, collapsing(true)] : [width];
    }
    if (CAMERA_MESSAGES.includes(message.type) && !message.initial && wishes.keepsCamera()) return [];
    return [message];
  }

  function colours(name) {
    const wanted = Object.entries(wishes.colours(name));
    return Object.fromEntries(wanted.map(([property, colour]) => [property, filled(coloured[name][property], colour)]));
  }

  // A colour for each of many is a flat list of numbers.
  function filled(before, colour) {
    return ArrayBuffer.isView(before) ? before.map((_, index) => colour[index % 3]) : colour;
  }

  // As if the server had said so, but to this browser alone.
  function tell(message) {
    queue.push(message);
    shared().requestRender();
  }

  function collapsing(collapsed) {
    counter += 1;
    return { type: "GuiSetPanelCollapsedMessage", uuid: PANEL, collapsed, counter, run_id: RUN };
  }

  function obey(wanted) {
    wishes = wanted;
  }

  // What is wished of the look is another one now.
  function changeLook() {
    if (theme) tell(theme);
    for (const name of Object.keys(coloured)) tell({ type: "SceneNodeUpdateMessage", owner: "", name, updates: colours(name) });
  }

  // Poses of nodes, as [name, position, wxyz]; wxyz may be left out.
  function move(poses) {
    for (const [name, position, wxyz] of poses) {
      queue.push({ type: "SetPositionMessage", owner: "", name, position });
      if (wxyz) queue.push({ type: "SetOrientationMessage", owner: "", name, wxyz });
    }
    shared().requestRender();
  }

  function moveCamera(position, target, fov) {
    tell({ type: "SetCameraFovMessage", fov, initial: false });
    tell({ type: "SetCameraPositionMessage", position, initial: false });
    tell({ type: "SetCameraLookAtMessage", look_at: target, initial: false });
  }

  function setShadows(cast_shadow) {
    tell({ type: "EnableLightsMessage", enabled: false, cast_shadow });
  }

  function setPanel(width, isClosed) {
    counter += 1;
    tell({ type: "GuiSetPanelWidthMessage", uuid: PANEL, width, counter, run_id: RUN });
    tell(collapsing(isClosed));
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

  function isConnected() {
    const { sendMessage } = shared();
    return Boolean(sendMessage) && !String(sendMessage).includes("is not connected");
  }

  // -- the address ------------------------------------------------------------

  // Where this page's server has something; a proxy may have put something before it.
  function address(name = "") {
    const [own] = window.location.href.split(/[?#]/);
    return new URL(name && !own.endsWith("/") ? `${own}/${name}` : own + name);
  }

  function websocketAddress(name) {
    const found = address(name);
    found.protocol = found.protocol === "https:" ? "wss:" : "ws:";
    return found;
  }

  // viser takes its server from the address bar and writes it there. A link could have it talk to any server, which may run
  // scripts in this page, and without the slash at the end of a path a proxy does not know it.
  // What stays of a link is the place that it names, as place.py has it.
  const PLACE = /^((recording|env|episode|start|delay)[2-8]?|step|compare|align|camera|stand)$/;
  let asked = {};
  let writePlace = null;
  function keepAddress() {
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message, ...rest) {
      const own = message?.type === "set_server" ? { ...message, server: websocketAddress().href } : message;
      return postMessage.call(this, own, ...rest);
    };
    const write = history.replaceState.bind(history);
    history.replaceState = (state, title, ...rest) => { if (title !== "Viser") write(state, title, ...rest); };
    const found = new URLSearchParams(window.location.search);
    asked = Object.fromEntries([...found].filter(([name]) => PLACE.test(name)));
    writePlace = (place) => {
      const own = addressOf(place);
      try {
        if (window.location.href !== own.href) write(null, "", own.href);
      } catch {
        // A frame without an address of its own.
      }
    };
    writePlace(asked);
  }
  function addressOf(place) {
    const own = address();
    for (const [name, value] of Object.entries(place)) if ((value ?? null) !== null) own.searchParams.set(name, value);
    own.search = own.search.replaceAll("%2C", ","); // Of coordinates, which people read.
    return own;
  }
  keepAddress();

  // The place that the page was opened at, once: who comes back later does not move everybody else again.
  function takeAskedPlace() {
    const taken = asked;
    asked = {};
    return Object.keys(taken).length ? taken : null;
  }

  // Gives a control its value, as if the user had.
  function send(control, value) {
    shared().sendMessage({ type: "GuiUpdateMessage", uuid: control, updates: { value } });
  }

  // -- the scene --------------------------------------------------------------

  function picture() {
    return document.querySelector(PICTURE);
  }

  function nodePosition(name) {
    const { position } = shared().nodePoseData?.[name] ?? {};
    return position && [...position];
  }

  // {position, target, fov} as the world has it, with z up; null while there is none.
  function camera() {
    const { camera, cameraControl } = shared();
    if (!cameraControl) return null;
    const inWorld = ({ x, y, z }) => [-z, -x, y];
    const target = cameraControl.getTarget(camera.position.clone());
    return { position: inWorld(camera.position), target: inWorld(target), fov: (camera.fov * Math.PI) / 180 };
  }

  // What is drawn for a node itself: a mesh or a light of three.js; nothing until viser has made it.
  function drawn(name) {
    return shared().nodeRefFromName?.[name]?.children.find((child) => child.isMesh || child.isLight);
  }

  // Of three.js; null where viser does not tell.
  function renderer() {
    return shared().scene?.__r3f?.root?.getState?.().gl ?? null;
  }

  // Whether the sun is to cast shadows: viser's own light, which the message is about, is off.
  function castsShadows() {
    return hasShadows;
  }

  // The server believes that the camera is where it has put it.
  function sendCamera() {
    shared().sendCamera?.();
  }

  function isCameraKey(code) {
    return CAMERA_KEYS.test(code);
  }

  // -- the panel --------------------------------------------------------------

  function charts() {
    return Object.values(window.__viserTestpoints?.uplots ?? {}).map(({ chart }) => chart).filter(Boolean);
  }

  function chart(id) {
    return window.__viserTestpoints?.uplots?.[id]?.chart;
  }

  function boxOf(chart) {
    return chart.root.closest(".uplot-container");
  }

  // The tabs beside the one that is called `known`, as {name, isOpen, open()}; none until viser has made them.
  function tabs(known) {
    const lists = [...document.querySelectorAll("[role=tablist]")].map((list) => [...list.querySelectorAll("[role=tab]")]);
    const found = lists.find((list) => list.some((tab) => nameOf(tab) === known)) ?? [];
    return found.map((tab) => (
      { name: nameOf(tab), isOpen: tab.getAttribute("aria-selected") === "true", open: () => openTab(tab) }
    ));
  }

  // Without the number that is in the name of one.
  function nameOf(tab) {
    return tab.textContent.replace(/[^A-Za-z ]/g, "").trim();
  }

  // They can be dragged, and listen to keys, not to clicks; those of its phone page listen to clicks.
  function openTab(tab) {
    tab.click();
    tab.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  }

  // Where it is docked; closed, it is some pixels wide.
  function panelWidth() {
    return document.querySelector("[data-dock-side=right]")?.clientWidth;
  }

  // Closes the sheet that the panel is on a phone held upright; says whether it was open.
  function closeSheet() {
    const handle = document.querySelector(SHEET_HANDLE);
    const isOpen = Boolean(handle?.querySelector("button")); // Only an open one has buttons.
    if (isOpen) handle.click();
    return isOpen;
  }

  // -- what an event is about, and notes --------------------------------------

  function isPicture({ target }) {
    return Boolean(target.closest?.(PICTURE));
  }

  function isTab({ target }) {
    return Boolean(target.closest?.("[role=tab]"));
  }

  // Whether what has the focus needs this key itself: to write, to be pressed, to go through tabs and options.
  function needsKey({ key, target }) {
    if (target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable=true]")) return true;
    const pressed = key === " " ? "button, a, input, [role=button], [role=tab], [role=switch]" : null;
    const moved = /^(Arrow|Home|End)/.test(key) ? "[role=tab], [role=option]" : null;
    return [pressed, moved].some((selector) => selector && target.closest?.(selector));
  }

  function isPressable({ target }) {
    return Boolean(target.closest?.("button, [role=option]"));
  }

  // Closes viser's note that there is no GPU; says whether it was there.
  function closeNoteOnGpu() {
    const note = document.getElementById("webgl-software-rendering");
    note?.querySelector("button")?.click();
    return Boolean(note);
  }

  window.rvViser = {
    obey, changeLook, move, moveCamera, setShadows, setPanel, isConnected, send, address, websocketAddress, takeAskedPlace, writePlace, addressOf,
    picture, nodePosition, drawn, renderer, castsShadows, camera, sendCamera, isCameraKey,
    charts, chart, boxOf, tabs, panelWidth, closeSheet,
    isPicture, isTab, isPressable, needsKey, closeNoteOnGpu,
  };
})();
