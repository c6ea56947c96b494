#!/usr/bin/env python3
"""Matrix products in PyTorch, FLOP/s by size.

usage: torch_products.py [--sizes 512,1024,2048] [--dtype f32|bf16] [--json]
needs: torch

Sizes are n (an n x n times n x n product) or m x n x k. The phases are named after them.
"""
import time
import peer

p = peer.arguments(__doc__)
p.add_argument("--sizes", default="512,1024,2048")
p.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
a = p.parse_args()
torch = peer.load("torch")
torch.set_num_threads(a.threads)
torch.manual_seed(0)
dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[a.dtype]
times, work = {}, {}
for size in a.sizes.split(","):
    numbers = [int(x) for x in size.split("x")]
    m, n, k = numbers * 3 if len(numbers) == 1 else numbers
    x, y = torch.randn(m, k).to(dtype), torch.randn(k, n).to(dtype)
    out = torch.empty(m, n, dtype=dtype)
    torch.mm(x, y, out=out)
    calls = max(1, int(1e9 / (2 * m * n * k)))

    def several():
        start = time.perf_counter()
        for _ in range(calls):
            torch.mm(x, y, out=out)
        return {size: (time.perf_counter() - start) / calls}

    times |= peer.repeat(a, several)
    work[size] = 2 * m * n * k
peer.report(a, times, work, versions={"torch": torch.__version__}, unit="FLOP/s")
