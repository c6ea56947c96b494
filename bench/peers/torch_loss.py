#!/usr/bin/env python3
"""The magnetic loss from hidden states in unfused PyTorch, forward and backward.

usage: torch_loss.py [--rows 1024] [--width 576] [--vocabulary 49152] [--dtype f32|bf16] [--json]
needs: torch

Three projections (policy, generating policy, magnet) to (N, V) logits, log-softmax, ratio and both
KLs over the vocabulary, as `magnetic-bench loss`. `extra` is the peak beyond the inputs and the two
gradients (of hidden states and of the policy's projection).
"""
import peer

p = peer.arguments(__doc__)
p.add_argument("--rows", type=int, default=1024)
p.add_argument("--width", type=int, default=576)
p.add_argument("--vocabulary", type=int, default=49152)
p.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
a = p.parse_args()
torch = peer.load("torch")
torch.set_num_threads(a.threads)
torch.manual_seed(0)
alpha, eta = 0.1, 1.0
dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[a.dtype]


def inputs(n, c, v):
    random = lambda *shape: torch.randn(*shape).mul_(0.05).to(dtype)
    return ([random(n, c) for _ in range(3)], [random(v, c) for _ in range(3)],
            torch.randint(0, v, (n,)), torch.where(torch.arange(n) % 2 == 0, 0.25, -0.25))


def run(hidden, weights, targets, advantages):
    logits = [(h @ w.T).float() for h, w in zip(hidden, weights)]
    logp, old, mu = [z.log_softmax(-1) for z in logits]
    pick = lambda x: x.gather(-1, targets[:, None])[:, 0]
    ratio = (pick(logp) - pick(old)).exp()
    prob = logp.exp()
    kl = lambda q: (prob * (logp - q)).sum(-1)
    loss = (-ratio * advantages + alpha * kl(mu) + kl(old) / eta).mean()
    return torch.autograd.grad(loss, (hidden[0], weights[0]))


def prepared(n, c, v):
    hidden, weights, targets, advantages = inputs(n, c, v)
    hidden[0].requires_grad_(True)
    weights[0].requires_grad_(True)
    return hidden, weights, targets, advantages


run(*prepared(16, 32, 64))  # loads libraries and threads
data = prepared(a.rows, a.width, a.vocabulary)
baseline = peer.restart_peak()


def step():
    # The gradients of the last call are freed before the next, as an optimizer step would.
    run(*data)


times = peer.repeat(a, step)
gradients = (a.rows + a.vocabulary) * a.width * data[0][0].element_size() / 2**20
peak = peer.resident_mib("VmHWM")
peer.report(
    a, {"loss": times["time"]}, work={"loss": 10 * a.rows * a.width * a.vocabulary},
    memory={"peak": peak, "baseline": baseline, "gradients": gradients,
            "extra": peak - baseline - gradients},
    versions={"torch": torch.__version__}, unit="FLOP/s")
