// What robots stand on, under the sky, as films have it: a checker that fades to the horizon, a sky that the camera turns
// under, one sun whose shadows are as fine as the picture. Python makes the nodes, viewer/land.py. Runs in the page's head,
// so that the first frame has it.
(() => {
  const viser = window.rvViser;
  const { FLOORS, EDGE, SUN, HEADLIGHT } = /*LAND*/;
  const SQUARE = 0.5; // [m], of the checker.
  const DARK_SQUARE = 0.2; // What its dark squares take of the ground's colour.
  // The ground is half as bright as near the camera this far from it [m], or so many times as far as what is looked at.
  const REACH = 14;
  const REACH_OF_DISTANCE = 5;
  // Half of what the sun's shadows lie on: around what is looked at, so many times as far as that; within limits [m].
  const SHADED = 1.1;
  const SHADED_AT_LEAST = 1.5;
  const SHADED_AT_MOST = 40;
  const SHADOW_CELLS = 2048;
  const DEEP = 4; // So far towards the sun and away from it there is more that casts shadows [m].
  // What is this far behind a surface [m] lies in its shadow; along the normal, as a share of `half`.
  const BIAS = 0.004;
  const NORMAL_BIAS = 0.002;
  // The sky's own colours, by elevation [rad]; films ease them: u (2 - u) of the sine over that of the zenith's colour.
  const ZENITH = 0.55;
  const ELEVATIONS = [0.583, 0.42, 0.3, 0.2, 0.12, 0.06, 0];

  const distance = ({ position, target }) => Math.hypot(...position.map((x, i) => x - target[i]));

  // -- ground -------------------------------------------------------------------

  const uniforms = { rvHorizon: { value: [1, 1, 1] }, rvReach: { value: REACH } };

  const OWN = `
    varying vec3 rvPlace; // In the world, x and y [m], and how much of it there is beyond its border.
    varying vec2 rvAway; // From the camera, along the ground [m].
  `;
  const CHECKER = `
    uniform vec3 rvHorizon;
    uniform float rvReach;
    // Means of the square wave of period 2 over a pixel.
    vec2 rvBand(vec2 at) {
      vec2 width = max(fwidth(at), vec2(1e-4));
      vec2 low = fract((at - 0.5 * width) * 0.5), high = fract((at + 0.5 * width) * 0.5);
      return 2.0 * (abs(low - 0.5) - abs(high - 0.5)) / width;
    }
    float rvChecker() {
      vec2 band = rvBand(rvPlace.xy / ${SQUARE.toFixed(4)});
      return 1.0 - ${DARK_SQUARE.toFixed(4)} * (0.5 - 0.5 * band.x * band.y);
    }
    float rvSeen() {
      float far = dot(rvAway, rvAway) / (rvReach * rvReach);
      return clamp(rvPlace.z, 0.0, 1.0) / (1.0 + far * far);
    }
  `;

  // Of an edge, the share of the way from its inner to its outer rectangle; all of what has no edge is there.
  function border(mesh, isEdge) {
    if (!isEdge) return "1.0";
    mesh.geometry.computeBoundingBox();
    const { min, max } = mesh.geometry.boundingBox;
    const pair = (x, y) => `vec2(${x.toFixed(6)}, ${y.toFixed(6)})`;
    const middle = pair((min.x + max.x) / 2, (min.y + max.y) / 2);
    const half = pair(Math.max((max.x - min.x) / 2, 1e-3), Math.max((max.y - min.y) / 2, 1e-3));
    const out = `abs(position.xy - ${middle}) / ${half}`;
    return `(1.0 - max((${out}).x, (${out}).y)) / ${(1 - 1 / EDGE.times).toFixed(6)}`;
  }

  function dress(mesh, isEdge) {
    const { material } = mesh;
    if (material.rvDressed) return;
    const there = border(mesh, isEdge);
    material.rvDressed = true;
    material.customProgramCacheKey = () => `rv-land ${there}`;
    material.onBeforeCompile = (shader) => {
      Object.assign(shader.uniforms, uniforms);
      const place = `
        rvPlace = vec3(position.xy, ${there});
        rvAway = (modelMatrix * vec4(position, 1.0)).xz - cameraPosition.xz;
      `;
      shader.vertexShader = OWN + shader.vertexShader.replace("#include <begin_vertex>", `#include <begin_vertex>${place}`);
      const coloured = "#include <color_fragment>\ndiffuseColor.rgb *= rvChecker();";
      const faded = "outgoingLight = mix(rvHorizon, outgoingLight, rvSeen());\n#include <opaque_fragment>";
      shader.fragmentShader = OWN + CHECKER + shader.fragmentShader
        .replace("#include <color_fragment>", coloured).replace("#include <opaque_fragment>", faded);
    };
    material.needsUpdate = true;
  }

  function dressAll() {
    for (const name of Object.keys(FLOORS)) {
      const mesh = viser.drawn(name);
      if (mesh?.material) dress(mesh, name === EDGE.node);
    }
  }

  // -- sun ----------------------------------------------------------------------

  // One shadow around what is looked at, in the place of viser's three over all that the camera sees.
  function shine(camera) {
    const sun = viser.drawn(SUN.node);
    if (!sun) return;
    const { shadow } = sun;
    if (!sun.rvDressed) {
      sun.rvDressed = true;
      shadow.mapSize.set(SHADOW_CELLS, SHADOW_CELLS);
      shadow.radius = 1.5;
    }
    sun.castShadow = viser.castsShadows();
    if (!sun.castShadow) return;
    const half = Math.min(Math.max(SHADED * distance(camera), SHADED_AT_LEAST), SHADED_AT_MOST);
    const [x, y, z] = camera.target;
    sun.position.set(x, y, z);
    sun.target.position.set(-y, z, -x);
    sun.target.updateMatrixWorld();
    if (Math.abs(shadow.camera.right / half - 1) < 0.05) return;
    const deep = half + DEEP;
    const planes = { near: SUN.distance - deep, far: SUN.distance + deep };
    Object.assign(shadow.camera, { left: -half, right: half, bottom: -half, top: half, ...planes });
    shadow.camera.updateProjectionMatrix();
    Object.assign(shadow, { bias: -BIAS / (2 * deep), normalBias: NORMAL_BIAS * half });
  }

  function followCamera(camera) {
    const headlight = viser.drawn(HEADLIGHT.node);
    const away = camera.position.map((x, i) => x - camera.target[i]);
    if (headlight) headlight.position.set(...away.map((x, i) => 100 * x - HEADLIGHT.position[i]));
  }

  // -- sky ----------------------------------------------------------------------

  let skyTurn = "";
  let skyPicture = null;

  // The horizon is where the camera has it; below it the sky is as bright as there.
  function drawSky(camera) {
    const picture = viser.picture();
    if (!picture?.clientHeight) return;
    const [x, y, z] = camera.position.map((value, i) => value - camera.target[i]);
    const down = Math.atan2(z, Math.hypot(x, y));
    // It is only made anew where the camera was turned.
    const turn = `${down.toFixed(3)} ${camera.fov.toFixed(3)}`;
    if (turn === skyTurn && picture === skyPicture) return;
    skyTurn = turn;
    skyPicture = picture;
    const focal = 0.5 / Math.tan(camera.fov / 2);
    const stops = [];
    for (const elevation of ELEVATIONS) {
      if (Math.abs(elevation + down) > 1.5) continue;
      const height = Math.min(Math.sin(elevation) / ZENITH, 1);
      const share = (100 * height * (2 - height)).toFixed(1);
      const at = (100 * (0.5 - focal * Math.tan(elevation + down))).toFixed(1);
      stops.push(`color-mix(in srgb-linear, var(--rv-sky-top) ${share}%, var(--rv-sky-bottom)) ${at}%`);
    }
    const sky = stops.length > 1 ? `linear-gradient(${stops.join(", ")})` : "linear-gradient(var(--rv-sky-bottom) 0 0)";
    picture.style.setProperty("--rv-sky", sky);
  }

  // The colour of the horizon in linear light, as three.js has colours.
  function mixHorizon() {
    const colour = getComputedStyle(document.documentElement).getPropertyValue("--rv-sky-bottom").trim();
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    uniforms.rvHorizon.value = [1, 3, 5].map((at) => linear(parseInt(colour.slice(at, at + 2), 16) / 255));
  }

  // -- all ----------------------------------------------------------------------

  function draw() {
    requestAnimationFrame(draw);
    dressAll();
    const camera = viser.camera();
    if (!camera) return;
    const renderer = viser.renderer();
    if (renderer) renderer.toneMapping = 0; // Colours are as films have them.
    uniforms.rvReach.value = Math.max(REACH, REACH_OF_DISTANCE * distance(camera));
    shine(camera);
    followCamera(camera);
    drawSky(camera);
  }

  window.addEventListener("rv-look", mixHorizon);
  mixHorizon();
  requestAnimationFrame(draw);
})();
