// What can be opened: files of the user's own computer, dropped into the page or chosen in a dialog, and sent through a
// websocket of their own; and the buttons that lead to them and from one recording of a folder to the next.
(() => {
  const { element, textButton, send, busy, addPart } = window.replayViewer;
  const CHUNK = 1 << 20; // [bytes] of a message; the viewer takes no larger ones.
  const AHEAD = 8 * CHUNK; // So much may be under way.
  let socket = null;

  const zone = element("div", "", document.body, { id: "rv-drop" });
  const card = element("div", "", zone);
  element("b", "", card).textContent = "Drop it to open it";
  const beside = element("div", "rv-beside", zone);
  element("b", "", beside).textContent = "Drop it here to compare it";
  element("p", "", beside).textContent = "A recording is shown in the same scene, beside what is shown now.";
  const kinds = element("p", "", card);
  const limit = element("p", "", card);
  function dialog(attributes) {
    const input = element("input", "", zone, { type: "file", multiple: "", ...attributes });
    input.addEventListener("change", () => {
      upload([...input.files].map((file) => ({ name: file.webkitRelativePath || file.name, file })), chosenFor);
      input.value = "";
    });
    return input;
  }
  let chosenFor = "open_upload"; // The action for what is chosen next.
  function chooseFiles(action = "open_upload") {
    chosenFor = action;
    someFiles.click();
  }
  const someFiles = dialog({ id: "rv-choose" });
  const oneFolder = dialog({ webkitdirectory: "", id: "rv-choose-folder" });

  // -- the buttons --------------------------------------------------------------

  // The folder that recordings are chosen from, what of it is shown, and what can be opened.
  const files = { folder: null, isShown: false, shown: null, neighbours: [false, false], limit: 0, formats: "", lacksRobot: false };
  const bar = element("div", "", document.body, { id: "rv-files" });
  const previous = textButton(bar, "\u2039", "Previous recording of the list");
  const next = textButton(bar, "\u203a", "Next recording of the list");
  previous.setAttribute("aria-label", "Previous recording");
  next.setAttribute("aria-label", "Next recording");
  previous.addEventListener("click", () => send("open_neighbour", -1));
  next.addEventListener("click", () => send("open_neighbour", 1));
  const other = textButton(bar, "Open \u2026", "Open a recording of your own computer, or drop it into this page");
  other.addEventListener("click", () => chooseFiles());
  const noRobot = textButton(bar, "No robot description: add a URDF \u2026",
    "The recording has none, so that a box is drawn. Choose the folder with the robot's URDF and meshes, or drop it here");
  noRobot.classList.add("rv-lack");
  noRobot.addEventListener("click", () => { chosenFor = "open_upload"; oneFolder.click(); });

  function showButtons() {
    for (const button of [previous, next]) button.style.display = files.folder === null ? "none" : "";
    noRobot.style.display = files.lacksRobot ? "" : "none";
    [previous.disabled, next.disabled] = files.neighbours.map((isThere) => !isThere);
  }

  // What lies over the picture stands below the buttons, or beside them; there are rows of them in a narrow picture.
  const extent = new ResizeObserver(() => {
    const { right, bottom } = bar.getBoundingClientRect();
    document.documentElement.style.setProperty("--rv-files-right", `${Math.ceil(right)}px`);
    document.documentElement.style.setProperty("--rv-files-bottom", `${Math.ceil(bottom)}px`);
  });
  extent.observe(bar);

  // What lies over the picture keeps to it, beside the panel.
  let width = 0;
  function fit() {
    const picture = window.rvViser.picture()?.clientWidth ?? window.innerWidth;
    if (picture === width) return;
    width = picture;
    document.documentElement.style.setProperty("--rv-picture-width", `${picture}px`);
  }

  // -- what is dropped ----------------------------------------------------------

  // A folder's entries come in parts, until there is an empty one.
  async function entriesOf(folder) {
    const reader = folder.createReader();
    const entries = [];
    for (;;) {
      const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!part.length) return entries;
      entries.push(...part);
    }
  }

  async function collect(entry, found) {
    if (entry.name.startsWith(".")) return; // It may be large, and is left out below.
    if (entry.isDirectory) {
      for (const inner of await entriesOf(entry)) await collect(inner, found);
    } else {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      found.push({ name: entry.fullPath.replace(/^\//, ""), file });
    }
  }

  // The browser takes the items away when the event is over, so they are looked at before anything is waited for.
  async function filesOf(transfer) {
    const items = [...transfer.items].filter((item) => item.kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry?.() ?? null);
    const found = items.filter((_, index) => !entries[index]).map((item) => item.getAsFile());
    const all = found.filter(Boolean).map((file) => ({ name: file.name, file }));
    for (const entry of entries) if (entry) await collect(entry, all);
    return all;
  }

  // -- sending ------------------------------------------------------------------

  function megabytes(bytes) {
    return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
  }

  async function* chunks(all) {
    for (const { file } of all) {
      for (let at = 0; at < file.size; at += CHUNK) yield file.slice(at, at + CHUNK).arrayBuffer();
    }
  }

  function upload(found, action) {
    const all = found.filter(({ name }) => !name.split("/").some((part) => part.startsWith("."))); // Such as .git
    if (!all.length) return tell("There are no files in it, or only hidden ones.");
    socket?.close(); // The newest drop is meant.
    const total = all.reduce((sum, { file }) => sum + file.size, 0);
    const name = all.length === 1 ? all[0].name : `${all.length} files`;
    const work = { text: `Sending ${name} (${megabytes(total)})`, done: 0, total: Math.max(total, 1) };
    const own = (socket = new WebSocket(window.rvViser.websocketAddress("upload")));
    let received = 0;
    let wake = null;
    let isOver = false;

    function end(problem) {
      if (isOver) return;
      isOver = true;
      busy("upload", null);
      wake?.();
      own.close();
      if (socket === own) socket = null;
      if (problem) tell(problem);
    }
    work.cancel = () => end("");
    busy("upload", work);

    async function run() {
      own.send(JSON.stringify({ files: all.map(({ name, file }) => ({ name, size: file.size })) }));
      let sent = 0;
      for await (const chunk of chunks(all)) {
        while (!isOver && sent - received >= AHEAD) await new Promise((resolve) => { wake = resolve; });
        if (isOver) return;
        own.send(chunk);
        sent += chunk.byteLength;
      }
    }

    own.addEventListener("open", () => run().catch((error) => end(`It could not be read: ${error.message}`)));
    own.addEventListener("close", () => end("The viewer ended the transfer."));
    own.addEventListener("message", (event) => {
      const answer = JSON.parse(event.data);
      if (answer.problem) end(answer.problem);
      if (answer.key) {
        end("");
        send(action, answer.key);
      }
      if (answer.received) {
        received = answer.received;
        busy("upload", { ...work, done: received });
        wake?.();
      }
    });
  }

  // Why something could not be opened, until it is clicked away or something else is.
  const note = element("div", "rv-note", document.body, { id: "rv-problem", role: "alert" });
  const noteText = element("span", "", note);
  element("b", "", noteText).textContent = "This cannot be opened";
  const noteReason = element("div", "", noteText);
  element("button", "", note, { type: "button", "aria-label": "Close", title: "Close" }).textContent = "\u00d7";
  note.lastChild.addEventListener("click", () => note.classList.remove("rv-open"));
  function tell(problem) {
    noteReason.textContent = problem;
    note.classList.add("rv-open");
  }

  // -- the page -----------------------------------------------------------------

  const isFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  function setOver(over) {
    kinds.textContent = `A recording, as a file or a folder: ${files.formats}. Or a robot's folder with its URDF and meshes, or several at once.`;
    limit.textContent = `At most ${Math.round(files.limit / 2 ** 30)} GiB; it goes to the machine that runs this viewer, and is removed there when it ends.`;
    beside.hidden = !files.isShown;
    zone.classList.toggle("rv-open", over);
  }
  // The zone takes the pointer as soon as it is shown: what lies below is drawn anew, and is then left without a word.
  function take(event) {
    if (!isFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    setOver(true);
    card.classList.toggle("rv-over", !isForBeside(event));
    beside.classList.toggle("rv-over", isForBeside(event));
  }
  // On the right half, where there is something to be compared with.
  function isForBeside(event) {
    return files.isShown && event.clientX > window.innerWidth / 2;
  }
  zone.addEventListener("pointermove", () => setOver(false)); // It rests while something is dragged.
  const listeners = {
    dragenter: take,
    dragover: take,
    dragleave: (event) => { if (!event.relatedTarget) setOver(false); }, // Out of the window.
    drop: (event) => {
      if (!isFiles(event)) return;
      event.preventDefault();
      setOver(false);
      note.classList.remove("rv-open");
      const action = isForBeside(event) ? "compare_upload" : "open_upload";
      filesOf(event.dataTransfer).then((found) => upload(found, action), (error) => tell(`It could not be read: ${error.message}`));
    },
  };
  for (const [name, listener] of Object.entries(listeners)) window.addEventListener(name, listener);

  function close() {
    for (const [name, listener] of Object.entries(listeners)) window.removeEventListener(name, listener);
    socket?.close();
    extent.disconnect();
    for (const node of [bar, zone, note]) node.remove();
  }

  // Python says so of what it could not open, and takes it back when something else is opened.
  function update({ files: changes }) {
    if (!changes) return;
    const { failed, isAskedFor, ...rest } = changes;
    Object.assign(files, rest);
    showButtons();
    someFiles.accept = files.accept ?? "";
    if (failed) tell(failed);
    if ("shown" in changes) note.classList.remove("rv-open");
  }

  Object.assign(window.replayViewer, { files, chooseFiles });
  addPart({ update, draw: fit, close });
})();
