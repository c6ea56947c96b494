"""What every peer script shares: what is missing, memory peaks, repeats within a budget, one report.

A report is one JSON object, the same that `magnetic-bench` prints with --json:
  times     {phase: [seconds of every counted repeat]}
  work      {phase: units of one repeat}        tokens, or FLOPs for products
  memory    {peak, baseline, ...} in MiB        peak: most resident since the baseline was taken
  versions  {library: version}
  note      what a reader must know
A script that lacks a library prints {"missing": library, "install": command} and exits with 3.
"""
import argparse, importlib, json, os, resource, statistics, sys, time

INSTALL = "python3 -m pip install -r bench/peers/requirements.txt"


def arguments(description, shape=False, repeats=3):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if shape:
        parser.add_argument("--shape", choices=list(SHAPES), default="S")
    parser.add_argument("--repeats", type=int, default=repeats, help="counted repeats")
    parser.add_argument("--budget", type=float, default=0, metavar="S",
                        help="stop repeating after this many seconds (at least one is counted)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


# width, layers, heads, key/value heads, feed-forward, vocabulary; the head is tied everywhere.
# `magnetic-bench` has the same in Shapes.swift.
SHAPES = {
    "S": (288, 6, 6, 6, 768, 32000),
    "M": (576, 30, 9, 3, 1536, 49152),
    "tiny": (32, 2, 4, 2, 64, 512),
}


def parameter_count(shape):
    c, layers, heads, groups, f, v = SHAPES[shape]
    d = c // heads
    return v * c + layers * ((heads + 2 * groups) * d * c + heads * d * c + 3 * f * c + 2 * c) + c


def load(*names):
    """The modules, or a report of the one that is missing."""
    found = []
    for name in names:
        try:
            found.append(importlib.import_module(name))
        except ImportError as e:
            print(json.dumps({"missing": name, "install": INSTALL, "reason": str(e)}))
            print(f"{name} is not installed ({e}); try: {INSTALL}", file=sys.stderr)
            sys.exit(3)
    return found[0] if len(found) == 1 else found


def resident_mib(field="VmRSS"):
    """Resident memory now (VmRSS) or at its highest since `restart_peak` (VmHWM)."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def restart_peak():
    """Lets VmHWM start again from what is resident now; returns that, in MiB."""
    try:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
    except OSError:
        pass  # the peak then counts from the start of the process
    return resident_mib()


def repeat(a, body):
    """Runs body() once uncounted, then counted. body returns {phase: seconds}, or None: timed here."""
    times = {}
    begin = time.perf_counter()
    for r in range(a.repeats + 1):
        start = time.perf_counter()
        phases = body() or {"time": time.perf_counter() - start}
        if r:
            for phase, seconds in phases.items():
                times.setdefault(phase, []).append(seconds)
            spent = time.perf_counter() - begin
            if a.budget and spent + spent / (r + 1) > a.budget:
                break
    return times


def report(a, times, work=None, memory=None, versions=None, note="", unit="tokens/s"):
    work = work or {}
    if a.json:
        print(json.dumps({"times": times, "work": work, "memory": memory or {},
                          "versions": versions or {}, "note": note}))
        return
    for phase, seconds in times.items():
        m = statistics.median(seconds)
        rate = f"{work[phase] / m:12.4g} {unit}" if phase in work else ""
        print(f"{phase:10s} {m:9.4f} s  [{min(seconds):.4f}..{max(seconds):.4f}] {rate}")
    if memory:
        print("memory    ", ", ".join(f"{k} {v:.0f} MiB" for k, v in memory.items()))
    print(", ".join(f"{k} {v}" for k, v in (versions or {}).items()), note)
