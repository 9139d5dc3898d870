// The table of all episodes: a drawer below the picture, or over it while nothing is shown. Python keeps the rows in their
// order, and sends the lines that are seen: this part asks for them, and keeps those around them.
(() => {
  const { state, element, textButton, send, files, addPart } = window.replayViewer;
  const { memory, remember } = window.rvBrowser;
  const CHUNK = 60; // Lines that are asked for at once.
  const MAX_ASKED = 4; // Chunks that are under way: who scrolls far needs only where it ends.
  const MAX_KEPT = 100; // Chunks.
  const HANDS_OFF = 2500; // [ms]: where the user has scrolled meanwhile, the table does not scroll by itself.
  const LOOK_AGAIN = 5000; // [ms], while it is seen: there may be new recordings.
  const LEAST_HEIGHT = 170; // [px]

  // What Python has told, and what is asked of it.
  const table = {
    version: 0, numLines: 0, numEpisodes: 0, numMatching: 0, kinds: {}, kindTexts: {}, flags: [], names: [], groups: [],
    scale: [0, 0], numFilms: 0, isOfSeveral: false, isTiled: false, place: null, current: null, problem: "", isLooking: false, numRecordings: 0, numSources: 0, numRead: 0, isCut: false, lookProblem: "",
  };
  // Of this table in other scripts: {choice(), update(changes)} filters, {node(line)} rows, {grid(), node(line)} films.
  const parts = {};
  let isOpen = false;
  let chunks = new Map(); // Number of a chunk: {version, lines}.
  let asked = new Map(); // Number of a chunk: the version it was asked for of.
  let nodes = new Map(); // Number of a line: its node.
  let drawn = "";
  let scrolledAt = 0;
  let cursor = null; // The line that the keys are at.

  const openButton = textButton(document.querySelector("#rv-files"), "Episodes", "The table of all episodes");
  document.querySelector("#rv-files").prepend(openButton);
  openButton.addEventListener("click", () => show(!isOpen));

  const drawer = element("section", "", document.body, { id: "rv-episodes", "aria-label": "Episodes" });
  const edge = element("div", "rv-drawer-edge", drawer, { title: "Pull to make the table higher or lower" });
  const head = element("header", "rv-drawer-head", drawer);
  const title = element("h2", "", head);
  const summary = element("span", "rv-drawer-summary", head, { role: "status" });
  const tools = element("div", "rv-drawer-tools", head);
  const opener = textButton(tools, "Open a file \u2026", "Open a recording of your own computer");
  opener.addEventListener("click", () => window.replayViewer.chooseFiles());
  const closer = textButton(tools, "\u00d7", "Close the table (Escape)");
  closer.classList.add("rv-drawer-close");
  closer.setAttribute("aria-label", "Close the table");
  closer.addEventListener("click", () => show(false));
  const filters = element("div", "rv-drawer-filters", drawer);
  const scroller = element("div", "rv-drawer-rows", drawer, { tabindex: "0", role: "table", "aria-label": "Episodes" });
  const header = element("div", "rv-line rv-line-head", scroller, { role: "row" });
  const body = element("div", "rv-lines", scroller, { role: "rowgroup" });
  const empty = element("div", "rv-drawer-empty", scroller);

  // -- opening and closing ------------------------------------------------------

  const isSmall = () => window.matchMedia("(max-width: 700px), (max-height: 500px)").matches;

  function height() {
    const wished = memory().drawerHeight;
    const most = Math.max(window.innerHeight - 300, LEAST_HEIGHT);
    return Math.min(Math.max(Number.isFinite(wished) ? wished : window.innerHeight * 0.42, LEAST_HEIGHT), most);
  }

  // Docked below the picture, which makes room; a small screen has room for one of both.
  function fit() {
    const isDocked = isOpen && files.isShown && !isSmall();
    drawer.classList.toggle("rv-open", isOpen);
    const isNews = drawer.classList.contains("rv-docked") !== isDocked;
    drawer.classList.toggle("rv-docked", isDocked);
    document.documentElement.style.setProperty("--rv-drawer", isDocked ? `${Math.round(height())}px` : "0px");
    closer.style.display = files.isShown ? "" : "none";
    opener.style.display = files.isShown ? "none" : "";
    if (isNews && table.place !== null) scrollTo(table.place);
    drawn = "";
  }

  function show(open) {
    if (open !== isOpen) {
      isOpen = open;
      openButton.setAttribute("aria-expanded", String(open));
      if (open) send("open_episodes", parts.filters.choice());
      else send("close_episodes");
    }
    fit();
    describe();
  }

  function choose() {
    send("choose_episodes", parts.filters.choice());
  }

  edge.addEventListener("pointerdown", (event) => {
    if (event.button === 0) edge.setPointerCapture(event.pointerId);
  });
  edge.addEventListener("pointermove", (event) => {
    if (!edge.hasPointerCapture(event.pointerId)) return;
    remember({ drawerHeight: Math.round(drawer.getBoundingClientRect().bottom - event.clientY) });
    fit();
  });

  // -- the lines ----------------------------------------------------------------

  const lineHeight = () => (window.matchMedia("(pointer: coarse)").matches ? 42 : 30);

  // How lines lie, or tiles: so many beside each other, each so wide (0: all of it) and so high.
  function grid() {
    return table.isTiled ? parts.films.grid() : { columns: 1, width: 0, left: 0, pitch: lineHeight() };
  }

  function line(number) {
    return chunks.get(Math.floor(number / CHUNK))?.lines[number % CHUNK];
  }

  function ask(number) {
    const isKnown = chunks.get(number)?.version === table.version || asked.get(number) === table.version;
    if (isKnown || asked.size >= MAX_ASKED || number < 0 || number * CHUNK >= table.numLines) return;
    asked.set(number, table.version);
    send("see_episodes", [table.version, number * CHUNK, CHUNK]);
  }

  function takeWindow({ version, first, lines }) {
    const number = first / CHUNK;
    asked.delete(number);
    if (version !== table.version) return;
    chunks.set(number, { version, lines });
    if (chunks.size > MAX_KEPT) chunks.delete(chunks.keys().next().value);
    // What is the same stays: a film is not fetched again.
    for (const [at, node] of nodes) if (Math.floor(at / CHUNK) === number && node.line !== JSON.stringify(line(at))) drop(at);
    drawn = "";
  }

  function drop(at) {
    nodes.get(at)?.release?.();
    nodes.get(at)?.remove();
    nodes.delete(at);
  }

  function draw() {
    if (!isOpen) return;
    const how = grid();
    const { columns, pitch } = how;
    const top = Math.max(scroller.scrollTop, 0);
    const key = `${top} ${scroller.clientHeight} ${scroller.clientWidth} ${table.version} ${pitch}`;
    if (key === drawn) return;
    drawn = key;
    body.style.height = `${Math.ceil(table.numLines / columns) * pitch}px`;
    const beyond = table.isTiled ? 1 : 4; // Rows that are not seen yet.
    const first = Math.max(Math.floor(top / pitch) - beyond, 0) * columns;
    const last = Math.min((Math.ceil((top + scroller.clientHeight) / pitch) + beyond) * columns, table.numLines);
    for (const at of [...nodes.keys()]) if (at < first || at >= last) drop(at);
    const [low, high] = [Math.floor(first / CHUNK), Math.floor(Math.max(last - 1, 0) / CHUNK)];
    for (let number = low; number <= high; number++) ask(number);
    ask(high + 1);
    ask(low - 1);
    // In the page they stand as they are seen: for Tab, and for who has them read out.
    for (let at = last - 1, next = null; at >= first; at--) {
      if (!nodes.has(at) && line(at)) body.insertBefore(nodeAt(at), next);
      next = nodes.get(at) ?? next;
    }
    for (const [at, node] of nodes) put(node, at, how);
    if (asked.size) drawn = "";
  }

  function put(node, at, { columns, width, left, pitch }) {
    node.style.transform = `translate(${left + (at % columns) * width}px, ${Math.floor(at / columns) * pitch}px)`;
    if (!width) return;
    node.style.width = `${width}px`;
    node.style.height = `${pitch}px`;
  }

  function nodeAt(at) {
    const node = parts.rows.node(line(at));
    node.line = JSON.stringify(line(at));
    node.setAttribute("aria-rowindex", String(at + 2));
    node.dataset.at = at;
    node.classList.toggle("rv-cursor", at === cursor);
    nodes.set(at, node);
    return node;
  }

  function redraw() {
    for (const at of [...nodes.keys()]) drop(at);
    drawn = "";
  }

  // Another episode is shown.
  function mark() {
    if (!table.isTiled) return redraw();
    for (const [at, node] of nodes) if (line(at)) node.classList.toggle("rv-here", parts.films.isHere(line(at)));
  }

  function scrollTo(at, isForced = false) {
    const { columns, pitch } = grid();
    const room = scroller.clientHeight - header.offsetHeight;
    const top = Math.floor(at / columns) * pitch;
    const isSeen = top >= scroller.scrollTop && top + pitch <= scroller.scrollTop + room;
    if (isSeen || (!isForced && performance.now() - scrolledAt < HANDS_OFF)) return;
    scroller.scrollTop = isForced && top > scroller.scrollTop ? top - room + pitch : isForced ? top : top - room / 2;
  }

  const noteScrolling = () => { scrolledAt = performance.now(); };
  for (const kind of ["wheel", "touchmove"]) scroller.addEventListener(kind, noteScrolling, { passive: true });
  scroller.addEventListener("pointerdown", (event) => { if (event.target === scroller) noteScrolling(); }); // Its bar.

  // -- keys ---------------------------------------------------------------------

  const STEPS = { ArrowUp: -1, ArrowDown: 1, PageUp: -12, PageDown: 12, Home: -Infinity, End: Infinity };
  const ASIDE = { ArrowLeft: -1, ArrowRight: 1 }; // Of tiles.

  function moveCursor(step) {
    const from = cursor ?? (table.place ?? -1);
    if (table.isTiled && nodes.has(cursor)) parts.films.attend(nodes.get(cursor), false);
    cursor = Math.min(Math.max(from + step, 0), table.numLines - 1);
    scrollTo(cursor, true);
    draw();
    for (const [at, node] of nodes) node.classList.toggle("rv-cursor", at === cursor);
    if (table.isTiled && nodes.has(cursor)) parts.films.attend(nodes.get(cursor), true);
  }

  scroller.addEventListener("keydown", (event) => {
    if (event.target !== scroller) return;
    if (event.key in STEPS && !event.ctrlKey && table.numLines) {
      moveCursor(STEPS[event.key] * grid().columns);
    } else if (table.isTiled && event.key in ASIDE && table.numLines) {
      moveCursor(ASIDE[event.key]);
    } else if (event.key === "Enter" && cursor !== null && line(cursor)) {
      parts.rows.open(line(cursor), nodes.get(cursor));
    } else if (["ArrowLeft", "ArrowRight"].includes(event.key)) {
      if (cursor !== null && line(cursor)) parts.rows.fold(line(cursor), event.key === "ArrowLeft");
    } else {
      return;
    }
    event.stopPropagation(); // They also drive viser's camera and the playback.
    event.preventDefault();
  });

  // It closes one thing at a time: a small window, the table, and only then A-B.
  function escape(event) {
    const isElsewhere = document.querySelector("dialog[open]") || event.target.matches?.("#root input, #rv-bar input");
    if (event.key !== "Escape" || !isOpen || isElsewhere) return;
    const hadPopup = parts.filters.closePopup();
    if (!hadPopup && !files.isShown) return;
    event.stopImmediatePropagation();
    if (!hadPopup) show(false);
  }
  document.addEventListener("keydown", escape, true);

  // -- what is told ---------------------------------------------------------------

  function count(number, noun) {
    return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  }

  function describe() {
    title.textContent = files.folder === null ? "Episodes" : `Episodes in ${files.folder}`;
    const isFiltered = table.numMatching !== table.numEpisodes;
    const texts = [isFiltered ? `${table.numMatching.toLocaleString("en")} of ${count(table.numEpisodes, "episode")}` : count(table.numEpisodes, "episode")];
    if (table.isTiled) texts.unshift(count(table.numLines, "film"));
    if (table.numRecordings) texts.push(count(table.numRecordings, "recording"));
    const isReading = table.isLooking && (!table.numSources || table.numRead < table.numSources);
    if (isReading) texts.push(table.numSources ? `reading ${table.numRead} of ${table.numSources} \u2026` : "looking \u2026");
    if (table.isCut) texts.push("there are more than are listed: open a folder further down");
    if (table.lookProblem) texts.push(table.lookProblem);
    summary.textContent = texts.join(", ");
    summary.title = summary.textContent;
    describeEmpty();
  }

  function describeEmpty() {
    empty.replaceChildren();
    if (table.numLines) return;
    const say = (text) => element("p", "", empty).appendChild(document.createTextNode(text)).parentNode;
    if (table.numEpisodes) {
      const things = table.isTiled ? "film" : "episode";
      say(table.problem || `No ${things} fits these filters. Take one away, or clear the search.`);
    } else if (table.isLooking || (files.folder === null && files.isShown)) {
      say(files.folder === null ? "Reading the episodes \u2026" : `Looking for recordings in ${files.folder} \u2026`);
    } else if (files.folder !== null) {
      say(`There is no recording in ${files.folder} or below it yet.`);
      const how = say("One appears here as soon as a simulator writes it: ");
      element("code", "", how).textContent = `attach(env, "${files.folder}/first.rec")`;
      say("Or drop one into this page, from any folder of your own computer.");
    }
  }

  function take(changes) {
    const { window: lines, isEntered, ...rest } = changes;
    if (lines) takeWindow(lines);
    if (lines && Object.keys(changes).length === 1) return;
    const isOther = "version" in rest && rest.version !== table.version;
    const wasTiled = table.isTiled;
    Object.assign(table, rest);
    drawer.classList.toggle("rv-tiled", table.isTiled);
    if (wasTiled !== table.isTiled) {
      chunks = new Map();
      cursor = null;
      scroller.scrollTop = 0;
      redraw();
    }
    if (isOther) {
      asked = new Map();
      cursor = cursor !== null && cursor < table.numLines ? cursor : null;
    }
    parts.filters.update(rest);
    if (isEntered) mark();
    if (isEntered && table.place !== null) scrollTo(table.place);
    describe();
    drawn = "";
  }

  let shownEpisode = "";
  function update(changes) {
    const { files: news } = changes;
    if (news) {
      if (news.isAskedFor || (files.folder !== null && !files.isShown && !isOpen)) show(true);
      else if (isSmall() && isOpen && "shown" in news && files.isShown) show(false); // What was asked for is there.
      else fit();
      describe();
    }
    const here = `${state.envId} ${state.episode?.index}`;
    if (here !== shownEpisode) mark();
    shownEpisode = here;
  }

  const timer = setInterval(() => { if (isOpen && !document.hidden) send("look_again"); }, LOOK_AGAIN);
  window.addEventListener("resize", fit);

  function close() {
    clearInterval(timer);
    window.removeEventListener("resize", fit);
    document.removeEventListener("keydown", escape, true);
    document.documentElement.style.removeProperty("--rv-drawer");
    openButton.remove();
    drawer.remove();
  }

  window.replayViewer.episodes = { table, parts, drawer, tools, filters, header, scroller, choose, redraw, show, isSmall, line };
  addPart({ update, takes: { table: take }, draw, close });
})();
