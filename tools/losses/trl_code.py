"""Losses and gradients from TRL's own trainers (1.16; Nash-MD 1.13, the last that has it).

Every function builds the real trainer with a tiny model and calls the method that holds the loss. What
is replaced: generation (returns the case's responses), the reward (returns the case's), and the
models, by `Table` or `Scored` below. Both do what TRL's fused head does, log-probabilities of
labels, but in float64: TRL's head rounds to float32, which would hide an error of 1e-6.

N rows (prompts x K, a prompt's responses together), P prompt tokens, T response tokens, padded.
"""
import os
import tempfile
from types import SimpleNamespace

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

QUIET = dict(use_cpu=True, bf16=False, gradient_checkpointing=False, report_to=[],
             disable_tqdm=True, output_dir=os.path.join(tempfile.gettempdir(), "check_losses"))
PAD, EOS = 0, 2


class Output(SimpleNamespace):
    """What TRL's fused head returns; the fields that only feed metrics are zeros."""

    def __init__(self, log_probs):
        zeros = torch.zeros_like(log_probs)
        super().__init__(log_probs=log_probs, entropy=zeros, mean_logits=zeros,
                         is_top1=zeros.bool(), aux_loss=None)


class Table(nn.Module):
    """A "model" whose response log-probabilities (N, T) are its parameters."""

    is_gradient_checkpointing = False

    def __init__(self, log_probs):
        super().__init__()
        self.log_probs = nn.Parameter(log_probs.clone())
        # The batch's row of each of the table's, where the two differ.
        self.order = slice(None)

    def forward(self, **_):
        return Output(self.log_probs[self.order])


class Scored(nn.Module):
    """A transformers model with TRL's calling convention, its head in the model's own dtype."""

    is_gradient_checkpointing = False

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, labels, **_):
        logits = self.model(input_ids=input_ids, attention_mask=attention_mask).logits[:, :-1]
        labels = labels[:, 1:]
        chosen = logits.log_softmax(-1).gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
        return Output(chosen.masked_fill(labels == -100, 0))


def tokenizer(vocabulary):
    """Words <0>, <1>, ... are the ids 0, 1, ...; <2> ends, <0> pads."""
    words = Tokenizer(models.WordLevel({f"<{i}>": i for i in range(vocabulary)}, unk_token="<1>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=words, eos_token=f"<{EOS}>", pad_token=f"<{PAD}>",
                                   unk_token="<1>")


def text(ids):
    return " ".join(f"<{i}>" for i in ids)


def padded(rows, value, left=False):
    width = max(len(row) for row in rows)
    return torch.tensor([[value] * (width - len(row)) + row if left
                         else row + [value] * (width - len(row)) for row in rows])


def ones(rows, left=False):
    return padded([[1] * len(row) for row in rows], 0, left)


class TRL:
    """Trainers over the tiny model in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.tokenizer = tokenizer(self.model().config.vocab_size)

    def model(self):
        model = AutoModelForCausalLM.from_pretrained(self.folder, dtype=torch.float64)
        return model.eval()

    def data(self, **columns):
        return Dataset.from_list([columns] * 8)

    def dpo(self, batch, policy, reference, settings, loss_type):
        """DPOTrainer._compute_loss: pairs are rows 2n (chosen) and 2n + 1 (rejected)."""
        from trl import DPOConfig, DPOTrainer
        config = DPOConfig(beta=settings["beta"], loss_type=[loss_type], **QUIET)
        trainer = DPOTrainer(self.model(), ref_model=self.model(), args=config,
                             train_dataset=self.data(prompt="<5>", chosen="<6>", rejected="<7>"),
                             processing_class=self.tokenizer)
        trainer.ref_model = reference
        order = list(range(0, batch.rows, 2)) + list(range(1, batch.rows, 2))
        if isinstance(policy, Table):
            policy.order = reference.order = order
        return trainer._compute_loss(policy, batch.inputs(order), False)

    def online_dpo(self, batch, policy, reference, settings, loss_type):
        """OnlineDPOTrainer.training_step, which also runs backward. K = 2."""
        from trl.experimental.online_dpo import OnlineDPOConfig, OnlineDPOTrainer
        config = OnlineDPOConfig(beta=settings["beta"], loss_type=loss_type,
                                 per_device_train_batch_size=batch.rows // 2, **QUIET)
        tables = isinstance(policy, Table)
        order = list(range(0, batch.rows, 2)) + list(range(1, batch.rows, 2))
        rewards = [batch.rewards[i] for i in order]
        trainer = OnlineDPOTrainer(
            self.model(), ref_model=self.model(), args=config, reward_funcs=lambda **_: rewards,
            train_dataset=self.data(prompt="<5>"), processing_class=self.tokenizer)
        trainer.ref_model = reference if tables else reference.model
        trainer._generate = lambda *_: (*batch.split(order), None)
        if tables:
            trainer._forward = lambda model, *_: model().log_probs[order]
        prompts = [text(batch.prompts[i]) for i in order[:batch.rows // 2]]
        return trainer.training_step(policy if tables else policy.model, {"prompt": prompts})

    def rloo(self, batch, policy, old, reference, settings):
        """RLOOTrainer._generate_and_score_completions (advantages), then its _compute_loss."""
        from trl import RLOOConfig, RLOOTrainer
        config = RLOOConfig(
            beta=settings["beta"], epsilon=settings["clip_range"], num_iterations=2,
            num_generations=batch.samples, per_device_train_batch_size=batch.rows, **QUIET)
        trainer = RLOOTrainer(
            self.model(), reward_funcs=lambda **_: batch.rewards, args=config,
            train_dataset=self.data(prompt="<5>"), processing_class=self.tokenizer)
        trainer.model, trainer.ref_model = old, reference
        trainer._generate_single_turn = lambda *_: batch.responses
        inputs = trainer._generate_and_score_completions(
            [{"prompt": text(prompt)} for prompt in batch.prompts])
        return trainer._compute_loss(policy, inputs)

    def nash_md(self, batch, policy, reference, settings):
        """NashMDTrainer's _compute_logprobs and _compute_losses on the policy's responses.

        Its loss is a surrogate, sum of c_t lp_t with constant c_t, and only the gradient has a
        meaning. Written with ratios to the generating policy, as Magnetic does, the same surrogate
        has the value sum of c_t; that is returned beside TRL's.
        """
        from trl.experimental.nash_md import NashMDConfig, NashMDTrainer
        config = NashMDConfig(beta=settings["beta"], **QUIET)
        trainer = NashMDTrainer(
            self.model(), ref_model=self.model(), args=config, reward_funcs=lambda **_: [0.0],
            train_dataset=self.data(prompt="<5>"), processing_class=self.tokenizer)
        if isinstance(policy, Table):
            own, other = policy().log_probs, reference().log_probs.detach()
        else:
            trainer.ref_model = reference.model
            prompt, prompt_mask, completion, mask = batch.split(range(batch.rows))
            data = {"input_ids": torch.cat([prompt, completion], 1),
                    "attention_mask": torch.cat([prompt_mask, mask], 1)}
            own, other = trainer._compute_logprobs(policy.model, data, prompt.shape[1])
        chance = torch.tensor(batch.win_rates, dtype=torch.float64)
        loss = trainer._compute_losses(own, other, chance)[0]
        slopes, = torch.autograd.grad(loss, own, retain_graph=True)
        return loss, (slopes * batch.mask()).sum()
