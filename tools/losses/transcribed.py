"""The formulas of docs/algorithm.md (shared), in float64, where TRL has no code for them.

lp, old, ref: (N) log-probabilities of whole responses under the trained policy, the policy that drew
them, and the reference; a prompt's K rows together. preferences: (prompts, K, K), P(y_i > y_j).
Losses are scalars whose gradient is taken by autograd.
"""
import torch


def pairs(preferences):
    """All unordered pairs (winner row, loser row, P(winner > loser)); the first wins a tie."""
    out = []
    for n, table in enumerate(preferences):
        for i in range(len(table)):
            for j in range(i + 1, len(table)):
                w, l = (i, j) if table[i][j] >= 0.5 else (j, i)
                out.append((n * len(table) + w, n * len(table) + l, table[w][l]))
    return out


def taken(values, chosen):
    w, l = [p[0] for p in chosen], [p[1] for p in chosen]
    return values[w] - values[l]


def labels(chosen, hard, smoothing=0.0):
    """P of each pair as the loss takes it."""
    chance = torch.tensor([p[2] for p in chosen], dtype=torch.float64)
    if hard:
        chance = 0.5 + 0.5 * torch.sign(chance - 0.5)
    return (1 - smoothing) * chance + smoothing * (1 - chance)


def dpo(lp, ref, preferences, beta, hard, smoothing):
    """mean over pairs of -P log sigma(beta h) - (1 - P) log sigma(-beta h)."""
    chosen = pairs(preferences)
    chance, z = labels(chosen, hard, smoothing), beta * taken(lp - ref, chosen)
    log_sigma = torch.nn.functional.logsigmoid
    return (-chance * log_sigma(z) - (1 - chance) * log_sigma(-z)).mean()


def ipo(lp, ref, preferences, beta, hard):
    """mean over pairs of (h - (P - 1/2)/beta)^2."""
    chosen = pairs(preferences)
    return ((taken(lp - ref, chosen) - (labels(chosen, hard) - 0.5) / beta) ** 2).mean()


def inpo(lp, old, ref, preferences, eta, tau, hard):
    """mean of (h - (tau/eta) h_ref - (1 - tau/eta) h_old - (P - 1/2)/eta)^2, h of lp alone."""
    chosen = pairs(preferences)
    ratio = tau / eta
    h = taken(lp - ratio * ref - (1 - ratio) * old, chosen)
    return ((h - (labels(chosen, hard) - 0.5) / eta) ** 2).mean()


def win_rates(preferences):
    """r_i = mean over j != i of P[i, j], (N)."""
    P = torch.tensor(preferences, dtype=torch.float64)
    K = P.shape[-1]
    return ((P.sum(-1) - P.diagonal(dim1=-2, dim2=-1)) / (K - 1)).reshape(-1)


def sppo(lp, old, preferences, eta):
    """mean over responses of (log pi/pi_k - eta (r - 1/2))^2."""
    return ((lp - old - eta * (win_rates(preferences) - 0.5)) ** 2).mean()


def nash_md_advantages(chance, lr, reduction):
    """P - 1/2 less beta's KL share, per token (N, T): log-ratios of the tokens that `reduction`
    names, pads 0. Here without beta: returns (P - 1/2, what beta multiplies)."""
    if reduction == "sequence":
        kl = lr.sum(1, keepdim=True).expand_as(lr)
    elif reduction == "to-go":
        kl = lr.flip(1).cumsum(1).flip(1)
    else:
        kl = lr
    return (chance - 0.5)[:, None].expand_as(lr), kl


def mpo_rt_advantages(preferences, lr, mask, alpha):
    """Rewards r at the end and -alpha lr_t at every token, to go, less a baseline: the mean of the
    other responses' that reach token t. (N, T)."""
    K = len(preferences[0])
    to_go = (lr * mask).flip(1).cumsum(1).flip(1)
    out = torch.zeros_like(lr)
    rates = win_rates(preferences)
    for i in range(len(lr)):
        first = i - i % K
        for t in range(int(mask[i].sum())):
            others = [to_go[j, t] for j in range(first, first + K) if j != i and mask[j, t]]
            base = sum(others) / len(others) if others else 0.0
            out[i, t] = rates[i] - 0.5 - alpha * (to_go[i, t] - base)
    return out


def ratio_loss(lp, old, advantages, clip, scale):
    """Sum over tokens of -scale min(rho A, clamp(rho, 1 -+ clip) A)."""
    rho = (lp - old).exp()
    gain = rho * advantages
    if clip:
        gain = torch.minimum(gain, rho.clamp(1 - clip, 1 + clip) * advantages)
    return -(scale * gain).sum()


def kl(policy, other):
    """KL(policy || other) of log-distributions (M, V), (M)."""
    return (policy.exp() * (policy - other)).sum(-1)
