// Who is who where several recordings are in one scene: names and colours over the picture, the one that leads first; and
// how they are compared, what is shown beside them, and which of them leads.
(() => {
  const { state, element, textButton, send, files, addPart } = window.replayViewer;
  const MOST = 8;

  const legend = element("div", "", document.body, { id: "rv-takes", role: "group", "aria-label": "Recordings in this scene" });
  legend.hidden = true;
  const rows = element("ul", "", legend);
  const tools = element("footer", "", legend);
  const mode = textButton(tools, "", "Another way to compare (C)");
  mode.dataset.do = "next_mode";
  const align = element("label", "", tools, { title: "What all show at the same time" });
  element("span", "", align).textContent = "Align";
  const alignment = element("select", "rv-control", align, { "aria-label": "Align" });
  alignment.addEventListener("change", () => {
    send("set_alignment", alignment.value);
    alignment.value = state.alignment; // Until that has been done.
    alignment.blur();
  });
  const more = textButton(tools, "+", "Compare with more");
  more.setAttribute("aria-label", "Compare with more");
  more.addEventListener("click", () => choose(more));

  function delayText(seconds) {
    return seconds ? `${seconds > 0 ? "+" : "\u2212"}${Math.abs(seconds).toFixed(2)} s` : "";
  }

  function drawRow({ key, name, color, note, delay }, index) {
    const row = element("li", "", rows, { title: name });
    const sign = element("i", "", row);
    if (color) sign.style.background = color;
    else sign.className = "rv-lead"; // It has the colours of its robots.
    const label = element(index ? "button" : "span", "rv-name", row, index ? { type: "button", title: `${name}: let it lead` } : {});
    label.textContent = name;
    if (index) Object.assign(label.dataset, { do: "lead_take", value: key });
    if (delay) {
      const late = element("button", "rv-delay", row, { type: "button", title: "How much later it is shown: no longer" });
      late.textContent = delayText(delay);
      late.addEventListener("click", () => send("delay_take", [key, 0]));
    }
    if (note) element("em", "rv-note-of", row).textContent = note;
    const remove = textButton(row, "\u00d7", `Take ${name} away`);
    remove.className = "rv-remove";
    remove.setAttribute("aria-label", `Take ${name} away`);
    Object.assign(remove.dataset, { do: "remove_take", value: key });
  }

  let choices = "";
  function update(changes) {
    if ("comparable" in changes) fill(changes.comparable);
    if ("alignments" in changes && choices !== JSON.stringify(changes.alignments)) {
      choices = JSON.stringify(changes.alignments);
      alignment.replaceChildren();
      for (const [value, text] of Object.entries(changes.alignments)) element("option", "", alignment, { value }).textContent = text;
    }
    if (files.isShown) compare.style.display = state.takes.length ? "none" : "";
    if (!["takes", "mode", "alignment", "title"].some((name) => name in changes)) return;
    legend.hidden = !state.takes.length;
    rows.replaceChildren();
    state.takes.forEach(drawRow);
    mode.textContent = state.mode;
    alignment.value = state.alignment;
    more.disabled = state.takes.length >= MOST;
  }

  // -- what to compare with -----------------------------------------------------

  const compare = textButton(document.querySelector("#rv-files"), "Compare with \u2026", "Show another recording, env or episode in the same scene");
  compare.id = "rv-compare";
  document.querySelector("#rv-link").before(compare);
  compare.style.display = "none";
  compare.addEventListener("click", () => choose(compare));
  let chooser = null; // What is filled once the page knows what there is.

  function act(action, value) {
    window.replayViewer.episodes.parts.filters.closePopup();
    send(action, value);
  }

  function section(box, title) {
    const part = element("section", "", box);
    element("h3", "", part).textContent = title;
    return part;
  }

  function choose(anchor) {
    send("list_comparable");
    window.replayViewer.episodes.parts.filters.popup(anchor, (box) => {
      box.classList.add("rv-compare-with");
      box.setAttribute("aria-label", "Compare with");
      chooser = element("div", "", box);
      const others = section(box, "Something else");
      const file = textButton(others, "A file of this computer \u2026", "Or drop it on the right half of the page");
      file.addEventListener("click", () => { act(null); window.replayViewer.chooseFiles("compare_upload"); });
      const episodes = textButton(others, "Episodes of the table \u2026", "Tick them there, and press Compare");
      episodes.addEventListener("click", () => { act(null); window.replayViewer.episodes.show(true); });
      return file;
    });
  }

  function fill({ envs, recordings }) {
    if (!chooser?.isConnected) return;
    chooser.replaceChildren();
    if (recordings.length) fillRecordings(recordings);
    const others = envs.filter((env) => env !== state.envId);
    if (others.length) fillSelect("Another env of this recording", "Env", others.map((env) => [env, `env ${env}`]), "compare_env");
    const episodes = state.episodes.first.map((_, index) => index).filter((index) => index !== state.episode?.index).slice(0, 1000);
    const kinds = Object.values(state.kinds);
    if (episodes.length) {
      const texts = episodes.map((index) => [index, `episode ${index}: ${kinds[state.episodes.kind[index]]}`]);
      fillSelect(`Another episode of env ${state.envId}`, "Episode", texts, "compare_episode");
    }
  }

  function fillRecordings(recordings) {
    const part = section(chooser, `A recording of ${files.folder}`);
    const search = element("input", "rv-control", part, { type: "search", placeholder: "Search", "aria-label": "Search recordings" });
    search.hidden = recordings.length < 8;
    const list = element("div", "rv-list", part);
    for (const [number, name] of recordings) {
      textButton(list, name, name).addEventListener("click", () => act("compare_listed", number));
    }
    search.addEventListener("input", () => {
      const words = search.value.toLowerCase().split(/\s+/);
      for (const node of list.children) node.hidden = !words.every((word) => node.textContent.toLowerCase().includes(word));
    });
  }

  function fillSelect(title, label, options, action) {
    const row = element("div", "rv-pick", section(chooser, title));
    const select = element("select", "rv-control", row, { "aria-label": label });
    for (const [value, text] of options) element("option", "", select, { value }).textContent = text;
    textButton(row, "Compare", title).addEventListener("click", () => act(action, Number(select.value)));
  }

  addPart({ update, close: () => { legend.remove(); compare.remove(); } });
})();
