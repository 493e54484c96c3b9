"""The population of benches/convolution.rs in PyTorch: LeNet-5 (61,706 weights) of every candidate on one batch of 28 x 28.

  python convolution_torch.py [CANDIDATES] [ROWS]

Forward pass and mean cross-entropy, f32, no gradients. Lines are "name candidates/s at best, in the median, CPU seconds of
one repetition". "loop" runs one candidate after the other, "vmap" all of them (torch.func.vmap over stacked weights), "vmap
8" in chunks of 8, "grouped" as one convolution with a group per candidate, "compiled" the loop by torch.compile. The first
repetitions are not timed. With CUDA the same runs there.
"""
import sys
import time

import torch
import torch.nn.functional as F

CANDIDATES = int(sys.argv[1]) if len(sys.argv) > 1 else 64
ROWS = int(sys.argv[2]) if len(sys.argv) > 2 else 64
REPEATS = 15
SHAPES = [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,), (10, 84), (10,)]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def loss(weights, pictures, labels):
    c1, b1, c2, b2, d1, e1, d2, e2, d3, e3 = weights
    x = F.max_pool2d(F.relu(F.conv2d(pictures, c1, b1, padding=2)), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, c2, b2)), 2).flatten(1)
    x = F.relu(F.linear(x, d1, e1))
    x = F.relu(F.linear(x, d2, e2))
    return F.cross_entropy(F.linear(x, d3, e3), labels)


def grouped(weights, pictures, labels):
    c1, b1, c2, b2, d1, e1, d2, e2, d3, e3 = weights
    n, rows = c1.shape[0], pictures.shape[0]
    x = F.conv2d(pictures, c1.flatten(0, 1), b1.flatten(), padding=2)
    x = F.max_pool2d(F.relu(x), 2)
    x = F.conv2d(x, c2.flatten(0, 1), b2.flatten(), groups=n)
    x = F.max_pool2d(F.relu(x), 2).view(rows, n, -1).transpose(0, 1)
    x = F.relu(torch.baddbmm(e1[:, None], x, d1.mT))
    x = F.relu(torch.baddbmm(e2[:, None], x, d2.mT))
    x = torch.baddbmm(e3[:, None], x, d3.mT)
    return F.cross_entropy(x.flatten(0, 1), labels.repeat(n), reduction="none").view(n, rows).mean(1)


def measured(name, run):
    with torch.inference_mode():
        for _ in range(3):
            run()
        times, worked = [], time.process_time()
        for _ in range(REPEATS):
            began = time.perf_counter()
            run().sum().item()
            times.append(time.perf_counter() - began)
        worked = (time.process_time() - worked) / REPEATS
    times.sort()
    print(f"{name} {CANDIDATES / times[0]:.4g} {CANDIDATES / times[REPEATS // 2]:.4g} {worked:.4g}", flush=True)


def main():
    torch.manual_seed(1)
    pictures = torch.randn(ROWS, 1, 28, 28, device=DEVICE)
    labels = torch.randint(0, 10, (ROWS,), device=DEVICE)
    stacked = [0.1 * torch.randn(CANDIDATES, *shape, device=DEVICE) for shape in SHAPES]
    apart = [[weights[i] for weights in stacked] for i in range(CANDIDATES)]
    print(f"torch {torch.__version__} on {DEVICE}, {torch.get_num_threads()} threads, "
          f"{CANDIDATES} candidates, {ROWS} rows")

    def loop(of):
        return torch.stack([of(weights, pictures, labels) for weights in apart])

    together = torch.func.vmap(lambda *weights: loss(weights, pictures, labels))
    chunked = torch.func.vmap(lambda *weights: loss(weights, pictures, labels), chunk_size=8)
    with torch.inference_mode():
        wanted = loop(loss)
        for run in [together(*stacked), grouped(stacked, pictures, labels)]:
            assert torch.allclose(run, wanted, rtol=1e-3), "they disagree"
    measured("loop", lambda: loop(loss))
    measured("vmap", lambda: together(*stacked))
    measured("vmap 8", lambda: chunked(*stacked))
    measured("grouped", lambda: grouped(stacked, pictures, labels))
    try:
        compiled = torch.compile(loss)
        measured("compiled", lambda: loop(compiled))
    except Exception as error:  # no C++ compiler
        print("compiled:", str(error).splitlines()[0])


main()
