// What is wrong besides the recording: the viewer has stopped, or this browser draws without a GPU.
(() => {
  const { element, addPart } = window.replayViewer;
  const { memory, remember } = window.rvBrowser;
  const EVERY = 500; // Milliseconds.
  const READ_BY = 8_000; // Milliseconds after the page was opened.

  const stopped = element("div", "rv-stopped", document.body, { role: "alert", hidden: "" });
  stopped.innerHTML = "<b>The viewer has stopped.</b> Start it again, and this page goes on by itself.";

  // viser puts this in the place of its way to the server while it has none.
  function isConnected() {
    return !String(window.__viserMutable?.sendMessage).includes("is not connected");
  }

  // viser's note stays until it is closed, on every visit; once, and for a while, is enough.
  function closeNoteOnGpu() {
    const notes = [...document.querySelectorAll(".mantine-Notification-root")];
    const note = notes.find((candidate) => candidate.textContent.startsWith("Software WebGL"));
    if (!note || (!memory().knowsNoGpu && performance.now() < READ_BY)) return;
    note.querySelector(".mantine-Notification-closeButton")?.click();
    remember({ knowsNoGpu: true });
  }

  function look() {
    stopped.hidden = isConnected();
    closeNoteOnGpu();
  }
  const timer = setInterval(look, EVERY);

  addPart({ close: () => { clearInterval(timer); stopped.remove(); } });
})();
