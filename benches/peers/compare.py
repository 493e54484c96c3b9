"""`gradless bench` and its counterparts in peers.py, one after the other on this machine, and the ratios.

  python compare.py                        every workload at its populations
  python compare.py medium:256 pso:4096    these

GRADLESS names the program (else `cargo run --release`); GRADLESS_DEVICE picks its adapter. Run by the interpreter that
has what requirements.txt lists. Rates are candidates/s. A ratio is the best of our runs by the best of all their forms'
runs; that of the medians stands beside it.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
USUAL = ["tiny:4096", "tiny:65536", "medium:256", "es:256", "pso:4096", "pso:16384", "gwo:4096", "gwo:16384"]


def load():
    try:
        return "load " + " ".join(f"{value:.2f}" for value in os.getloadavg())
    except OSError:
        return "load unknown"


def ours(workload, population):
    """Best and median candidates/s, with the share of the device's own multiply-adds, and the whole report."""
    program = [os.environ["GRADLESS"]] if "GRADLESS" in os.environ else [
        "cargo", "run", "--quiet", "--release", "--manifest-path", str(HERE / "../../Cargo.toml"), "--"]
    with tempfile.TemporaryDirectory() as folder:
        sweep = ["bench", workload, "--population", str(population), "--runs", "9", "--json"]
        out = subprocess.run(program + sweep + ["--out", folder], check=True, stdout=subprocess.PIPE).stdout
    report = json.loads(out)
    rows = [row for row in report["rows"] if row["workload"] == workload and row["population"] == population]
    if not rows:
        sys.exit(f"{workload} was not measured at {population}: {report['workloads']}")
    return population / min(rows[0]["runs"]), rows[0]["candidates_per_second"]["median"], rows[0], report


def main():
    results = []
    for case in sys.argv[1:] or USUAL:
        workload, _, population = case.partition(":")
        population = int(population)
        best, median, row, report = ours(workload, population)
        print(f"{case} ({load()})\n  gradless {best:.4g} best, {median:.4g} median, {row['gigaflops']:.3g} GFLOP/s, "
              f"{row['gigabytes_per_second']:.3g} GB/s", flush=True)
        peers = subprocess.run([sys.executable, str(HERE / "peers.py"), workload, str(population)],
                               check=True, stdout=subprocess.PIPE, text=True).stdout
        rates = {name: (float(high), float(middle)) for name, high, middle in map(str.split, peers.splitlines())}
        for name, (high, middle) in rates.items():
            print(f"  {name} {high:.4g} best, {middle:.4g} median")
        name = max(rates, key=rates.get)
        results.append((case, best / rates[name][0], median / max(middle for _, middle in rates.values()), name))
        device, commit = report["device"], report["commit"]
    print(f"\n{device['name']}, {device['driver']}, commit {commit}; {load()}")
    for case, ratio, medians, name in results:
        print(f"{case}: {ratio:.2f} times the best, {name} ({medians:.2f} by medians)")


if __name__ == "__main__":
    main()
