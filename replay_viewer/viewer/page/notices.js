// What is wrong besides the recording: this browser draws without a GPU.
(() => {
  const { addPart } = window.replayViewer;
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

  const timer = setInterval(shortenNoteOnGpu, EVERY);
  shortenNoteOnGpu();

  addPart({ close: () => clearInterval(timer) });
})();
