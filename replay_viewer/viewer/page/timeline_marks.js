// What lies on the timeline: episodes and how they ended, what people noted, and what was done by hand; and the names of
// all that, for who asks what a colour means.
(() => {
  const { state, element, colour, addPart } = window.replayViewer;
  let there = new Set(); // The kinds of episodes that there are, by their codes.

  const kinds = () => Object.keys(state.kinds);

  // -- drawing ----------------------------------------------------------------

  // `fraction(step)` is the place of a step as a share of the width.
  function draw(pen, width, height, fraction) {
    drawEpisodes(pen, width, height, fraction);
    drawByHand(pen, width, height, fraction);
    for (const [step, flag] of state.marks) drawNote(pen, fraction(step) * width, flag);
  }

  function drawEpisodes(pen, width, height, fraction) {
    const names = kinds(), colours = names.map(colour);
    const { first, last, kind } = state.episodes;
    let covered = "";
    for (let i = 0; i < first.length; i++) {
      const left = fraction(first[i] - 0.5) * width;
      const right = fraction(last[i] + 0.5) * width;
      if (right < 0 || left > width) continue;
      const pixel = `${Math.floor(right)} ${kind[i]}`;
      if (right - left < 1 && pixel === covered) continue; // Thousands of episodes share a pixel.
      covered = pixel;
      const gap = right - left > 6 ? 1 : 0;
      pen.globalAlpha = i === state.episode?.index ? 0.45 : 0.18;
      pen.fillStyle = colours[kind[i]];
      pen.fillRect(left + gap, 5, Math.max(right - left - 2 * gap, 1), height - 10);
      if (names[kind[i]] === "unfinished") continue; // The recording ends here, the episode does not.
      pen.globalAlpha = 1;
      drawEnd(pen, names[kind[i]], Math.max(right - 3 - gap, left), 2, height - 4);
    }
    pen.globalAlpha = 1;
  }

  // Where an episode ends, in whatever colour: by time as a broken line, by an event as a whole one.
  function drawEnd(pen, kind, left, top, height) {
    const parts = kind === "truncated" ? 3 : 1;
    const length = (height - 2 * (parts - 1)) / parts;
    for (let part = 0; part < parts; part++) pen.fillRect(left, top + part * (length + 2), 3, length);
  }

  // What somebody did by hand: a line below the episodes, with a point where it began; a point alone where it was over at once.
  function drawByHand(pen, width, height, fraction) {
    pen.fillStyle = colour("text");
    for (const [first, last] of state.byHand) {
      const left = fraction(first - 0.5) * width;
      const right = fraction((last ?? state.numSteps - 1) + 0.5) * width;
      if (right < 0 || left > width) continue;
      pen.fillRect(left, height - 3, Math.max(right - left, 1), 2);
      pen.beginPath();
      pen.arc(left, height - 4, 3, 0, 2 * Math.PI);
      pen.fill();
    }
  }

  // A flag or a note, where it was noted: a pennant in the flag's colour.
  function drawNote(pen, x, flag) {
    pen.fillStyle = (flag && colour(`flag-${flag}`)) || colour("accent");
    pen.beginPath();
    pen.moveTo(x - 1, 0);
    for (const [right, down] of [[9, 4], [1, 8], [1, 14], [-1, 14]]) pen.lineTo(x + right, down);
    pen.fill();
  }

  // -- names --------------------------------------------------------------------

  // What is noted of an episode.
  function noted(index) {
    const [first, last] = [state.episodes.first[index], state.episodes.last[index]];
    const found = state.marks.filter(([step]) => step >= first && step <= last);
    return found.map(([, flag, text]) => `, ${[flag, text].filter(Boolean).join(": ")}`).join("");
  }

  // What was done by hand at a step, or around it where a step is less than a few pixels wide.
  function doneByHand(step, stepsPerPixel) {
    const near = 5 * stepsPerPixel;
    const found = state.byHand.filter(([first, last]) => step >= first - near && step <= (last ?? state.numSteps) + (last === first ? near : 0));
    return found.slice(0, 3).map(([, , text]) => `, ${text}`).join("");
  }

  // How an episode ended, as the timeline draws it.
  function sign(kind, parent) {
    const node = element("i", `rv-sign rv-sign-${kind}`, parent);
    node.style.setProperty("--rv-sign", `var(--rv-${kind}, var(--rv-text))`);
    return node;
  }

  // What all signs mean that there are here.
  function nameSigns(parent) {
    const named = kinds().filter((_, code) => there.has(code)).map((kind) => [kind, state.kinds[kind]]);
    if (state.marks.length) named.push(["note", "note"]);
    if (state.byHand.length) named.push(["hand", "by hand"]);
    if (parent.named === named.join()) return;
    parent.named = named.join();
    parent.replaceChildren();
    for (const [kind, text] of named) {
      const entry = element("span", "", parent);
      sign(kind, entry);
      entry.append(text);
    }
  }

  function update({ episodes, newEpisodes }) {
    if (episodes) there = new Set(episodes.kind);
    for (const kind of newEpisodes?.kind ?? []) there.add(kind);
  }

  window.replayViewer.timelineMarks = { draw, drawEnd, noted, doneByHand, sign, nameSigns };
  addPart({ update });
})();
