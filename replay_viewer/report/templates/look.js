"use strict";
// Light or dark as the system, unless the reader has said otherwise; before anything is drawn.
(() => {
  const key = "replay-viewer-report-look";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const remembered = () => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // Files may have no memory.
    }
  };
  let chosen = remembered();
  const show = () => {
    document.documentElement.dataset.rvLook = chosen ?? (dark.matches ? "dark" : "light");
  };
  dark.addEventListener("change", show);
  show();
  window.turnLook = () => {
    chosen = document.documentElement.dataset.rvLook === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(key, chosen);
    } catch {}
    show();
  };
})();
