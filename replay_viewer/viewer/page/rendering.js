// Says whether this browser has the Render tab before it: only then its first frame is drawn.
(() => {
  const { send, addPart } = window.replayViewer;
  const viser = window.rvViser;
  const EVERY = 300; // Milliseconds.
  let watches = false;

  function look() {
    const now = viser.tabs("Render").some(({ name, isOpen }) => isOpen && name === "Render");
    if (now !== watches) send("watch_rendering", now);
    watches = now;
  }

  const timer = setInterval(look, EVERY);
  // Another recording knows of nobody who watches.
  addPart({ update: (changes) => { if ("title" in changes) watches = false; }, close: () => clearInterval(timer) });
})();
