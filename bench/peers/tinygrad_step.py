#!/usr/bin/env python3
"""A training step (next-token cross-entropy, AdamW) in tinygrad on its OpenCL device.

usage: tinygrad_step.py [--shape S|M|tiny] [--rows 4] [--length 128] [--repeats 3] [--json]
needs: tinygrad and an OpenCL device (PoCL will do); DEV=CL is set here unless DEV is given

The same random shapes and loss as `magnetic-bench train`: a Llama decoder in f32, the whole step under
TinyJit, which is how tinygrad trains. The first calls, which compile kernels, are not counted.
"""
import os, time
import peer

os.environ.setdefault("DEV", "CL")
p = peer.arguments(__doc__, shape=True)
p.add_argument("--rows", type=int, default=4)
p.add_argument("--length", type=int, default=128)
a = p.parse_args()
tinygrad = peer.load("tinygrad")
from tinygrad import Context, Device, Tensor, TinyJit, nn

Tensor.manual_seed(0)
baseline = peer.restart_peak()
C, L, H, G, F, V = peer.SHAPES[a.shape]
D = C // H
T = a.length


def rotate(x, cosine, sine):
    left, right = x[..., :D // 2], x[..., D // 2:]
    return (left * cosine - right * sine).cat(right * cosine + left * sine, dim=-1)


def own(x):
    """Keeps tinygrad from fusing x, and its gradient, into the products that read them: fused norms
    make a product many times slower on PoCL (50 s against 2 s for the output projection)."""
    return x.contiguous().contiguous_backward()


class Block:
    def __init__(self):
        self.qkv = nn.Linear(C, (H + 2 * G) * D, bias=False)
        self.o = nn.Linear(H * D, C, bias=False)
        self.gate_up = nn.Linear(C, 2 * F, bias=False)
        self.down = nn.Linear(F, C, bias=False)
        self.norm1, self.norm2 = nn.RMSNorm(C, eps=1e-5), nn.RMSNorm(C, eps=1e-5)

    def __call__(self, x, cosine, sine):
        b, t, _ = x.shape
        qkv = own(self.qkv(own(self.norm1(x))))
        qkv = qkv.reshape(b, t, H + 2 * G, D).transpose(1, 2)
        q, k, v = qkv[:, :H], qkv[:, H:H + G], qkv[:, H + G:]
        q, k, v = own(rotate(q, cosine, sine)), own(rotate(k, cosine, sine)), own(v)
        k, v = (y.repeat_interleave(H // G, dim=1) for y in (k, v))
        y = q.scaled_dot_product_attention(k, v, is_causal=True)
        x = own(x + self.o(own(y.transpose(1, 2).reshape(b, t, H * D))))
        gate, up = own(self.gate_up(own(self.norm2(x)))).chunk(2, dim=-1)
        return own(x + self.down(own(gate.silu() * up)))


class Llama:
    def __init__(self):
        self.embed = Tensor.normal(V, C, std=0.02).is_param_(True)
        self.blocks = [Block() for _ in range(L)]
        self.norm = nn.RMSNorm(C, eps=1e-5)

    def loss(self, ids, cosine, sine):
        x = self.embed[ids[:, :-1]]
        for block in self.blocks:
            x = block(x, cosine, sine)
        logits = own(own(self.norm(x)) @ self.embed.T)
        return logits.sparse_categorical_crossentropy(ids[:, 1:])


model = Llama()
optimizer = nn.optim.AdamW(
    nn.state.get_parameters(model), lr=1e-5, b1=0.9, b2=0.95, weight_decay=0.0)
angle = Tensor.arange(T).reshape(T, 1) * (10000.0 ** (Tensor.arange(D // 2) * (-2.0 / D)))
cosine, sine = angle.cos().contiguous().realize(), angle.sin().contiguous().realize()
# One more than the inputs: the last token is only a target. Inputs of 128 and not 127, since a prime
# length makes tinygrad's kernels many times slower.
ids = Tensor.randint(a.rows, T + 1, high=V).realize()


@TinyJit
def step(ids):
    with Context(TRAINING=1):
        optimizer.zero_grad()
        loss = model.loss(ids, cosine, sine).backward()
        optimizer.step()
        return loss.realize()


def timed():
    start = time.perf_counter()
    value = step(ids).item()
    assert value == value, "the loss is not a number"
    return {"train": time.perf_counter() - start}


timed(), timed()  # compiles; captures
times = peer.repeat(a, timed)
peer.report(
    a, times, work={"train": a.rows * a.length},
    memory={"peak": peer.resident_mib("VmHWM"), "baseline": baseline,
            "states": 4 * peer.parameter_count(a.shape) * 4 / 2**20},
    versions={"tinygrad": __import__("importlib.metadata").metadata.version("tinygrad")},
    note=f"device {Device.DEFAULT}")
