#!/usr/bin/env python3
"""The same MPO iteration in PyTorch: generate, magnet forward, one train step.

usage: torch_iteration.py [--shape S|M] [--rows 16] [--prompt 64] [--new 64] [--repeats 5] [--json]
needs: pip install torch transformers   (measured with the versions that it prints)

Same random shapes and the same loss as `magnetic-bench iteration`: transformers' Llama in f32 with
sdpa attention and KV cache; the three logit arrays are materialised, as a plain PyTorch program
does.
"""
import argparse, json, resource, statistics, time
import torch, transformers
from transformers import LlamaConfig, LlamaForCausalLM

p = argparse.ArgumentParser()
p.add_argument("--shape", choices=["S", "M"], default="S")
p.add_argument("--rows", type=int, default=16)
p.add_argument("--prompt", type=int, default=64)
p.add_argument("--new", type=int, default=64)
p.add_argument("--repeats", type=int, default=5)
p.add_argument("--threads", type=int, default=2)
p.add_argument("--json", action="store_true")
a = p.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(0)
hidden, layers, heads, groups, ffn, vocabulary = {
    "S": (288, 6, 6, 6, 768, 32000), "M": (576, 30, 9, 3, 1536, 49152)}[a.shape]
config = LlamaConfig(
    hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
    num_key_value_heads=groups, intermediate_size=ffn, vocab_size=vocabulary,
    max_position_embeddings=a.prompt + a.new, tie_word_embeddings=True)
make = lambda: LlamaForCausalLM._from_config(config, attn_implementation="sdpa").float()
policy, magnet = make(), make()
magnet.load_state_dict(policy.state_dict())
magnet.requires_grad_(False)
optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-5, betas=(0.9, 0.95), weight_decay=0.0)
alpha, eta = 0.1, 1.0
ids = torch.randint(0, vocabulary, (a.rows, a.prompt))
advantage = torch.tensor([0.25, -0.25] * (a.rows // 2)).repeat_interleave(a.new).view(a.rows, a.new)


def generate():
    policy.eval()
    with torch.no_grad():
        return policy.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0,
            max_new_tokens=a.new, min_new_tokens=a.new, pad_token_id=0, eos_token_id=None).clone()


def response_logits(model, full):
    return model(full[:, :-1], use_cache=False, logits_to_keep=a.new).logits


def train(full, magnet_logits):
    policy.train()
    targets = full[:, a.prompt:]
    logits = response_logits(policy, full)
    logp = logits.log_softmax(-1)
    old = logp.detach()
    mu = magnet_logits.log_softmax(-1)
    pick = lambda x: x.gather(-1, targets[..., None])[..., 0]
    ratio = (pick(logp) - pick(old)).exp()
    prob = logp.exp()
    kl = lambda q: (prob * (logp - q)).sum(-1)
    loss = (-ratio * advantage + alpha * kl(mu) + kl(old) / eta).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    optimizer.step()
    return loss.item()


times = {"generate": [], "forward": [], "train": []}
for r in range(a.repeats + 1):
    t0 = time.perf_counter(); full = generate()
    t1 = time.perf_counter()
    with torch.no_grad():
        magnet_logits = response_logits(magnet, full)
    t2 = time.perf_counter(); train(full, magnet_logits)
    t3 = time.perf_counter()
    if r:
        for k, v in zip(times, (t1 - t0, t2 - t1, t3 - t2)):
            times[k].append(v)
median = {k: statistics.median(v) for k, v in times.items()}
tokens = {"generate": a.rows * a.new, "forward": a.rows * (a.prompt + a.new), "train": a.rows * (a.prompt + a.new)}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
if a.json:
    print(json.dumps({**{f"{k}_s": v for k, v in median.items()}, "iteration_s": sum(median.values()),
                      "peak_resident_mib": peak, "torch": torch.__version__}))
else:
    for k, v in median.items():
        print(f"{k:10s} {v:8.3f} s   [{min(times[k]):.3f}...{max(times[k]):.3f}]   {tokens[k] / v:.0f} tokens/s")
    print(f"iteration  {sum(median.values()):8.3f} s   (medians of {a.repeats})")
    print(f"peak memory {peak:.0f} MiB resident; torch {torch.__version__}, transformers "
          f"{transformers.__version__}, {a.threads} threads, f32 eager")
