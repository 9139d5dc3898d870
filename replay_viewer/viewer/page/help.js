// What the keys and the mouse do: a dialog, opened by "?" in the bar or on the keyboard.
(() => {
  const { element, addPart } = window.replayViewer;

  const dialog = element("dialog", "rv-help", document.body, { id: "rv-help", "aria-label": "Keys and mouse" });
  dialog.innerHTML = /*HELP*/;
  // A click beside it, on what is dimmed, closes it.
  dialog.addEventListener("click", (event) => { if (event.target === dialog || event.target.closest("[data-close]")) dialog.close(); });

  const button = element("button", "rv-question", document.querySelector("#rv-bar .rv-row"), {
    type: "button", title: "Keys and mouse (?)", "aria-label": "Keys and mouse (?)", "aria-haspopup": "dialog",
  });
  button.textContent = "?";
  button.addEventListener("click", () => dialog.showModal());

  function isWriting(target) {
    return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
  }

  // Before viser's keys, which would act behind the dialog.
  function onKey(event) {
    if (dialog.open) event.stopPropagation();
    else if (event.key === "?" && !isWriting(event.target)) dialog.showModal();
  }
  window.addEventListener("keydown", onKey, true);

  addPart({ close: () => { window.removeEventListener("keydown", onKey, true); dialog.remove(); } });
})();
