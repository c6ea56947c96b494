#!/usr/bin/env python3
"""One optimizer step of TRL's Online DPO: N prompts, two responses each.

usage: trl_online_dpo.py [--shape S|tiny] [--settings best|shipped] [--prompts 16] [--prompt 16]
                         [--new 64] [--repeats 2] [--json]
needs: trl, datasets, torch, transformers

The same random shapes as `magnetic-bench step`. A reward function takes the place of the judge, as
Magnetic's is a host function too. `shipped`: TRL's defaults, which are bf16 and gradient
checkpointing; `best`: f32, no checkpointing.
"""
import os, tempfile, time
import peer

p = peer.arguments(__doc__, shape=True, repeats=2)
p.add_argument("--settings", choices=["best", "shipped"], default="best")
p.add_argument("--prompts", type=int, default=16)
p.add_argument("--prompt", type=int, default=16)
p.add_argument("--new", type=int, default=64)
a = p.parse_args()
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
torch, transformers, trl, datasets = peer.load("torch", "transformers", "trl", "datasets")
from tokenizers import Tokenizer, models, pre_tokenizers
from trl.experimental.online_dpo import OnlineDPOConfig, OnlineDPOTrainer

torch.set_num_threads(a.threads)
torch.manual_seed(0)
baseline = peer.restart_peak()
width, layers, heads, groups, ffn, vocabulary = peer.SHAPES[a.shape]
# One token a word, so that a prompt has the length that is asked for.
words = Tokenizer(models.WordLevel({f"w{i}": i for i in range(vocabulary)}, unk_token="w0"))
words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer = transformers.PreTrainedTokenizerFast(
    tokenizer_object=words, pad_token="w0", eos_token="w1", unk_token="w0", padding_side="left")


def model():
    return transformers.LlamaForCausalLM._from_config(transformers.LlamaConfig(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=groups, intermediate_size=ffn, vocab_size=vocabulary,
        max_position_embeddings=a.prompt + a.new, tie_word_embeddings=True,
        pad_token_id=0, eos_token_id=1, bos_token_id=None), attn_implementation="sdpa").float()


steps = a.repeats + 1
ids = torch.randint(2, vocabulary, (a.prompts * steps, a.prompt)).tolist()
data = datasets.Dataset.from_list([{"prompt": " ".join(f"w{i}" for i in row)} for row in ids])
folder = tempfile.TemporaryDirectory()
options = dict(
    output_dir=folder.name, per_device_train_batch_size=a.prompts, max_steps=steps,
    max_new_tokens=a.new, use_cpu=True, report_to=[], save_strategy="no", disable_tqdm=True,
    # Full responses, so that the tokens are counted right.
    generation_kwargs={"min_new_tokens": a.new})
if a.settings == "best":
    options |= dict(bf16=False, gradient_checkpointing=False, temperature=1.0)


class Clock(transformers.TrainerCallback):
    def __init__(self):
        self.steps = []

    def on_step_begin(self, *_, **__):
        self.start = time.perf_counter()

    def on_step_end(self, *_, **__):
        self.steps.append(time.perf_counter() - self.start)


clock = Clock()
trainer = OnlineDPOTrainer(
    model=model(), ref_model=model(), args=OnlineDPOConfig(**options), train_dataset=data,
    processing_class=tokenizer, callbacks=[clock],
    reward_funcs=lambda prompts, completions, **_: [float(len(set(c))) for c in completions])
trainer.train()
peer.report(
    a, {"step": clock.steps[1:]}, work={"step": 2 * a.prompts * a.new},
    memory={"peak": peer.resident_mib("VmHWM"), "baseline": baseline,
            "states": 5 * 4 * peer.parameter_count(a.shape) / 2**20},
    versions={"trl": trl.__version__, "torch": torch.__version__,
              "transformers": transformers.__version__}, note=f"{a.settings} settings")
