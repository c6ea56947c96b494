"""A case's rows as the references need them. N rows: prompts x K responses, a prompt's together."""
import torch

from losses.trl_code import EOS, PAD, Scored, Table, ones, padded


class Batch:
    """`case` is one of cases.py's; token ids are made up where it holds log-probabilities only."""

    def __init__(self, case):
        self.samples = case["num_generations"]
        self.responses = case.get("responses") or [
            [7] * (len(row) - 1) + [EOS] for row in case["policy"]]
        self.rows = len(self.responses)
        # One prompt token where there is no model, so that (N, T) is all that a model returns.
        prompts = case.get("prompts") or [[5]] * (self.rows // self.samples)
        self.prompts = [prompt for prompt in prompts for _ in range(self.samples)]
        self.rewards = case.get("rewards")
        self.preferences = case.get("preferences")
        # P(y_i > its opponent), the judge's answer for a response against the mixture's.
        self.win_rates = case.get("win_rates")
        self.lengths = torch.tensor([len(row) for row in self.responses], dtype=torch.float64)

    def inputs(self, order):
        """TRL's DPO batch: flat rows, no left padding."""
        prompts = [self.prompts[i] for i in order]
        responses = [self.responses[i] for i in order]
        rows = [prompt + response for prompt, response in zip(prompts, responses)]
        completion = [[0] * len(p) + [1] * len(r) for p, r in zip(prompts, responses)]
        return {"input_ids": padded(rows, PAD), "attention_mask": ones(rows),
                "completion_mask": padded(completion, 0)}

    def split(self, order):
        """Prompts padded left, responses right, and their masks."""
        prompts = [self.prompts[i] for i in order]
        responses = [self.responses[i] for i in order]
        return padded(prompts, PAD, left=True), ones(prompts, left=True), \
            padded(responses, PAD), ones(responses)

    def table(self, rows):
        """Ragged log-probabilities as a model; pads are 0."""
        width = max(len(row) for row in rows)
        values = [row + [0.0] * (width - len(row)) for row in rows]
        return Table(torch.tensor(values, dtype=torch.float64))

    def token_log_probs(self, model):
        """(N, T), of responses under a `Table` or `Scored`, 0 at pads."""
        if isinstance(model, Table):
            return model().log_probs
        inputs = self.inputs(range(self.rows))
        labels = inputs["input_ids"].masked_fill(inputs["completion_mask"] == 0, -100)
        scored = model(inputs["input_ids"], inputs["attention_mask"], labels).log_probs
        mask = self.mask()
        first = torch.tensor([[len(prompt) - 1] for prompt in self.prompts])
        at = (first + torch.arange(mask.shape[1])).clamp(max=scored.shape[1] - 1)
        return scored.gather(1, at) * mask

    def mask(self):
        """1 at response tokens, (N, T)."""
        return ones(self.responses).double()

    def distributions(self, model):
        """Log-distributions (M, V) at every response token."""
        inputs = self.inputs(range(self.rows))
        logits = model.model(input_ids=inputs["input_ids"],
                             attention_mask=inputs["attention_mask"]).logits[:, :-1]
        return logits[inputs["completion_mask"][:, 1:].bool()].log_softmax(-1)
