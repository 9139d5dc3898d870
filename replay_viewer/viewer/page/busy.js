// What the viewer is working on, above the picture, until it is over: text, how far it is, and a way to end it.
//
// replayViewer.busy("key", { text, done, total, cancel }) shows or changes it, replayViewer.busy("key", null) ends it; total
// is 0 where nobody knows, `cancel` a function or the name of an action, or left out. Python does the same with `Busy`.
(() => {
  const { element, send, addPart } = window.replayViewer;
  const SHOWN_AFTER = 250; // [ms]: what is over sooner would only flicker.
  const box = element("div", "", document.body, { id: "rv-busy", role: "status", "aria-live": "polite" });
  const rows = new Map();

  function begin(key) {
    const row = element("div", "rv-busy-row", box);
    const parts = {
      row, turning: element("i", "rv-turning", row), text: element("span", "", row), bar: element("div", "rv-busy-bar", row),
      end: element("button", "", row, { type: "button", title: "Cancel", "aria-label": "Cancel" }), cancel: null,
    };
    parts.filled = element("div", "", parts.bar);
    parts.end.textContent = "\u00d7";
    parts.end.addEventListener("click", () => { typeof parts.cancel === "string" ? send(parts.cancel) : parts.cancel?.(); });
    parts.timer = setTimeout(() => row.classList.add("rv-late"), SHOWN_AFTER);
    rows.set(key, parts);
    return parts;
  }

  function end(key) {
    const parts = rows.get(key);
    if (!parts) return;
    clearTimeout(parts.timer);
    parts.row.remove();
    rows.delete(key);
  }

  function busy(key, work) {
    if (!work) return end(key);
    const parts = rows.get(key) ?? begin(key);
    parts.text.textContent = work.text;
    parts.bar.style.display = work.total ? "" : "none";
    parts.filled.style.width = `${Math.min(work.done / (work.total || 1), 1) * 100}%`;
    parts.cancel = work.cancel || null;
    parts.end.style.display = work.cancel ? "" : "none";
  }

  function update(changes) {
    for (const [key, work] of Object.entries(changes.busy ?? {})) busy(key, work);
  }

  window.replayViewer.busy = busy;
  addPart({ update, close: () => box.remove() });
})();
