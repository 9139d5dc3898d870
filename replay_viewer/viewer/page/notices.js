// What is to be known besides the recording: notices that lie over the picture, each below the other, until they are closed;
// and, for a moment, that another browser moves the time or the env.
(() => {
  const { element, addPart } = window.replayViewer;
  const { memory, remember } = window.rvBrowser;
  const viser = window.rvViser;
  const EVERY = 500; // Milliseconds.
  const READ_BY = 10_000; // Milliseconds after the page was opened.

  const stack = element("div", "", document.body, { id: "rv-notices" });

  // `close` is called by its button; it is hidden at first.
  function add(className, close) {
    const node = element("div", `rv-notice ${className}`, stack, { role: "note", hidden: "" });
    const text = element("div", "", node);
    const button = element("button", "", node, { type: "button", title: "Close", "aria-label": "Close this notice" });
    button.textContent = "\u00d7";
    button.addEventListener("click", close);
    return { node, text };
  }

  // viser's note is long and stays until it is closed, on every visit. Once, in short and for a while, is enough.
  const slow = add("rv-no-gpu", () => knowNoGpu());
  slow.text.textContent = "This browser draws without a GPU, which is slow. It is faster without shadows, or in a smaller window.";
  function knowNoGpu() {
    slow.node.hidden = true;
    remember({ knowsNoGpu: true });
  }
  function replaceNoteOnGpu() {
    if (viser.closeNoteOnGpu() && !memory().knowsNoGpu) slow.node.hidden = false;
    if (!slow.node.hidden && performance.now() > READ_BY) knowNoGpu();
  }

  // All browsers share one time and one env. Who is moved by another one is told so, for a moment.
  const SHOWN_FOR = 4000; // Milliseconds.
  const moved = element("div", "rv-moved", document.body, { role: "status", hidden: "" });
  moved.textContent = "Another browser moves the time or the env, which all share";
  let hiding = null;
  function update(changes) {
    if (!changes.movedElsewhere) return;
    moved.hidden = false;
    clearTimeout(hiding);
    hiding = setTimeout(() => { moved.hidden = true; }, SHOWN_FOR);
  }

  const timer = setInterval(replaceNoteOnGpu, EVERY);
  replaceNoteOnGpu();

  function close() {
    clearInterval(timer);
    clearTimeout(hiding);
    stack.remove();
    moved.remove();
  }

  window.replayViewer.notices = { add };
  addPart({ update, close });
})();
