#!/usr/bin/env python3
"""The same MPO iteration in PyTorch: generate, magnet forward, one train step.

usage: torch_iteration.py [--shape S|M|tiny] [--dtype f32|bf16] [--compile] [--rows 16] [--prompt 64]
                          [--new 64] [--repeats 3] [--budget 60] [--json]
needs: torch, transformers; --compile also needs a C++ compiler

Same random shapes and the same loss as `magnetic-bench iteration`: transformers' Llama with sdpa
attention and KV cache; the logit arrays are materialised, as a plain PyTorch program does. bf16: the
weights, gradients and products are bf16, the loss f32. --compile compiles the train step's forward,
loss and backward (torch.compile) and leaves generation eager.
"""
import time
import peer

p = peer.arguments(__doc__, shape=True)
p.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
p.add_argument("--compile", action="store_true")
p.add_argument("--rows", type=int, default=16)
p.add_argument("--prompt", type=int, default=64)
p.add_argument("--new", type=int, default=64)
a = p.parse_args()
torch, transformers = peer.load("torch", "transformers")
torch.set_num_threads(a.threads)
torch.manual_seed(0)
alpha, eta = 0.1, 1.0
baseline = peer.restart_peak()


def model():
    width, layers, heads, groups, ffn, vocabulary = peer.SHAPES[a.shape]
    config = transformers.LlamaConfig(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=groups, intermediate_size=ffn, vocab_size=vocabulary,
        max_position_embeddings=a.prompt + a.new, tie_word_embeddings=True)
    m = transformers.LlamaForCausalLM._from_config(config, attn_implementation="sdpa")
    return m.to({"f32": torch.float32, "bf16": torch.bfloat16}[a.dtype])


policy, magnet = model(), model()
magnet.load_state_dict(policy.state_dict())
magnet.requires_grad_(False)
optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-5, betas=(0.9, 0.95), weight_decay=0.0)
ids = torch.randint(0, policy.config.vocab_size, (a.rows, a.prompt))
advantage = torch.where(torch.arange(a.rows) % 2 == 0, 0.25, -0.25)[:, None].expand(-1, a.new)


def generate():
    policy.eval()
    with torch.no_grad():
        return policy.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0,
            max_new_tokens=a.new, min_new_tokens=a.new, pad_token_id=0, eos_token_id=None).clone()


def response_logits(m, full):
    return m(full[:, :-1], use_cache=False, logits_to_keep=a.new).logits


def loss_of(full, magnet_logits):
    targets = full[:, a.prompt:]
    logp = response_logits(policy, full).float().log_softmax(-1)
    old = logp.detach()  # the first inner step: the policy is still the one that generated
    mu = magnet_logits.float().log_softmax(-1)
    pick = lambda x: x.gather(-1, targets[..., None])[..., 0]
    ratio = (pick(logp) - pick(old)).exp()
    prob = logp.exp()
    kl = lambda q: (prob * (logp - q)).sum(-1)
    return (-ratio * advantage + alpha * kl(mu) + kl(old) / eta).mean()


if a.compile:
    loss_of = torch.compile(loss_of)


def train(full, magnet_logits):
    policy.train()
    loss = loss_of(full, magnet_logits)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def iteration():
    t = [time.perf_counter()]
    full = generate()
    t.append(time.perf_counter())
    with torch.no_grad():
        magnet_logits = response_logits(magnet, full)
    t.append(time.perf_counter())
    train(full, magnet_logits)
    t.append(time.perf_counter())
    phases = {k: t[i + 1] - t[i] for i, k in enumerate(["generate", "forward", "train"])}
    return {**phases, "iteration": t[3] - t[0]}


times = peer.repeat(a, iteration)
all_tokens = a.rows * (a.prompt + a.new)
peer.report(
    a, times,
    work={"generate": a.rows * a.new, "forward": all_tokens, "train": all_tokens},
    memory={"peak": peer.resident_mib("VmHWM"), "baseline": baseline,
            "states": 5 * peer.parameter_count(a.shape) * (4 if a.dtype == "f32" else 2) / 2**20},
    versions={"torch": torch.__version__, "transformers": transformers.__version__})
