"""The reference loss and gradient of a case: TRL's code where it has the algorithm, else a formula.

`reference(case, ..)` -> {"source", "loss", "gradient"}. The gradient is, for a case of log-probabilities,
dL/d(log-probability) per response token, ragged as the case; for a case of models a dictionary of
tensors by parameter name.
"""
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
from trl.trainer.utils import disable_dropout_in_model

from losses import transcribed
from losses.batch import Batch
from losses.trl_code import TRL, Scored, Table


def held_by(case, step=0):
    """The TRL release whose code is the reference of a case, or None for a transcription. TRL's
    labels are hard and its DPO has no smoothing; Nash-MD knows no second step on a rollout."""
    algorithm, settings = case["algorithm"], case["settings"]
    hard = settings.get("hard_labels", False)
    if algorithm == "rloo":
        return "1.16"
    if algorithm in ("dpo", "online-dpo"):
        plain = hard and not settings.get("label_smoothing")
        return "1.16" if plain and case["num_generations"] == 2 else None
    if algorithm == "online-ipo":
        return "1.16" if hard and case["num_generations"] == 2 else None
    if algorithm == "ipo":
        return "1.16" if hard and settings["average_log_prob"] else None
    if algorithm == "nash-md":
        return "1.13" if settings["kl_reduction"] == "token" and step == 0 else None
    return None


def by_trl(case, batch, policy, old, reference, folder):
    """(loss to differentiate, or that TRL did differentiate; its value)."""
    trl, settings, algorithm = TRL(folder), case["settings"], case["algorithm"]
    if algorithm == "nash-md":
        return trl.nash_md(batch, policy, reference, settings)
    if algorithm == "rloo":
        loss = trl.rloo(batch, policy, old, reference, settings)
    else:
        method = trl.online_dpo if algorithm.startswith("online") else trl.dpo
        kind = "sigmoid" if algorithm.endswith("dpo") else "ipo"
        loss = method(batch, policy, reference, settings, kind)
    return loss, loss


def by_formula(case, batch, policy, old, reference):
    algorithm, s = case["algorithm"], case["settings"]
    if algorithm in ("mpo", "mpo-rt", "nash-md"):
        return on_tokens(case, batch, policy, old, reference)
    lp = batch.token_log_probs(policy).sum(1)
    with torch.no_grad():
        lp_old = batch.token_log_probs(old).sum(1)
        ref = batch.token_log_probs(reference).sum(1)
    P, hard = batch.preferences, s.get("hard_labels", False)
    if algorithm in ("dpo", "online-dpo"):
        return transcribed.dpo(lp, ref, P, s["beta"], hard, s.get("label_smoothing", 0.0))
    if algorithm in ("ipo", "online-ipo"):
        per = batch.lengths if s.get("average_log_prob") else 1.0
        return transcribed.ipo(lp / per, ref / per, P, s["beta"], hard)
    if algorithm in ("inpo", "comal"):
        return transcribed.inpo(lp, lp_old, ref, P, s["eta"], s["tau"], hard)
    return transcribed.sppo(lp, lp_old, P, s["eta"])


def on_tokens(case, batch, policy, old, magnet):
    """Policy gradients with a ratio per token: MPO, MPO-RT, Nash-MD."""
    algorithm, s = case["algorithm"], case["settings"]
    lp, mask = batch.token_log_probs(policy), batch.mask()
    with torch.no_grad():
        lp_old = batch.token_log_probs(old)
        lr = (lp_old - batch.token_log_probs(magnet)) * mask
    if algorithm == "nash-md":
        chance = torch.tensor(batch.win_rates, dtype=torch.float64)
        gain, kl = transcribed.nash_md_advantages(chance, lr, s["kl_reduction"])
        advantages = gain - s["beta"] * kl
    elif algorithm == "mpo-rt":
        advantages = transcribed.mpo_rt_advantages(batch.preferences, lr, mask, s["magnet_coef"])
    else:
        rates = transcribed.win_rates(batch.preferences)
        advantages = (rates - 0.5)[:, None].expand_as(lp)
    count = batch.rows if s["loss_reduction"] == "sequence" else mask.sum()
    scale = mask / count
    loss = transcribed.ratio_loss(lp, lp_old, advantages, s["clip_range"], scale)
    if algorithm == "nash-md" or isinstance(policy, Table):
        return loss
    now = batch.distributions(policy)
    with torch.no_grad():
        before, mu = batch.distributions(old), batch.distributions(magnet)
    loss = loss + transcribed.kl(now, before).sum() / s["eta"] / count
    if algorithm == "mpo":
        loss = loss + s["magnet_coef"] * transcribed.kl(now, mu).sum() / count
    return loss


def loaded(folder, weights=None):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    if weights:
        found = {k: v.double() for k, v in load_file(weights).items()}
        missing, unexpected = model.load_state_dict(found, strict=False)
        tied = {"lm_head.weight"} if model.config.tie_word_embeddings else set()
        if unexpected or set(missing) - tied:
            raise SystemExit(f"check_losses: {weights}: unexpected {unexpected}, missing {missing}")
    disable_dropout_in_model(model)  # Trainers call train(), and GPT-2 has some.
    return Scored(model)


def reference(case, folder, step=0, weights=None):
    """`folder`: a small checkpoint, for TRL's trainers where the case names none. `weights`: a file of
    the policy's weights, where they are no longer those that drew the responses."""
    batch = Batch(case)
    whole = "model" in case
    if whole:
        policy, old = loaded(case["model"], weights), loaded(case["model"])
        other = loaded(case["reference_model"])
    else:
        policy, old, other = (batch.table(case[k]) for k in ("policy", "old", "reference"))
    release = held_by(case, step)
    if release:
        loss, value = by_trl(case, batch, policy, old, other, folder)
    else:
        loss = value = by_formula(case, batch, policy, old, other)
    if loss.requires_grad:
        loss.backward()
    if whole:
        gradient = {k: p.grad if p.grad is not None else torch.zeros_like(p)
                    for k, p in policy.model.named_parameters()}
    else:
        gradient = [row[:n].tolist() for row, n in zip(
            policy.log_probs.grad, batch.lengths.int().tolist())]
    return {"source": f"TRL {release}" if release else "formula", "loss": float(value),
            "gradient": gradient}
