// The page's test of itself, for `make test-web`: trains through the controls, and posts what came of it to the server.

/** What is set, by the names of the controls, and the least accuracy on the points held out. */
const CASES = [
  { name: "moons, particle swarm", least: 0.95, set: { data: "moons", optimizer: "pso" } },
  { name: "moons, grey wolves", least: 0.9, set: { optimizer: "gwo" } },
  { name: "moons, evolution strategy", least: 0.9, set: { optimizer: "openai-es" } },
  { name: "moons, natural evolution strategy", least: 0.9, set: { optimizer: "snes" } },
  { name: "moons, CMA-ES", least: 0.9, set: { optimizer: "sep-cma-es" } },
  { name: "moons, neuron by neuron", least: 0.9, set: { optimizer: "pso", search: "neurons", generations: 50 } },
  { name: "moons, layer by layer, grey wolves", least: 0.85, set: { optimizer: "gwo", search: "layers", generations: 50 } },
  { name: "circles, two hidden layers", least: 0.9, set: { data: "circles", optimizer: "pso", search: "whole", model: "mlp:16,16", generations: 100 } },
  { name: "irises, no hidden layer", least: 0.85, set: { data: "iris", model: "none" } },
];

const post = (message) => fetch("report", { method: "POST", body: JSON.stringify(message) });

export const failed = (error) => post({ kind: "error", text: String(error?.stack ?? error) });

addEventListener("error", ({ error, message }) => failed(error ?? message));
addEventListener("unhandledrejection", ({ reason }) => failed(reason));

export async function run(trained, adapter) {
  await post({ kind: "adapter", text: adapter });
  try {
    for (const { name, least, set } of CASES) {
      await post({ kind: "trained", name, least, ...(await trained({ seed: 1, pace: 25, generations: 300, ...set })) });
    }
    await post({ kind: "done" });
  } catch (error) {
    await failed(error);
  }
}
