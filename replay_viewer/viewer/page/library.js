// The list of the recordings in a folder, over the picture; and the buttons that lead to it and from one to the next.
//
// A row is [number, name, time of writing in s, [seconds, envs, episodes, falls] or null, what is wrong with it].
(() => {
  const { element, textButton, send, addPart } = window.replayViewer;
  const LOOK_AGAIN = 5000; // [ms], while the list is shown: recordings may be made meanwhile.
  const files = {
    folder: null, rows: [], isCut: false, isLooking: false, problem: "", isShown: false, shown: null, limit: 0, formats: "",
    lacksRobot: false,
  };
  let isOpen = false;

  const bar = element("div", "", document.body, { id: "rv-files" });
  const listButton = textButton(bar, "Recordings", "The list of the folder's recordings");
  const previous = textButton(bar, "\u2039", "Previous recording of the list");
  const next = textButton(bar, "\u203a", "Next recording of the list");
  listButton.addEventListener("click", () => show(!isOpen));
  previous.setAttribute("aria-label", "Previous recording");
  next.setAttribute("aria-label", "Next recording");
  previous.addEventListener("click", () => send("open_neighbour", -1));
  next.addEventListener("click", () => send("open_neighbour", 1));
  const other = textButton(bar, "Open \u2026", "Open a recording of your own computer, or drop it into this page");
  other.addEventListener("click", () => window.replayViewer.chooseFiles());
  const noRobot = textButton(bar, "No robot description: add a URDF \u2026",
    "The recording has none, so that a box is drawn. Choose the folder with the robot's URDF and meshes, or drop it here");
  noRobot.classList.add("rv-lack");
  noRobot.addEventListener("click", () => window.replayViewer.chooseFolder());

  const list = element("div", "", document.body, { id: "rv-library", role: "dialog", "aria-label": "Recordings" });
  const head = element("div", "rv-library-head", list);
  const title = element("h2", "", head);
  const search = element("input", "", head, { type: "search", placeholder: "Find by name", "aria-label": "Find by name" });
  const opener = textButton(head, "Open a file \u2026", "Open a recording of your own computer");
  const closer = textButton(head, "\u00d7", "Back to the replay (Escape)");
  closer.className = "rv-library-close";
  closer.setAttribute("aria-label", "Back to the replay");
  const scroller = element("div", "rv-library-rows", list);
  const foot = element("div", "rv-library-foot", list);
  search.addEventListener("input", build);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") body.firstChild?.click(); });
  opener.addEventListener("click", () => window.replayViewer.chooseFiles());
  closer.addEventListener("click", () => show(false));

  function show(open) {
    isOpen = open;
    list.classList.toggle("rv-open", open);
    if (open) {
      send("look_again");
      build();
    }
  }

  function ago(time) {
    const seconds = Math.max(Date.now() / 1000 - time, 0);
    if (seconds < 60) return "just now";
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    if (seconds < 7 * 86400) return `${Math.floor(seconds / 86400)} d ago`;
    return new Date(time * 1000).toISOString().slice(0, 10);
  }

  function duration(seconds) {
    if (seconds < 100) return `${seconds.toFixed(1)} s`;
    if (seconds < 6000) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
    return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  }

  function cell(row, text, className = "", hint = "") {
    const node = element("td", className, row, hint ? { title: hint } : {});
    node.textContent = text;
    return node;
  }

  function rowOf([number, name, time, facts, problem]) {
    const row = element("tr", problem ? "rv-broken" : "", null, { tabindex: "0", "data-number": number });
    if (number === files.shown) row.classList.add("rv-here");
    const label = cell(row, "", "rv-name", name);
    element("b", "", label).textContent = name;
    if (number === files.shown) element("i", "", label).textContent = "shown";
    if (problem) element("span", "", label).textContent = problem;
    cell(row, ago(time), "", new Date(time * 1000).toLocaleString());
    const numbers = facts ? [duration(facts[0]), facts[1], facts[2], facts[3]] : ["", "", "", ""];
    if (!facts && !problem) numbers[0] = "\u2026";
    numbers.forEach((value, index) => cell(row, value, index === 3 && value > 0 ? "rv-number rv-falls" : "rv-number"));
    row.addEventListener("click", () => open(number));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") open(number); });
    return row;
  }

  function open(number) {
    if (number === files.shown) return show(false);
    send("open_listed", number);
  }

  // Rows that did not change stay the nodes that they are: nobody's click may fall on one that is just replaced.
  const made = new Map();
  function nodeOf(row) {
    const key = JSON.stringify([row, row[0] === files.shown, ago(row[2])]);
    const before = made.get(row[0]);
    if (before?.key === key) return before.node;
    const node = rowOf(row);
    made.set(row[0], { key, node });
    return node;
  }

  const table = element("table", "", null);
  const header = element("tr", "", element("thead", "", table));
  for (const text of ["Recording", "Written", "Length", "Envs", "Episodes", "Falls"]) {
    element("th", text === "Recording" || text === "Written" ? "" : "rv-number", header).textContent = text;
  }
  const body = element("tbody", "", table);
  const empty = element("div", "", null);
  scroller.append(table, empty);

  function build() {
    const count = files.rows.length;
    title.textContent = `Recordings in ${files.folder}`;
    closer.style.display = files.isShown ? "" : "none";
    const isLong = count > 5;
    search.style.display = isLong ? "" : "none";
    const filter = isLong ? search.value.trim().toLowerCase() : "";
    const shown = files.rows.filter((row) => row[1].toLowerCase().includes(filter));
    const nodes = shown.map(nodeOf);
    if (nodes.length !== body.children.length || nodes.some((node, index) => node !== body.children[index])) {
      body.replaceChildren(...nodes);
    }
    table.style.display = shown.length ? "" : "none";
    empty.replaceChildren();
    if (!count) describeEmpty();
    else if (!shown.length) element("p", "", empty).textContent = `None of the ${count} recordings has "${filter}" in its name.`;
    describe(count);
  }

  function describeEmpty() {
    if (files.isLooking) {
      element("p", "", empty).textContent = `Looking for recordings in ${files.folder} \u2026`;
      return;
    }
    element("p", "", empty).textContent = `There is no recording in ${files.folder} or below it yet.`;
    const how = element("p", "", empty);
    how.append("One appears here as soon as a simulator writes it: ");
    element("code", "", how).textContent = `attach(env, "${files.folder}/first.rec")`;
    element("p", "", empty).textContent = "Or drop one into this page, from any folder of your own computer.";
  }

  function describe(count) {
    const unread = files.rows.filter((row) => !row[3] && !row[4]).length;
    const parts = [`${count} ${count === 1 ? "recording" : "recordings"}`];
    if (files.isCut) parts[0] = `The first ${count} recordings that were found, and there are more: open a folder further down`;
    if (unread) parts.push(`reading ${unread} more \u2026`);
    if (files.problem) parts.push(files.problem);
    parts.push("drop a file anywhere to open it");
    foot.textContent = parts.join(", ");
    foot.style.display = count ? "" : "none";
  }

  function take(changes) {
    const { news, isAskedFor, failed, ...rest } = changes;
    Object.assign(files, rest);
    for (const [index, row] of Object.entries(news ?? {})) files.rows[index] = row;
    for (const button of [listButton, previous, next]) button.style.display = files.folder === null ? "none" : "";
    noRobot.style.display = files.lacksRobot ? "" : "none";
    const place = files.rows.findIndex((row) => row[0] === files.shown);
    previous.disabled = place <= 0;
    next.disabled = place < 0 || place === files.rows.length - 1;
    if (files.folder === null) return show(false);
    if (isAskedFor || !files.isShown) return show(true);
    if ("shown" in rest) return show(false); // What was asked for is there.
    if (isOpen) build();
  }

  const timer = setInterval(() => { if (isOpen && !document.hidden) send("look_again"); }, LOOK_AGAIN);
  function escape(event) {
    if (event.key !== "Escape" || !isOpen || !files.isShown) return;
    event.stopImmediatePropagation(); // It closes one thing at a time: A-B, which listens after this, stays.
    show(false);
  }
  document.addEventListener("keydown", escape);

  // The list keeps to the picture, beside the panel.
  let width = 0;
  function fit() {
    const picture = window.rvViser.picture()?.clientWidth ?? window.innerWidth;
    if (picture === width) return;
    width = picture;
    document.documentElement.style.setProperty("--rv-picture-width", `${picture}px`);
  }

  function update(changes) {
    if (changes.files) take(changes.files);
  }

  function close() {
    clearInterval(timer);
    document.removeEventListener("keydown", escape);
    bar.remove();
    list.remove();
  }

  window.replayViewer.files = files;
  addPart({ update, draw: fit, close });
})();
