// Controls and loop. What is computed comes from the engine; this file asks, waits and shows.

import init, { Session } from "./engine.js";
import { drawCurve, drawPlane } from "./draw.js";

/** Sliders of each optimizer: lowest, highest, step. Meanings and defaults are the engine's. */
const SLIDERS = {
  pso: { inertia: [0, 1, 0.01], cognitive: [0, 4, 0.05], social: [0, 4, 0.05] },
  gwo: {},
  "openai-es": { sigma: [0.02, 1, 0.02], rate: [0.005, 0.5, 0.005] },
  snes: { sigma: [0.05, 2, 0.05], mean_rate: [0.1, 2, 0.1] },
  "sep-cma-es": { sigma: [0.05, 2, 0.05] },
};
/** Those that can search part by part. */
const BY_PARTS = ["pso", "gwo"];
/** Populations, as powers of two, that suit a search of everything at once, and of each part by itself. */
const POWERS = { whole: 7, parts: 4 };
/** Milliseconds between two looks at the plane. */
const LOOK = 120;

const $ = (id) => document.getElementById(id);
const form = $("controls");
const field = (name) => form.elements[name];

let session;
let scene, points, regions;
let records = [];
let playing = true;
let anew = true;
let looked = 0;
/** Called when the loop has something to do again. */
let wake = () => {};
/** Called with what came of a run, or of its failure. */
let ended = { resolve: () => {}, reject: () => {} };

/** Controls as the engine takes them. */
function settings() {
  const own = [...$("settings").querySelectorAll("input")].filter((input) => input.value !== input.dataset.usual);
  return {
    data: field("data").value,
    model: field("model").value,
    search: field("search").value,
    optimizer: field("optimizer").value,
    settings: Object.fromEntries(own.map((input) => [input.name, input.value])),
    population: number("population"),
    generations: number("generations"),
    seed: number("seed"),
  };
}

function number(name) {
  const value = field(name).valueAsNumber;
  return "power" in field(name).dataset ? 2 ** value : value;
}

/** The sliders of the chosen optimizer, at their defaults. */
function offer() {
  const { about, defaults, meanings } = JSON.parse(Session.describe(field("optimizer").value));
  field("optimizer").title = about;
  const sliders = Object.entries(SLIDERS[field("optimizer").value]).map(([name, [min, max, step]]) => {
    const input = Object.assign(document.createElement("input"), { type: "range", name, min, max, step });
    input.value = defaults[name];
    // What is not moved is left to the engine, whose default may lie between two steps.
    input.dataset.usual = input.value;
    const label = document.createElement("label");
    label.title = meanings[name];
    const value = Object.assign(document.createElement("span"), { className: "value", ariaHidden: "true" });
    label.append(`${name[0].toUpperCase()}${name.slice(1).replaceAll("_", " ")} `, value, input);
    return label;
  });
  $("settings").replaceChildren(...sliders);
  const apart = BY_PARTS.includes(field("optimizer").value);
  field("search").disabled = !apart;
  if (!apart && field("search").value !== "whole") {
    field("search").value = "whole";
    suit();
  }
  spell();
}

/** Sets the population that suits what is searched. */
function suit() {
  field("population").value = field("search").value === "whole" ? POWERS.whole : POWERS.parts;
  spell();
}

/** Writes beside every slider what it says. */
function spell() {
  for (const input of form.querySelectorAll("input[type=range]")) {
    const value = "power" in input.dataset ? 2 ** input.valueAsNumber : input.valueAsNumber;
    input.labels[0].querySelector(".value").textContent = value;
    input.setAttribute("aria-valuetext", value);
  }
}

/** Begins anew with what the controls say. */
function begin() {
  const chosen = settings();
  scene = JSON.parse(session.start(JSON.stringify(chosen)));
  points = session.points();
  [records, regions, looked] = [[], null, 0];
  $("parameters").textContent = scene.parameters;
  $("legend").replaceChildren(...scene.classes.map((name, k) => {
    const item = document.createElement("span");
    const dot = Object.assign(document.createElement("i"), { className: `dot class-${k}` });
    item.append(dot, chosen.data === "iris" ? name : `class ${name}`);
    return item;
  }));
  $("trouble").hidden = true;
  say(playing ? "Learning." : "Ready.");
}

/** One frame: some generations, and from time to time a look at what has been learned. */
async function frame() {
  const progress = JSON.parse(await session.advance(number("pace")));
  records.push(...progress.records);
  const now = performance.now();
  if (now - looked > LOOK || progress.done) {
    looked = now;
    const { train, test } = JSON.parse(await session.look());
    regions = session.regions();
    $("train").textContent = percent(train);
    $("test").textContent = percent(test);
    draw();
    if (progress.done) finish(progress, test);
  }
  $("loss").textContent = progress.best.toPrecision(3);
  $("generation").textContent = progress.generation;
  $("evaluations").textContent = progress.evaluations.toLocaleString("en");
  drawCurve($("curve"), records, scene.generations);
}

function finish(progress, accuracy) {
  pause();
  say(`Done: ${percent(accuracy)} of the points held out are told rightly, after ${progress.generation} generations.`);
  ended.resolve({ accuracy, generation: progress.generation, seconds: progress.seconds });
  $("play").textContent = "Start again";
  $("play").dataset.over = "";
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function draw() {
  drawPlane($("plane"), scene, points, regions);
  if (scene) drawCurve($("curve"), records, scene.generations);
}

async function loop() {
  for (;;) {
    if (!anew && !playing) await new Promise((resolve) => { wake = resolve; });
    try {
      if (anew) {
        anew = false;
        begin();
        // The data are there to be seen before the first generation.
        draw();
      }
      if (playing) await frame();
    } catch (error) {
      pause();
      say("");
      trouble("This did not work", String(error.message ?? error));
      ended.reject(error);
    }
    await new Promise(requestAnimationFrame);
  }
}

function play() {
  if ("over" in $("play").dataset) anew = true;
  delete $("play").dataset.over;
  playing = true;
  $("play").textContent = "Pause";
  if (!anew) say("Learning.");
  wake();
}

function pause() {
  playing = false;
  $("play").textContent = "Start";
  say("Paused.");
}

/** Begins anew as soon as the loop comes round; goes on playing, or stays paused. */
function reset() {
  if (!form.reportValidity()) return;
  delete $("play").dataset.over;
  if (!playing) $("play").textContent = "Start";
  anew = true;
  wake();
}

const say = (text) => { $("status").textContent = text; };

function trouble(title, ...parts) {
  const box = $("trouble");
  const heading = Object.assign(document.createElement("h2"), { textContent: title });
  const paragraphs = parts.map((part) => {
    if (part instanceof Node) return part;
    return Object.assign(document.createElement("p"), { textContent: part });
  });
  box.replaceChildren(heading, ...paragraphs);
  box.hidden = false;
}

/** Where WebGPU is, for those who have none. */
function missing(cause) {
  const list = document.createElement("ul");
  const where = [
    "Chrome and Edge from version 113 on Windows, macOS and ChromeOS, from 121 on Android",
    "on Linux: Chrome or Chromium with chrome://flags/#enable-unsafe-webgpu and chrome://flags/#enable-vulkan switched on",
    "Safari from version 26; Firefox from 141 on Windows and 145 on macOS, elsewhere with dom.webgpu.enabled in about:config",
  ];
  list.append(...where.map((textContent) => Object.assign(document.createElement("li"), { textContent })));
  const hint = window.isSecureContext
    ? "If yours is one of them, its graphics driver may be on the browser's list of refused ones: see chrome://gpu or about:support."
    : "This page was not loaded in a secure way: browsers give WebGPU only to https and to localhost.";
  trouble("WebGPU is missing here", `The engine computes on the graphics card, and the browser gives it none (${cause}). WebGPU is in:`, list, hint);
}

/** What the browser tells of its adapter. */
async function adapter() {
  const info = (await navigator.gpu.requestAdapter())?.info ?? {};
  const name = info.description || [info.vendor, info.architecture].filter(Boolean).join(" ") || "unnamed";
  return `${name}${session.software() ? ", on the processor" : ""}`;
}

/** For tests: sets controls by name, trains to the end, resolves with what came of it. */
export function trained(wanted) {
  for (const [name, value] of Object.entries(wanted)) {
    field(name).value = value;
    if (name === "optimizer") offer();
    if (name === "search") suit();
  }
  spell();
  return new Promise((resolve, reject) => {
    ended = { resolve, reject };
    delete $("play").dataset.over;
    anew = true;
    play();
  });
}

/** Loads the engine and opens the adapter; false, with a word on it, where there is none. */
async function open() {
  const without = (cause) => {
    missing(cause);
    test?.failed(cause);
    return false;
  };
  if (!navigator.gpu) return without("navigator.gpu is not there");
  await init({ module_or_path: new URL("engine_bg.wasm", import.meta.url) });
  try {
    session = await Session.open();
  } catch (error) {
    return without(error.message ?? error);
  }
  return true;
}

async function present() {
  $("main").hidden = false;
  const name = await adapter();
  $("adapter").textContent = `Computed by WebGPU on ${name}.`;
  offer();
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", spell);
  form.addEventListener("change", ({ target }) => {
    if (target.name === "optimizer") offer();
    if (target.name === "search") suit();
    if (target.name !== "pace") reset();
  });
  $("play").addEventListener("click", () => (playing ? pause() : play()));
  $("reset").addEventListener("click", reset);
  new ResizeObserver(draw).observe($("plane"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  if (test) playing = false;
  loop();
  test?.run(trained, name);
}

const test = new URLSearchParams(location.search).has("test") ? await import("./test.js") : null;
try {
  if (await open()) await present();
} catch (error) {
  trouble("This did not work", String(error.message ?? error));
  test?.failed(error);
}
