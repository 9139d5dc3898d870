// What is wrong besides the recording: the viewer has stopped, or this browser draws without a GPU.
(() => {
  const { element, addPart } = window.replayViewer;
  const { memory, remember } = window.rvBrowser;
  const viser = window.rvViser;
  const EVERY = 500; // Milliseconds.
  const READ_BY = 10_000; // Milliseconds after the page was opened.

  const stopped = element("div", "rv-stopped", document.body, { role: "alert", hidden: "" });
  stopped.innerHTML = "<b>The viewer does not answer.</b> It has stopped, or the way to it is cut. Start it again, and this page goes on by itself.";

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

  function look() {
    stopped.hidden = viser.isConnected();
    shortenNoteOnGpu();
  }
  const timer = setInterval(look, EVERY);
  look();

  addPart({ close: () => { clearInterval(timer); stopped.remove(); } });
})();
