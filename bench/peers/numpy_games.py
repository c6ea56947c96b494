#!/usr/bin/env python3
"""The magnetic update of tabular games in NumPy, as fast as NumPy seems to go.

usage: numpy_games.py            reads requests from standard input, one JSON object a line
needs: NumPy 2.2 or newer        (`magnetic-bench games` starts it and prints the version)

Requests and answers:
  {"load": path, "n": n, "batch": B, "precision": "f32"|"f64"}
      payoffs, raw (B, n, n); tries what is fastest: {"plan": text}
  {"steps": k, "plain": bool}
      k updates from near uniform policies: {"seconds": s, "first": log pi of game 0}
  {"quit": true}

The plain form takes the whole batch through each operation. The tuned form cuts the batch into
blocks that fit a core's cache and gives every core a thread (NumPy lets go of the interpreter lock
inside its loops); block size, number of threads and the product's function are what was fastest in
a trial. One exp for each entry and update, everything in place.
"""
import json, os, sys, threading, time
import numpy as np

ETA, ALPHA, SYNC = 0.3, 0.1, 100


def update(P, x, steps, product):
    """`steps` updates of log pi x (B, n) in place; the magnet starts as x and is refreshed."""
    pull = ETA * ALPHA
    shrink = 1 / (1 + pull)
    e, y = np.empty_like(x), np.empty_like(x)
    anchor = x * (pull * shrink)
    product = product(P, e, y)
    for step in range(1, steps + 1):
        np.exp(x, out=e)
        scale = (ETA * shrink) / e.sum(axis=1, keepdims=True)
        product()
        y *= scale
        x *= shrink
        x += anchor
        x += y
        x -= x.max(axis=1, keepdims=True)
        if step % SYNC == 0:
            np.multiply(x, pull * shrink, out=anchor)
    np.exp(x, out=e)
    x -= np.log(e.sum(axis=1, keepdims=True))


def by_matmul(P, e, y):
    if len(P) == 1:
        return lambda: np.dot(P[0], e[0], out=y[0])
    left, out = e[:, :, None], y[:, :, None]
    return lambda: np.matmul(P, left, out=out)


def by_einsum(P, e, y):
    return lambda: np.einsum("bij,bj->bi", P, e, out=y)


PRODUCTS = {"matmul": by_matmul, "einsum": by_einsum}
if hasattr(np, "matvec"):
    PRODUCTS["matvec"] = lambda P, e, y: lambda: np.matvec(P, e, out=y)


class Games:
    def __init__(self, path, n, batch, precision):
        kind = {"f32": np.float32, "f64": np.float64}[precision]
        self.P = np.fromfile(path, dtype=kind).reshape(batch, n, n)
        self.x = np.empty((batch, n), kind)
        self.cores = len(os.sched_getaffinity(0))
        cost = lambda plan: self.run(8, plan)
        self.plain = min(((p, None, 1) for p in PRODUCTS), key=cost)
        plans = [self.plain]
        if batch > 1:
            plans += [(p, block, threads) for p in PRODUCTS for block in (8, 32, 128)
                      for threads in {1, self.cores}]
        self.best = min(plans, key=cost)

    def run(self, steps, plan):
        name, block, threads = plan
        product, batch = PRODUCTS[name], len(self.P)
        self.x[:] = -np.log(self.x.shape[1])
        self.x[:, 0] += 0.5  # off the uniform policy, where some games would not move
        size = block or batch
        starts = iter(range(0, batch, size))
        lock = threading.Lock()

        def work():
            while True:
                with lock:
                    first = next(starts, None)
                if first is None:
                    return
                update(self.P[first:first + size], self.x[first:first + size], steps, product)

        begin = time.perf_counter()
        others = [threading.Thread(target=work) for _ in range(threads - 1)]
        for t in others: t.start()
        work()
        for t in others: t.join()
        return time.perf_counter() - begin


def main():
    print(json.dumps({"numpy": np.__version__}), flush=True)
    games = None
    for line in sys.stdin:
        request = json.loads(line)
        if "quit" in request:
            return
        if "load" in request:
            games = None
            games = Games(request["load"], request["n"], request["batch"], request["precision"])
            name, block, threads = games.best
            answer = {"plan": f"{name}, blocks of {block or 'all'}, {threads} threads"}
        else:
            seconds = games.run(request["steps"], games.plain if request["plain"] else games.best)
            answer = {"seconds": seconds, "first": games.x[0].tolist()}
        print(json.dumps(answer), flush=True)


main()
