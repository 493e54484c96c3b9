"""The two workloads of our benches in JAX and PyTorch: best rate of each form.

  python peers.py network 65536     4-10-3, tanh, softmax cross-entropy, 150 rows: candidates/s
  python peers.py swarm 16384       global-best PSO on Rastrigin, 1,000 coordinates: iterations/s

Lines are "name rate". Everything is f32; compilation and warm-up are not timed.
"""
import sys
import time

REPEATS = 9
SECONDS = 0.5  # least time of a repetition


def best_rate(run):
    """Highest rate of calls of run(n), which does n of them and waits for the last."""
    run(1)
    run(2)
    count, rates = 1, []
    while len(rates) < REPEATS:
        began = time.perf_counter()
        run(count)
        took = time.perf_counter() - began
        if took < SECONDS and not rates and count < 1000:
            count = max(count + 1, int(1.2 * count * SECONDS / max(took, 1e-3)))
            continue
        rates.append(count / took)
    return max(rates)


# ------------------------------------------------------------------ network
def network(population):
    import jax
    import jax.numpy as jnp
    import numpy as np
    random = np.random.default_rng(0)
    x = jnp.asarray(random.standard_normal((150, 4)), jnp.float32)
    y = jnp.asarray(random.integers(0, 3, 150))
    candidates = jnp.asarray(random.standard_normal((population, 83)) * 0.1, jnp.float32)

    def mean_loss(logits):
        own = jnp.take_along_axis(logits, jnp.broadcast_to(y[:, None], logits.shape[:-1] + (1,)), -1)[..., 0]
        return jnp.mean(jax.nn.logsumexp(logits, -1) - own, -1)

    def split(p):
        lead = p.shape[:-1]
        return p[..., :40].reshape(lead + (4, 10)), p[..., 40:50], p[..., 50:80].reshape(lead + (10, 3)), p[..., 80:]

    def one(p):
        w1, b1, w2, b2 = split(p)
        return mean_loss(jnp.tanh(x @ w1 + b1) @ w2 + b2)

    def wide(p):
        w1, b1, w2, b2 = split(p)
        hidden = jnp.tanh(jnp.einsum("ri,pih->prh", x, w1) + b1[:, None])
        return mean_loss(jnp.einsum("prh,pho->pro", hidden, w2) + b2[:, None])

    forms = {
        "jax-vmap": jax.vmap(one),
        "jax-map": lambda p: jax.lax.map(one, p, batch_size=min(256, population)),
        "jax-wide": wide,
    }
    for name, form in forms.items():
        compiled = jax.jit(form)

        def run(n):
            for _ in range(n):
                result = compiled(candidates)
            result.block_until_ready()
        yield name, population * best_rate(run)


# -------------------------------------------------------------------- swarm
LOW, HIGH, DIMS = -5.12, 5.12, 1000
INERTIA, PULL = 0.7298, 1.49618
TURN = 6.283185307179586


def swarm_jax(population, generator, whole_loop):
    import jax
    import jax.numpy as jnp

    def f(x):
        return jnp.sum(x * x - 10.0 * jnp.cos(TURN * x) + 10.0, -1)

    def step(state):
        x, v, own, own_f, best, key = state
        key, k1, k2 = jax.random.split(key, 3)
        v = (INERTIA * v + PULL * jax.random.uniform(k1, x.shape) * (own - x)
             + PULL * jax.random.uniform(k2, x.shape) * (best - x))
        x = jnp.clip(x + v, LOW, HIGH)
        now = f(x)
        own = jnp.where((now < own_f)[:, None], x, own)
        own_f = jnp.minimum(now, own_f)
        return x, v, own, own_f, own[jnp.argmin(own_f)], key

    key, first = jax.random.split(jax.random.key(0, impl=generator))
    x = jax.random.uniform(first, (population, DIMS), minval=LOW, maxval=HIGH)
    state = [(x, jnp.zeros_like(x), x.copy(), f(x), x[0].copy(), key)]
    many = jax.jit(lambda s, n: jax.lax.fori_loop(0, n, lambda _, s: step(s), s), donate_argnums=0)
    once = jax.jit(step, donate_argnums=0)

    def run(n):
        if whole_loop:
            state[0] = many(state[0], n)
        else:
            for _ in range(n):
                state[0] = once(state[0])
        state[0][4].block_until_ready()
    return run


def swarm_torch(population, compiled):
    import torch
    device = "cuda" if torch.cuda.is_available() else "cpu"

    def f(x):
        return (x * x - 10.0 * torch.cos(TURN * x) + 10.0).sum(-1)

    def step(x, v, own, own_f, best):
        v = INERTIA * v + PULL * torch.rand_like(x) * (own - x) + PULL * torch.rand_like(x) * (best - x)
        x = torch.clamp(x + v, LOW, HIGH)
        now = f(x)
        own = torch.where((now < own_f)[:, None], x, own)
        own_f = torch.minimum(now, own_f)
        return x, v, own, own_f, own[own_f.argmin()]

    if compiled:
        step = torch.compile(step)
    x = torch.rand(population, DIMS, device=device) * (HIGH - LOW) + LOW
    state = [(x, torch.zeros_like(x), x.clone(), f(x), x[0].clone())]

    def run(n):
        with torch.no_grad():
            for _ in range(n):
                state[0] = step(*state[0])
        if device == "cuda":
            torch.cuda.synchronize()
    return run


def swarm(population):
    forms = {
        "jax": lambda: swarm_jax(population, "threefry2x32", True),
        "jax-rbg": lambda: swarm_jax(population, "unsafe_rbg", True),
        "jax-step": lambda: swarm_jax(population, "threefry2x32", False),
        "torch": lambda: swarm_torch(population, False),
        "torch-compile": lambda: swarm_torch(population, True),
    }
    for name, form in forms.items():
        yield name, best_rate(form())


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("network", "swarm"):
        sys.exit(__doc__)
    workload = network if sys.argv[1] == "network" else swarm
    for name, rate in workload(int(sys.argv[2])):
        print(name, f"{rate:.6g}", flush=True)
