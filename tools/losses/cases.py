"""The cases of check_losses: what both sides compute, drawn from a seed.

`tables()` are cases of log-probabilities: rows of policy, old and reference, per token. `models(..)`
name a checkpoint folder, prompts and responses, and need the gradient of every parameter, at the
weights that drew the responses and again after one optimizer step. Rewards are multiples of 1/64,
because TRL keeps them in float32.
"""
import json
import os
import random
import shutil

import torch
from safetensors.torch import load_file, save_file

HARD = {"beta": 0.1, "hard_labels": True}
SOFT = {"beta": 0.1, "hard_labels": False}
RLOO = {"beta": 0.05, "clip_range": 0.2}
INPO = {"eta": 0.5, "tau": 0.2, "hard_labels": False}
SEQUENCE = {"loss_reduction": "sequence", "clip_range": 0.2}
# name, algorithm, K, settings: Magnetic's own names.
RESPONSES = [
    ("dpo", "dpo", 2, HARD),
    ("dpo-smoothed", "dpo", 2, {**SOFT, "label_smoothing": 0.1}),
    ("ipo", "ipo", 2, {**HARD, "average_log_prob": True}),
    ("ipo-sum", "ipo", 2, {**SOFT, "average_log_prob": False}),
    ("online-dpo", "online-dpo", 2, HARD),
    ("online-dpo-k4", "online-dpo", 4, SOFT),
    ("online-ipo", "online-ipo", 2, HARD),
    ("online-ipo-k4", "online-ipo", 4, SOFT),
    ("rloo", "rloo", 2, RLOO),
    ("rloo-k4", "rloo", 4, RLOO),
    ("inpo", "inpo", 2, {**INPO, "hard_labels": True}),
    ("inpo-k4", "inpo", 4, INPO),
    ("comal-k4", "comal", 4, {"eta": 0.3, "tau": 0.1, "hard_labels": False}),
    ("sppo", "sppo", 2, {"eta": 2.0}),
    ("sppo-k5", "sppo", 5, {"eta": 10.0}),
]
TOKENS = [
    ("nash-md-token", "nash-md", 2, {"beta": 0.1, "kl_reduction": "token", **SEQUENCE}),
    ("nash-md", "nash-md", 2, {"beta": 0.1, "kl_reduction": "sequence", **SEQUENCE}),
    ("nash-md-to-go", "nash-md", 3, {"beta": 0.1, "kl_reduction": "to-go", **SEQUENCE}),
    ("mpo-rt", "mpo-rt", 4, {"magnet_coef": 0.3, "eta": 0.7, **SEQUENCE}),
]
# The full vocabulary enters: models only.
FUSED = [
    ("mpo", "mpo", 3, {"magnet_coef": 0.3, "eta": 0.7, "loss_reduction": "token",
                       "clip_range": 0.0}),
    ("mpo-clipped", "mpo", 3, {"magnet_coef": 0.1, "eta": 2.0, **SEQUENCE}),
]


def ragged(rng, lengths, low, high):
    return [[rng.uniform(low, high) for _ in range(length)] for length in lengths]


def near(rng, rows, spread):
    return [[min(v + rng.gauss(0, spread), -1e-3) for v in row] for row in rows]


def table(rng, K, ties):
    """A preference table (K, K): some pairs certain, some ties if wanted, the rest soft."""
    soft = [v / 64 for v in range(65) if ties or v != 32]
    P = [[0.5] * K for _ in range(K)]
    for i in range(K):
        for j in range(i + 1, K):
            P[i][j] = rng.choice([1.0, 0.0, 0.5 if ties else 1.0, rng.choice(soft)])
            P[j][i] = 1 - P[i][j]
    return P


def judged(rng, prompts, K, algorithm, settings):
    """Preferences, rewards that agree with them at K = 2, and chances against an opponent."""
    # TRL calls the first of a tie the winner; here a tie has the label 1/2.
    preferences = [table(rng, K, not settings.get("hard_labels")) for _ in range(prompts)]
    if algorithm in ("dpo", "ipo"):  # A file's pairs: the first is the chosen one.
        for P in preferences:
            P[0][1] = max(P[0][1], P[1][0])
            P[1][0] = 1 - P[0][1]
    if K == 2:
        rewards = [r for P in preferences for r in (P[0][1] * 4 - 2, P[1][0] * 4 - 2)]
    else:
        rewards = [rng.randrange(-128, 128) / 64 for _ in range(prompts * K)]
    return {"preferences": preferences, "rewards": rewards,
            "win_rates": [rng.randrange(65) / 64 for _ in range(prompts * K)]}


def tables(seed=1, prompts=5):
    """Cases whose rows are log-probabilities per token."""
    out = []
    for index, (name, algorithm, K, settings) in enumerate(RESPONSES + TOKENS):
        rng = random.Random(1000 * seed + index)
        lengths = [rng.randrange(1, 9) for _ in range(prompts * K)]
        policy = ragged(rng, lengths, -4, -0.1)
        # Token losses are taken where their rollout begins; later steps need a model.
        old = policy if (name, algorithm, K, settings) in TOKENS else near(rng, policy, 0.1)
        out.append({"name": name, "algorithm": algorithm, "num_generations": K,
                    "settings": settings, "policy": policy, "old": old,
                    "reference": near(rng, policy, 0.4),
                    **judged(rng, prompts, K, algorithm, settings)})
    return out


def perturbed(source, folder, seed, spread):
    """A copy of a checkpoint with normal noise of `spread` times each tensor's own size."""
    os.makedirs(folder, exist_ok=True)
    for name in ("config.json", "generation_config.json"):
        shutil.copyfile(os.path.join(source, name), os.path.join(folder, name))
    generator = torch.Generator().manual_seed(seed)
    weights = load_file(os.path.join(source, "model.safetensors"))
    noisy = {k: w + spread * w.std(correction=0) * torch.randn(w.shape, generator=generator)
             for k, w in weights.items()}
    save_file(noisy, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    return folder


def models(source, folder, seed=1, prompts=3):
    """Cases of a checkpoint: the policy is `source`, its reference is perturbed into `folder`."""
    with open(os.path.join(source, "config.json")) as file:
        config = json.load(file)
    family, vocabulary = config["model_type"], config["vocab_size"]
    reference = perturbed(source, os.path.join(folder, family), seed, 0.05)
    out = []
    for index, (name, algorithm, K, settings) in enumerate(RESPONSES + TOKENS + FUSED):
        rng = random.Random(7000 * seed + index)
        # TRL gives left-padded rows absolute positions that count the pads: equal lengths there.
        lengths = [4] * prompts if family == "gpt2" else [3 + n % 4 for n in range(prompts)]
        ids = lambda n: [rng.randrange(3, vocabulary) for _ in range(n)]
        responses = [ids(rng.randrange(1, 8)) + ([2] if rng.random() < 0.7 else [])
                     for _ in range(prompts * K)]
        out.append({"name": f"{family}/{name}", "algorithm": algorithm, "num_generations": K,
                    "settings": settings, "model": os.path.abspath(source),
                    "reference_model": reference, "prompts": [ids(n) for n in lengths],
                    "responses": responses,
                    # The step before step 1. A squared residual near its minimum is a small
                    # difference of log-probabilities, which float32 cannot give to 1e-5 (there
                    # PyTorch in float32 is off by 1.3e-5 too): these rates end away from it.
                    "learning_rate": 1e-4 if algorithm.endswith("ipo") else 3e-4,
                    **judged(rng, prompts, K, algorithm, settings)})
    return out
