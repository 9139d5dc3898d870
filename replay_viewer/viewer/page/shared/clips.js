// What is in the file of a shared replay: its facts, and poses and rewards of each episode, which share/clips.py packs.
(() => {
  const facts = JSON.parse(document.getElementById("rv-shared").textContent);
  const LARGEST = 32767; // Of a 16-bit number; quaternions are kept as such shares of it.
  const numNodes = facts.entities.map((names) => names.length);

  async function unpacked(text) {
    const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).arrayBuffer();
  }

  // Each number is kept as the difference from the one `width` places before.
  function summedUp(numbers, width) {
    for (let i = width; i < numbers.length; i++) numbers[i] += numbers[i - width];
    return numbers;
  }

  // {aims: (F, 4), rewards: (F, C), bases: (F, 3) and offsets: (F, L, 3) and wxyz: (F, L, 4) by entity, standIns: (F)}
  async function read(clip) {
    const buffer = await unpacked(clip.data);
    const count = clip.frames;
    let at = 0;
    function take(kind, width) {
      const array = new kind(buffer, at, count * width);
      at += array.byteLength;
      return array;
    }
    const arrays = { aims: take(Float32Array, 4), rewards: take(Float32Array, facts.rows.length) };
    arrays.bases = numNodes.map(() => take(Float32Array, 3));
    const narrow = numNodes.map((number) => [3, 4].map((width) => summedUp(take(Int16Array, number * width), number * width)));
    arrays.offsets = narrow.map(([offsets]) => offsets);
    arrays.wxyz = narrow.map(([, wxyz]) => wxyz);
    arrays.standIns = take(Uint8Array, 1);
    return arrays;
  }

  // -- at a time ----------------------------------------------------------------

  // The frames before and after a place of a clip, in steps from its first one, and how far it is between them.
  function around(clip, steps) {
    const before = Math.min(Math.floor(steps / clip.stride + 1e-9), clip.frames - 1);
    if (before === clip.frames - 1) return [before, before, 0];
    const start = before * clip.stride;
    const end = Math.min(start + clip.stride, clip.count - 1);
    return [before, before + 1, Math.min(Math.max((steps - start) / (end - start), 0), 1)];
  }

  function between(array, width, [before, after, share], column, length, scale = 1) {
    const a = before * width + column, b = after * width + column;
    return Array.from({ length }, (_, i) => (array[a + i] + share * (array[b + i] - array[a + i])) * scale);
  }

  function unit(vector) {
    const length = Math.hypot(...vector);
    return length ? vector.map((x) => x / length) : [1, 0, 0, 0];
  }

  // Of all nodes: [name, position, wxyz].
  function poses(clip, steps) {
    const where = around(clip, steps);
    return facts.entities.flatMap((names, entity) => {
      const base = between(clip.bases[entity], 3, where, 0, 3);
      const number = names.length;
      return names.map((name, node) => {
        const offset = between(clip.offsets[entity], 3 * number, where, 3 * node, 3, clip.scales[entity]);
        const wxyz = unit(between(clip.wxyz[entity], 4 * number, where, 4 * node, 4, 1 / LARGEST));
        return [name, base.map((x, i) => x + offset[i]), wxyz];
      });
    });
  }

  // What cameras look at: {position, heading}.
  function aim(clip, steps) {
    const where = around(clip, steps);
    return { position: between(clip.aims, 4, where, 0, 3), heading: clip.aims[4 * where[0] + 3] };
  }

  function rewardsAt(clip, steps) {
    const [frame] = around(clip, steps);
    return clip.rewards.subarray(frame * facts.rows.length, (frame + 1) * facts.rows.length);
  }

  function standIn(clip, steps) {
    return facts.standIns[clip.standIns[around(clip, steps)[0]]];
  }

  // Four significant digits, in a form as short as they allow: as Python's "%.4g".
  function text(value) {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "inf" : "-inf";
    const isPlain = value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e4);
    if (isPlain) return String(Number(value.toPrecision(4)));
    const [digits, exponent] = value.toExponential(3).split("e");
    return `${Number(digits)}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }

  let start = 0;
  for (const clip of facts.clips) {
    clip.start = start; // In steps of the file, in which the clips come one after the other.
    start += clip.count;
  }

  window.rvShared = { facts, read, poses, aim, rewardsAt, standIn, text, numSteps: start };
})();
