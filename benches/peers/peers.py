"""The workloads of `gradless bench` in JAX, PyTorch and evosax: best and median candidates/s of each form.

  python peers.py tiny 65536       scoring networks 4-10-3, tanh, softmax cross-entropy, on 150 rows
  python peers.py medium 256       scoring networks 784-32-10 on 512 rows, every candidate with weights of its own
  python peers.py es 256           generations of an evolution strategy with noise of rank 1 on 784-32-10, 512 rows
  python peers.py pso 16384        iterations of a global-best swarm on Rastrigin, 1,000 coordinates
  python peers.py gwo 16384        iterations of grey wolves on the same

Lines are "name best median". Everything is f32; compilation and warm-up are not timed. Forms of libraries that are not
installed are left out, with a word on stderr.
"""
import statistics
import sys
import time

REPEATS = 9
SECONDS = 0.5  # least time of a repetition


def rates(run):
    """Calls of run(n) a second, which does n of them and waits for the last: the highest and the middle."""
    run(1)
    run(2)
    count, found = 1, []
    while len(found) < REPEATS:
        began = time.perf_counter()
        run(count)
        took = time.perf_counter() - began
        if took < SECONDS and not found and count < 1000:
            count = max(count + 1, int(1.2 * count * SECONDS / max(took, 1e-3)))
            continue
        found.append(count / took)
    return max(found), statistics.median(found)


# ------------------------------------------------------------------ networks
TINY, MEDIUM = (4, 10, 3), (784, 32, 10)


def rows_of(sizes, rows):
    import numpy as np
    random = np.random.default_rng(0)
    return random.standard_normal((rows, sizes[0])).astype("f4"), random.integers(0, sizes[-1], rows)


def candidates_of(sizes, population):
    import numpy as np
    count = sizes[0] * sizes[1] + sizes[1] + sizes[1] * sizes[2] + sizes[2]
    return (np.random.default_rng(1).standard_normal((population, count)) * 0.1).astype("f4")


def split(p, sizes):
    """Matrices and biases of both layers; axes before the last one stay."""
    (i, h, o), lead = sizes, tuple(p.shape[:-1])
    ends = [i * h, i * h + h, i * h + h + h * o]
    return (p[..., : ends[0]].reshape(lead + (i, h)), p[..., ends[0] : ends[1]],
            p[..., ends[1] : ends[2]].reshape(lead + (h, o)), p[..., ends[2] :])


def cross_entropy_jax(logits, labels):
    import jax
    import jax.numpy as jnp
    own = jnp.take_along_axis(logits, jnp.broadcast_to(labels[:, None], logits.shape[:-1] + (1,)), -1)[..., 0]
    return jnp.mean(jax.nn.logsumexp(logits, -1) - own, -1)


def networks(sizes, rows, population):
    """Scoring, in the forms that people write."""
    import jax
    import jax.numpy as jnp
    x, y = map(jnp.asarray, rows_of(sizes, rows))
    candidates = jnp.asarray(candidates_of(sizes, population))

    def one(p):
        w1, b1, w2, b2 = split(p, sizes)
        return cross_entropy_jax(jnp.tanh(x @ w1 + b1) @ w2 + b2, y)

    def wide(p):
        w1, b1, w2, b2 = split(p, sizes)
        hidden = jnp.tanh(jnp.einsum("ri,pih->prh", x, w1) + b1[:, None])
        return cross_entropy_jax(jnp.einsum("prh,pho->pro", hidden, w2) + b2[:, None], y)

    block = 16 if sizes[0] > 100 else 256
    forms = {
        "jax-vmap": jax.vmap(one),
        "jax-map": lambda p: jax.lax.map(one, p, batch_size=min(block, population)),
        "jax-wide": wide,
    }
    for name, form in forms.items():
        compiled = jax.jit(form)

        def run(n):
            for _ in range(n):
                result = compiled(candidates)
            result.block_until_ready()
        yield name, run
    yield from networks_torch(sizes, rows, population)


def networks_torch(sizes, rows, population):
    import torch
    device = "cuda" if torch.cuda.is_available() else "cpu"
    x, y = (torch.tensor(values, device=device) for values in rows_of(sizes, rows))
    candidates = torch.tensor(candidates_of(sizes, population), device=device)

    def wide(p):
        w1, b1, w2, b2 = split(p, sizes)
        logits = torch.baddbmm(b2[:, None], torch.tanh(torch.matmul(x, w1) + b1[:, None]), w2)
        own = logits.gather(2, y[None, :, None].expand(len(p), -1, 1))[..., 0]
        return (torch.logsumexp(logits, -1) - own).mean(-1)

    for name, form in {"torch": wide, "torch-compile": torch.compile(wide)}.items():
        def run(n):
            with torch.no_grad():
                for _ in range(n):
                    form(candidates)
            if device == "cuda":
                torch.cuda.synchronize()
        yield name, run


# -------------------------------------------------------- evolution strategy
def strategy(population):
    """A generation: antithetic noise of rank 1 for each matrix, scores, and a step. The centre's product is shared."""
    import jax
    import jax.numpy as jnp
    x, y = map(jnp.asarray, rows_of(MEDIUM, 512))
    pairs, sigma, rate = population // 2, 0.1, 0.05
    inputs, hidden, outputs = MEDIUM

    def both(values):
        return jnp.concatenate([values, values])

    def generation(_, state):
        centre, key = state
        key, *keys = jax.random.split(key, 7)
        w1, b1, w2, b2 = split(centre, MEDIUM)
        sizes = (inputs, hidden, hidden, outputs, hidden, outputs)
        a1, c1, a2, c2, e1, e2 = (jax.random.normal(k, (pairs, size)) for k, size in zip(keys, sizes))
        sign = jnp.concatenate([jnp.ones(pairs), -jnp.ones(pairs)])[:, None, None] * sigma
        along = both((x @ a1.T).T)[:, :, None]  # a pair shares it
        values = jnp.tanh(x @ w1 + b1 + sign * (along * both(c1)[:, None] + both(e1)[:, None]))
        along = jnp.einsum("prh,ph->pr", values, both(a2))[:, :, None]
        logits = values @ w2 + b2 + sign * (along * both(c2)[:, None] + both(e2)[:, None])
        loss = cross_entropy_jax(logits, y)
        utility = (loss - loss.mean()) / (loss.std() + 1e-8)
        utility = (utility[:pairs] - utility[pairs:]) / (population * sigma)
        step = [jnp.einsum("p,pi,ph->ih", utility, a1, c1).ravel(), utility @ e1,
                jnp.einsum("p,pi,ph->ih", utility, a2, c2).ravel(), utility @ e2]
        return centre - rate * jnp.concatenate(step), key

    many = jax.jit(lambda state, n: jax.lax.fori_loop(0, n, generation, state), donate_argnums=0)
    state = [(jnp.asarray(candidates_of(MEDIUM, 1)[0]), jax.random.key(0))]

    def run(n):
        state[0] = many(state[0], n)
        state[0][0].block_until_ready()
    yield "jax", run


# -------------------------------------------------------------------- swarms
LOW, HIGH, DIMS = -5.12, 5.12, 1000
INERTIA, PULL = 0.7298, 1.49618
TURN = 6.283185307179586


def rastrigin_jax(x):
    import jax.numpy as jnp
    return jnp.sum(x * x - 10.0 * jnp.cos(TURN * x) + 10.0, -1)


def rastrigin_torch(x):
    import torch
    return (x * x - 10.0 * torch.cos(TURN * x) + 10.0).sum(-1)


def looped(step, state, done):
    """step, as often as asked for, in one compiled loop."""
    import jax
    many = jax.jit(lambda s, n: jax.lax.fori_loop(0, n, lambda _, s: step(s), s), donate_argnums=0)
    kept = [state]

    def run(n):
        kept[0] = many(kept[0], n)
        done(kept[0]).block_until_ready()
    return run


def pso_jax(population, generator):
    import jax
    import jax.numpy as jnp

    def step(state):
        x, v, own, own_f, best, key = state
        key, k1, k2 = jax.random.split(key, 3)
        v = (INERTIA * v + PULL * jax.random.uniform(k1, x.shape) * (own - x)
             + PULL * jax.random.uniform(k2, x.shape) * (best - x))
        x = jnp.clip(x + v, LOW, HIGH)
        now = rastrigin_jax(x)
        own = jnp.where((now < own_f)[:, None], x, own)
        own_f = jnp.minimum(now, own_f)
        return x, v, own, own_f, own[jnp.argmin(own_f)], key

    key, first = jax.random.split(jax.random.key(0, impl=generator))
    x = jax.random.uniform(first, (population, DIMS), minval=LOW, maxval=HIGH)
    return looped(step, (x, jnp.zeros_like(x), x.copy(), rastrigin_jax(x), x[0].copy(), key), lambda s: s[4])


def gwo_jax(population, generator):
    import jax
    import jax.numpy as jnp

    def step(state):
        x, leaders, leaders_f, key = state
        now = rastrigin_jax(x)
        best_f, best = jax.lax.top_k(-now, 3)
        together = jnp.concatenate([leaders_f, -best_f])
        _, chosen = jax.lax.top_k(-together, 3)
        leaders = jnp.concatenate([leaders, x[best]])[chosen]
        key, drawn = jax.random.split(key)
        draws = jax.random.uniform(drawn, (6,) + x.shape)
        # a is held at 1: what is timed does not depend on it.
        moved = sum(leaders[k] - (2.0 * draws[2 * k] - 1.0) * jnp.abs(2.0 * draws[2 * k + 1] * leaders[k] - x)
                    for k in range(3))
        return jnp.clip(moved / 3.0, LOW, HIGH), leaders, together[chosen], key

    key, first = jax.random.split(jax.random.key(0, impl=generator))
    x = jax.random.uniform(first, (population, DIMS), minval=LOW, maxval=HIGH)
    return looped(step, (x, x[:3].copy(), rastrigin_jax(x[:3]), key), lambda s: s[2])


def pso_evosax(population):
    """Its own choice: one pair of random numbers for a particle, no clamp."""
    import jax
    import jax.numpy as jnp
    from evosax.algorithms import PSO
    strategy = PSO(population_size=population, solution=jnp.zeros(DIMS))
    parameters = strategy.default_params

    def step(state):
        key, inner = state
        key, asked, told = jax.random.split(key, 3)
        x, inner = strategy.ask(asked, inner, parameters)
        inner, _ = strategy.tell(told, x, rastrigin_jax(x), inner, parameters)
        return key, inner

    key = jax.random.key(0)
    x = jax.random.uniform(key, (population, DIMS), minval=LOW, maxval=HIGH)
    inner = strategy.init(key, x, rastrigin_jax(x), parameters)
    many = jax.jit(lambda s, n: jax.lax.fori_loop(0, n, lambda _, s: step(s), s))
    kept = [(key, inner)]

    def run(n):
        kept[0] = many(kept[0], n)
        jax.block_until_ready(kept[0])
    return run


def pso_torch(population, compiled):
    import torch

    def step(x, v, own, own_f, best):
        v = INERTIA * v + PULL * torch.rand_like(x) * (own - x) + PULL * torch.rand_like(x) * (best - x)
        x = torch.clamp(x + v, LOW, HIGH)
        now = rastrigin_torch(x)
        own = torch.where((now < own_f)[:, None], x, own)
        own_f = torch.minimum(now, own_f)
        return x, v, own, own_f, own[own_f.argmin()]

    x = start_torch(population)
    return stepped(step, compiled, (x, torch.zeros_like(x), x.clone(), rastrigin_torch(x), x[0].clone()))


def gwo_torch(population, compiled):
    import torch

    def step(x, leaders, leaders_f):
        now = rastrigin_torch(x)
        best_f, best = torch.topk(now, 3, largest=False)
        together = torch.cat([leaders_f, best_f])
        kept_f, chosen = torch.topk(together, 3, largest=False)
        leaders = torch.cat([leaders, x[best]])[chosen]
        moved = sum(leaders[k] - (2.0 * torch.rand_like(x) - 1.0) * torch.abs(2.0 * torch.rand_like(x) * leaders[k] - x)
                    for k in range(3))
        return torch.clamp(moved / 3.0, LOW, HIGH), leaders, kept_f

    x = start_torch(population)
    return stepped(step, compiled, (x, x[:3].clone(), rastrigin_torch(x[:3])))


def start_torch(population):
    import torch
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.rand(population, DIMS, device=device) * (HIGH - LOW) + LOW


def stepped(step, compiled, state):
    import torch
    if compiled:
        step = torch.compile(step)
    kept = [state]

    def run(n):
        with torch.no_grad():
            for _ in range(n):
                kept[0] = step(*kept[0])
        if kept[0][0].is_cuda:
            torch.cuda.synchronize()
    return run


def swarms(jax_form, torch_form, population, others=()):
    yield "jax", jax_form(population, "threefry2x32")
    yield "jax-rbg", jax_form(population, "unsafe_rbg")
    for name, form in others:
        try:
            run = form(population)
        except ImportError as missing:
            print(f"{name} is left out: {missing}", file=sys.stderr)
            continue
        yield name, run
    yield "torch", torch_form(population, False)
    yield "torch-compile", torch_form(population, True)


WORKLOADS = {
    "tiny": lambda population: networks(TINY, 150, population),
    "medium": lambda population: networks(MEDIUM, 512, population),
    "es": strategy,
    "pso": lambda population: swarms(pso_jax, pso_torch, population, [("evosax", pso_evosax)]),
    "gwo": lambda population: swarms(gwo_jax, gwo_torch, population),
}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in WORKLOADS:
        sys.exit(__doc__)
    population = int(sys.argv[2])
    for name, run in WORKLOADS[sys.argv[1]](population):
        best, median = rates(run)
        print(name, f"{population * best:.6g} {population * median:.6g}", flush=True)
