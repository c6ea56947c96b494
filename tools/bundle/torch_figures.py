#!/usr/bin/env python3
"""PyTorch's figures on the same device, one JSON object {name, value, unit} a line.

usage: torch_figures.py [--device cuda|cpu] [--quick]      needs torch, and CUDA unless told
Copy bandwidth, matrix products of the shapes of `magnetic-bench kernels`, attention, and one MPO
iteration of S and M in eager bf16: generate, magnet forward, train step, as
`magnetic-bench iteration` has it. The decoder below is plain PyTorch with sdpa and a preallocated
KV cache, so no other package is needed and none slows it down.
"""
import argparse, json, time
import torch
import torch.nn.functional as F

p = argparse.ArgumentParser()
p.add_argument("--device", default="cuda")
p.add_argument("--quick", action="store_true", help="tiny sizes, to try the script")
a = p.parse_args()
gpu = a.device == "cuda"
torch.manual_seed(0)


def wait():
    if gpu:
        torch.cuda.synchronize()


def seconds(f, rounds=5):
    """Of one call, the best of `rounds`; a round lasts at least 20 ms."""
    f(); wait()
    count = 1
    while True:
        start = time.perf_counter()
        for _ in range(count): f()
        wait()
        if time.perf_counter() - start > 0.02 or count > 4096: break
        count *= 2
    best = 1e9
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(count): f()
        wait()
        best = min(best, (time.perf_counter() - start) / count)
    return best


def figure(name, unit, f):
    """A figure that fails is left out and said on standard error, and the next one goes on."""
    try:
        print(json.dumps({"name": name, "value": f(), "unit": unit}), flush=True)
    except Exception as e:
        import sys
        print(f"{name}: {e}", file=sys.stderr)
    if gpu:
        torch.cuda.empty_cache()


def copy():
    n = 1 << (16 if a.quick else 26)
    x, y = torch.randn(n, device=a.device), torch.empty(n, device=a.device)
    return 8 * n / seconds(lambda: y.copy_(x)) / 1e9


def product(m, n, k, dtype):
    if a.quick: m, n, k = 64, 64, 64
    x = torch.randn(m, k, device=a.device, dtype=dtype)
    y = torch.randn(n, k, device=a.device, dtype=dtype)
    return 2 * m * n * k / seconds(lambda: x @ y.T) / 1e12


def attention(dtype):
    s, t = (1, 32) if a.quick else (8, 2048)
    q = torch.randn(s, 9, t, 64, device=a.device, dtype=dtype)
    k, v = (torch.randn(s, 9, t, 64, device=a.device, dtype=dtype) for _ in range(2))
    run = lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return 2 * t * t * 9 * 64 * s / seconds(run) / 1e12


# --- One MPO iteration --------------------------------------------------------------------------
# C width, L layers, H heads, G key/value heads, D head width, I feed-forward, V vocabulary.

class Decoder(torch.nn.Module):
    def __init__(self, C, L, H, G, I, V, T):
        super().__init__()
        self.H, self.G, self.D = H, G, C // H
        D = self.D
        weight = lambda *shape: torch.nn.Parameter(torch.randn(*shape) * 0.02)
        self.table = weight(V, C)
        self.layers = torch.nn.ModuleList()
        for _ in range(L):
            layer = torch.nn.Module()
            layer.norm1, layer.norm2 = (torch.nn.Parameter(torch.ones(C)) for _ in range(2))
            layer.qkv, layer.out = weight((H + 2 * G) * D, C), weight(C, H * D)
            layer.up, layer.down = weight(2 * I, C), weight(C, I)
            self.layers.append(layer)
        self.norm = torch.nn.Parameter(torch.ones(C))
        angle = torch.arange(T)[:, None] * 10000.0 ** (-torch.arange(0, D, 2) / D)
        self.register_buffer("cosine", angle.cos())
        self.register_buffer("sine", angle.sin())

    def rotate(self, x, first):
        c, s = (t[first:first + x.shape[2]] for t in (self.cosine, self.sine))
        u, v = x.chunk(2, -1)
        return torch.cat((u * c - v * s, v * c + u * s), -1)

    def forward(self, ids, cache=None, first=0):
        """Hidden states (B, T, C) behind the last norm; cache: per layer k and v (B, G, T, D)."""
        x = self.table[ids]
        B, T, C = x.shape
        for i, layer in enumerate(self.layers):
            h = F.linear(F.rms_norm(x, (C,), layer.norm1, 1e-5), layer.qkv)
            q, k, v = h.view(B, T, -1, self.D).transpose(1, 2).split((self.H, self.G, self.G), 1)
            q, k = self.rotate(q, first), self.rotate(k, first)
            if cache is not None:
                cache[0][i][:, :, first:first + T], cache[1][i][:, :, first:first + T] = k, v
                k, v = cache[0][i][:, :, :first + T], cache[1][i][:, :, :first + T]
            y = F.scaled_dot_product_attention(q, k, v, is_causal=T > 1, enable_gqa=True)
            x = x + F.linear(y.transpose(1, 2).reshape(B, T, -1), layer.out)
            gate, up = F.linear(F.rms_norm(x, (C,), layer.norm2, 1e-5), layer.up).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, layer.down)
        return F.rms_norm(x, (C,), self.norm, 1e-5)


def iteration(shape, rows, prompt=64, new=64, repeats=3):
    C, L, H, G, I, V = shape
    if a.quick: L, V, rows, prompt, new, repeats = 1, 128, 2, 4, 4, 1
    make = lambda: Decoder(C, L, H, G, I, V, prompt + new).to(a.device, torch.bfloat16)
    policy, magnet = make(), make()
    magnet.load_state_dict(policy.state_dict())
    optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-5, weight_decay=0.0)
    ids = torch.randint(0, V, (rows, prompt), device=a.device)
    sign = torch.tensor([0.25, -0.25], device=a.device).repeat(rows)[:rows, None]
    cache = [torch.empty(L, rows, G, prompt + new, C // H, device=a.device, dtype=torch.bfloat16)
             for _ in range(2)]

    @torch.no_grad()
    def generate():
        tokens, step = [ids], ids
        for i in range(new):
            first = 0 if i == 0 else prompt + i - 1
            z = F.linear(policy(step, cache, first)[:, -1], policy.table).float()
            step = torch.multinomial(z.softmax(-1), 1)
            tokens.append(step)
        return torch.cat(tokens, 1)

    def log_probs(model, full):
        hidden = model(full[:, :-1])[:, -new:]
        return F.linear(hidden, model.table).float().log_softmax(-1)

    def once():
        full = generate()
        y = full[:, prompt:, None]
        with torch.no_grad():
            mu = log_probs(magnet, full)
        log_pi = log_probs(policy, full)
        old, pi = log_pi.detach(), log_pi.exp()
        ratio = (log_pi.gather(-1, y) - old.gather(-1, y))[..., 0].exp()
        kl = lambda q: (pi * (log_pi - q)).sum(-1)
        loss = (-ratio * sign + 0.1 * kl(mu) + kl(old)).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()

    once(); wait()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        once(); wait()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


bf16, f32 = torch.bfloat16, torch.float32
name = torch.cuda.get_device_name() if gpu else "cpu"
print(json.dumps({"name": f"torch {torch.__version__} on {name}", "value": 1, "unit": "device"}),
      flush=True)
figure("copy", "GB/s", copy)
figure("matmul bf16 square", "TFLOP/s", lambda: product(4096, 4096, 4096, bf16))
figure("matmul f32 square", "TFLOP/s", lambda: product(4096, 4096, 4096, f32))
figure("matmul bf16 feed-forward of M", "TFLOP/s", lambda: product(8192, 3072, 576, bf16))
figure("matmul bf16 head of M", "TFLOP/s", lambda: product(2048, 49152, 576, bf16))
figure("attention bf16", "TFLOP/s", lambda: attention(bf16))
figure("attention f32", "TFLOP/s", lambda: attention(f32))
S, M = (288, 6, 6, 6, 768, 32000), (576, 30, 9, 3, 1536, 49152)
figure("iteration S bf16", "s", lambda: iteration(S, 16))
figure("iteration M bf16", "s", lambda: iteration(M, 8))
