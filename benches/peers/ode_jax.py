"""The ensemble of benches/trajectories.rs in JAX: 65,536 van der Pol oscillators, mu from 0.1 to 8, RK4, 1,000 steps.

  python ode_jax.py [SETS]

Lines are "name trajectories/s at best, in the median, CPU seconds of one repetition". Everything is f32; compilation is
not timed. The state is a pair of arrays, which XLA fuses better than one stacked array; that form is there too.
diffrax is left out where it is not installed. Its tableau of order 4 with constant steps does the same work as RK4.
"""
import sys
import time

import jax
import jax.numpy as jnp

SETS = int(sys.argv[1]) if len(sys.argv) > 1 else 65536
STEPS, END = 1000, 20.0
H = jnp.float32(END / STEPS)
REPEATS = 15


def rhs(mu, y):
    x, v = y
    return v, mu * (1.0 - x * x) * v - x


def moved(y, h, k):
    return tuple(a + h * b for a, b in zip(y, k))


def pairs(mu):
    def step(y, _):
        k1 = rhs(mu, y)
        k2 = rhs(mu, moved(y, 0.5 * H, k1))
        k3 = rhs(mu, moved(y, 0.5 * H, k2))
        k4 = rhs(mu, moved(y, H, k3))
        slope = tuple(a + 2.0 * (b + c) + d for a, b, c, d in zip(k1, k2, k3, k4))
        return moved(y, H / 6.0, slope), None
    y, _ = jax.lax.scan(step, (jnp.float32(2.0), jnp.float32(0.0)), None, length=STEPS)
    return jnp.stack(y)


def stacked(mu):
    def f(y):
        return jnp.stack(rhs(mu, y))

    def step(y, _):
        k1 = f(y)
        k2 = f(y + 0.5 * H * k1)
        k3 = f(y + 0.5 * H * k2)
        k4 = f(y + H * k3)
        return y + H / 6.0 * (k1 + 2.0 * (k2 + k3) + k4), None
    return jax.lax.scan(step, jnp.array([2.0, 0.0], jnp.float32), None, length=STEPS)[0]


def with_diffrax():
    import diffrax
    import numpy as np
    tableau_of_rk4 = diffrax.ButcherTableau(
        a_lower=(np.array([0.5]), np.array([0.0, 0.5]), np.array([0.0, 0.0, 1.0])),
        b_sol=np.array([1 / 6, 1 / 3, 1 / 3, 1 / 6]),
        b_error=np.array([0.0, 0.0, 0.0, 0.0]),
        c=np.array([0.5, 0.5, 1.0]),
    )

    class Rk4(diffrax.AbstractERK):
        tableau = tableau_of_rk4
        interpolation_cls = diffrax.ThirdOrderHermitePolynomialInterpolation.from_k

        def order(self, terms):
            return 4

    def solve(mu):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, mu: rhs(mu, y)), Rk4(), 0.0, END, END / STEPS,
            (jnp.float32(2.0), jnp.float32(0.0)), args=mu, max_steps=STEPS + 1,
            stepsize_controller=diffrax.ConstantStepSize(), adjoint=diffrax.ForwardMode(),
        )
        return jnp.stack([y[-1] for y in solution.ys])
    return solve


def measured(name, solve):
    mu = jnp.linspace(0.1, 8.0, SETS, dtype=jnp.float32)
    run = jax.jit(jax.vmap(solve))
    ends = run(mu).block_until_ready()
    assert bool(jnp.isfinite(ends).all())
    walls, processor = [], []
    for _ in range(REPEATS):
        began, worked = time.perf_counter(), time.process_time()
        run(mu).block_until_ready()
        walls.append(time.perf_counter() - began)
        processor.append(time.process_time() - worked)
    walls.sort()
    print(f"{name} {SETS / walls[0]:.4e} {SETS / walls[len(walls) // 2]:.4e} {min(processor):.4f}", flush=True)
    return ends


print(f"jax {jax.__version__} on {jax.devices()[0]}", file=sys.stderr)
first = measured("jax-pairs", pairs)
second = measured("jax-stacked", stacked)
assert float(jnp.abs(first - second).max()) < 0.05
try:
    solve = with_diffrax()
except ImportError as missing:
    print(f"diffrax left out: {missing}", file=sys.stderr)
else:
    third = measured("diffrax", solve)
    assert float(jnp.abs(first - third).max()) < 0.05
