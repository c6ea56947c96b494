"""Writes tokenizers.json: small tokenizers of many kinds with cases from huggingface/tokenizers.

Run: /opt/peers/bin/python Tests/ModelTests/Fixtures/make_tokenizers.py  (tokenizers 0.23.3)
Each entry: name, tokenizer (a tokenizer.json), cases [{text, ids, plain_ids, decoded,
decoded_with_specials}].
"""

import json
import os
import random

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers import processors, trainers

random.seed(1)
HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = [
    "the cat sat on the mat and the hat, that's what they'll say; we've 12 or 1234 hats",
    "she said: don't go there   in the night\n\n\tthen the moon    rose over the 100 hills",
    "là-bas l'été était déjà passé, ça et là; naïve façade für Äpfel und Öl", "今日は世界 今日は 世界",
] * 5
ATOMS = list("aeithsn '12.,\n\t") + [
    "  ", "   ", "the", " the", "they'll", "'s", "'S", "don't", "été", "e\u0301", "\u0301", "Ä",
    "今日", "世", "😀", "👩‍👩‍👧", "½", "Ⅷ", "٣", "\u00a0", "\u3000", "\u200b", "\u2581", "_",
    "<s>", "</s>", "<unk>", "<mid>", "<word>", "<left>", "<right>", "<norm>", "été!", "<0x41>", "\x00",
    "\u0085", "\u2028", "ſ", "字", "\ufeff",
]


def texts():
    fixed = ["", " ", "  ", "a", " a", "a ", "the<mid>the", " <left> x", "x <right>  y", "a<word>b <word> c"]
    return fixed + ["".join(random.choices(ATOMS, k=random.randint(1, 25))) for _ in range(50)]


def trained(pre, size, norm=None, **options):
    t = Tokenizer(models.BPE(**options))
    if norm:
        t.normalizer = norm
    if pre:
        t.pre_tokenizer = pre
    special = [options["unk_token"]] if options.get("unk_token") else []
    alphabet = pre_tokenizers.ByteLevel.alphabet() if "ByteLevel" in str(type(pre)) or "Sequence" in str(type(pre)) else []
    t.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False))
    return t


def edited(t, edit):
    data = json.loads(t.to_str())
    edit(data)
    return Tokenizer.from_str(json.dumps(data))


def add_bytes(data, missing=()):
    vocab = data["model"]["vocab"]
    for b in range(256):
        if b not in missing:
            vocab.setdefault("<0x%02X>" % b, len(vocab))


def added(t):
    t.add_special_tokens([AddedToken("<s>", special=True), AddedToken("</s>", special=True)])
    t.add_tokens([
        AddedToken("<mid>", normalized=False), AddedToken("<word>", single_word=True, normalized=False),
        AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True, normalized=False),
        AddedToken("<norm>", normalized=True), AddedToken("été!", normalized=True), AddedToken("   ", normalized=True),
    ])
    return t


def template(t, after=False):
    s, e = t.token_to_id("<s>"), t.token_to_id("</s>")
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>" if after else "<s> $A", special_tokens=[("<s>", s), ("</s>", e)])
    return t


LLAMA_NORM = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
LLAMA_DECODER = decoders.Sequence(
    [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])


def llama(size, **options):
    t = trained(None, size, LLAMA_NORM, unk_token="<unk>", **options)
    t.decoder = LLAMA_DECODER
    return t


def all_kinds():
    kinds = {}
    # Trained without a pre-tokenizer: pieces cross the space mark, so nothing may be cut there.
    t = edited(llama(400, fuse_unk=True, byte_fallback=True), add_bytes)
    kinds["fallback, pieces across spaces"] = template(added(t))
    # As Llama 2: trained on words, so no piece has the mark inside.
    t = trained(pre_tokenizers.Metaspace(), 300, None, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    t.normalizer, t.decoder = LLAMA_NORM, LLAMA_DECODER
    data = json.loads(t.to_str())
    data["pre_tokenizer"] = None
    add_bytes(data)
    kinds["fallback, as Llama 2"] = template(added(Tokenizer.from_str(json.dumps(data))), after=True)
    missing = edited(llama(300, fuse_unk=True, byte_fallback=True), lambda d: add_bytes(d, (0xE4, 0x9F, 0xCC)))
    kinds["fallback with bytes missing"] = missing
    kinds["unknown fused"] = added(llama(200, fuse_unk=True))
    kinds["unknown not fused"] = llama(200, fuse_unk=False)
    kinds["no unknown, no decoder"] = trained(None, 200)

    def byte_level(pre, size=500, norm=None, **options):
        t = trained(pre, size, norm, **options)
        t.decoder = decoders.ByteLevel()
        return t

    B, D = pre_tokenizers.ByteLevel, pre_tokenizers.Digits
    kinds["byte level"] = added(byte_level(B(add_prefix_space=False)))
    kinds["byte level, prefix space"] = added(byte_level(B(add_prefix_space=True)))
    kinds["byte level, no regex"] = added(byte_level(B(add_prefix_space=True, use_regex=False)))
    kinds["digits, byte level"] = added(
        byte_level(pre_tokenizers.Sequence([D(individual_digits=True), B(add_prefix_space=False)])))
    kinds["digit runs, byte level, prefix space"] = byte_level(
        pre_tokenizers.Sequence([D(individual_digits=False), B(add_prefix_space=True)]))
    t = added(byte_level(B(add_prefix_space=False), norm=normalizers.NFC()))
    t.post_processor = processors.Sequence([processors.ByteLevel(), template(t).post_processor])
    kinds["NFC, sequence of processors"] = t

    def whole(data):
        # Words that merges never reach, taken whole.
        for word in ["Ġzzz", "qqq", "Ã©tÃ©!", "they", "Ġthey"]:
            data["model"]["vocab"].setdefault(word, len(data["model"]["vocab"]))
        data["model"]["ignore_merges"] = True

    kinds["ignore_merges"] = added(edited(byte_level(B(add_prefix_space=False), 320), whole))

    def few(data):
        # Bytes of the alphabet that have no piece.
        keep = data["model"]
        for c in "ÂãĢ":
            keep["merges"] = [m for m in keep["merges"] if c not in "".join(m)]
            keep["vocab"] = {k: v for k, v in keep["vocab"].items() if c not in k}
        keep["vocab"]["<unk>"] = max(keep["vocab"].values()) + 1

    kinds["byte level with bytes missing"] = edited(byte_level(B(add_prefix_space=False), 300), few)
    t = edited(byte_level(B(add_prefix_space=False), 300), few)
    kinds["byte level, unknown"] = edited(t, lambda d: d["model"].update(unk_token="<unk>"))
    return kinds


def main():
    out = []
    for name, t in all_kinds().items():
        cases = []
        size = max(t.get_vocab().values()) + 1
        for text in texts():
            ids = t.encode(text).ids
            cases.append({
                "text": text, "ids": ids, "plain_ids": t.encode(text, add_special_tokens=False).ids,
                "decoded": t.decode(ids), "decoded_with_specials": t.decode(ids, skip_special_tokens=False)})
        # Ids that no text gives: broken bytes, ids without a piece.
        broken = []
        for _ in range(40):
            ids = [random.randrange(size + 2) for _ in range(random.randint(1, 12))]
            broken.append({
                "text": "", "ids": ids, "decoded": t.decode(ids),
                "decoded_with_specials": t.decode(ids, skip_special_tokens=False)})
        data = json.loads(t.to_str())
        merges = data["model"]["merges"]
        if len(out) % 2 == 0 and not any(" " in part for m in merges for part in m):
            data["model"]["merges"] = [" ".join(m) for m in merges]  # The older way of writing.
        out.append({"name": name, "tokenizer": data, "cases": cases, "broken": broken})
    with open(os.path.join(HERE, "tokenizers.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(json.dumps(o, ensure_ascii=False, separators=(",", ":")) for o in out) + "\n]\n")


main()
