#!/usr/bin/env python3
"""Matrix products in tinygrad on its OpenCL device, FLOP/s by size.

usage: tinygrad_products.py [--sizes 512,1024] [--repeats 3] [--json]
needs: tinygrad and an OpenCL device (PoCL will do); DEV=CL is set here unless DEV is given

f32, sizes n: an n x n times n x n product. The phases are named after the sizes.
"""
import os, time
import peer

os.environ.setdefault("DEV", "CL")
p = peer.arguments(__doc__)
p.add_argument("--sizes", default="512,1024")
a = p.parse_args()
peer.load("tinygrad")
from tinygrad import Device, Tensor, TinyJit

Tensor.manual_seed(0)
times, work = {}, {}
for size in a.sizes.split(","):
    n = int(size)
    x, y = Tensor.randn(n, n).realize(), Tensor.randn(n, n).realize()
    product = TinyJit(lambda x, y: (x @ y).realize())
    for _ in range(3):
        product(x, y)
    calls = max(1, int(1e9 / (2 * n**3)))

    def several():
        Device[Device.DEFAULT].synchronize()
        start = time.perf_counter()
        for _ in range(calls):
            product(x, y)
        Device[Device.DEFAULT].synchronize()
        return {size: (time.perf_counter() - start) / calls}

    times |= peer.repeat(a, several)
    work[size] = 2 * n**3
peer.report(
    a, times, work, unit="FLOP/s",
    versions={"tinygrad": __import__("importlib.metadata").metadata.version("tinygrad")},
    note=f"device {Device.DEFAULT}")
