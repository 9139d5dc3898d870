// What is to be known besides the recording: this browser draws without a GPU, or another one moves the time or the env.
(() => {
  const { element, addPart } = window.replayViewer;
  const { memory, remember } = window.rvBrowser;
  const viser = window.rvViser;
  const EVERY = 500; // Milliseconds.
  const READ_BY = 10_000; // Milliseconds after the page was opened.

  // viser's note is long and stays until it is closed, on every visit. Once, in short and for a while, is enough.
  function shortenNoteOnGpu() {
    const note = viser.noteOnGpu();
    if (!note) return;
    if (memory().knowsNoGpu || performance.now() > READ_BY) {
      note.close();
      remember({ knowsNoGpu: true });
      return;
    }
    note.say("This browser draws without a GPU", "That is slow. It is faster without shadows, or in a smaller window.");
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

  const timer = setInterval(shortenNoteOnGpu, EVERY);
  shortenNoteOnGpu();

  function close() {
    clearInterval(timer);
    clearTimeout(hiding);
    moved.remove();
  }

  addPart({ update, close });
})();
