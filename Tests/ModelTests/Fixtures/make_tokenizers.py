"""Writes tokenizers.json: small tokenizers of many kinds with cases from huggingface/tokenizers.

Run: /opt/peers/bin/python Tests/ModelTests/Fixtures/make_tokenizers.py  (tokenizers 0.23.3)
Each entry: name, tokenizer (a tokenizer.json), cases [{text, ids, plain_ids, decoded,
decoded_with_specials}].
"""

import json
import os
import random
import struct

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
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


def texts(count=50):
    fixed = ["", " ", "  ", "a", " a", "a ", "the<mid>the", " <left> x", "x <right>  y", "a<word>b <word> c"]
    return fixed + ["".join(random.choices(ATOMS, k=random.randint(1, 25))) for _ in range(count)]


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
        AddedToken("<norm>", normalized=True), AddedToken("été!", normalized=True),
    ])
    # A token of which the normalizer leaves nothing makes tokenizers panic.
    if t.normalizer is None or t.normalizer.normalize_str("   "):
        t.add_tokens([AddedToken("   ", normalized=True)])
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


S = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPACES = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
START = r"[^\r\n\p{L}\p{N}]?"
PATTERNS = {
    "Llama 3": S + "|" + START + r"\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACES,
    "Qwen": S + "|" + START + r"\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACES,
    "Qwen 3.5": S + "|" + START + r"[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + SPACES,
    "GPT-4o": f"{START}{UPPER}*{LOWER}+{S}?|{START}{UPPER}+{LOWER}*{S}?" + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + SPACES,
    "Tekken": f"{START}{UPPER}*{LOWER}+|{START}{UPPER}+{LOWER}*" + r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + SPACES,
}


def charsmap(entries):
    """SentencePiece's normalization map of a few entries: a double array and texts."""
    texts, tree = b"", {}
    for key, text in entries.items():
        node = tree
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[0] = len(texts)
        texts += text.encode() + b"\0"
    units, used, bases = {0: 0}, {0}, set()

    def place(node, at):
        base = next(b for b in range(1, 1 << 20) if b not in bases and not any(b ^ label in used for label in node))
        bases.add(base)
        used.update(base ^ label for label in node)
        units[at] = units.get(at, 0) | (base ^ at) << 10 | (0x100 if 0 in node else 0)
        for label, child in node.items():
            if label == 0:
                units[base] = child | 1 << 31
            else:
                units[base ^ label] = label
                place(child, base ^ label)

    place(tree, 0)
    array = [units.get(i, 0xFF) for i in range(max(units) + 1 | 0xFF)]
    return struct.pack("<I", 4 * len(array)) + struct.pack(f"<{len(array)}I", *array) + texts


def more_kinds():
    P, N, D = pre_tokenizers, normalizers, decoders
    kinds = {}
    plain = P.ByteLevel(add_prefix_space=False)

    def byte_level(*pre, norm=None, size=330, **options):
        t = trained(P.Sequence(list(pre)), size, norm, **options)
        t.decoder = D.ByteLevel()
        return added(t)

    def split(name):
        return P.Split(Regex(PATTERNS[name]), "isolated"), P.ByteLevel(add_prefix_space=False, use_regex=False)

    kinds["Llama 3"] = template(edited(byte_level(*split("Llama 3")), lambda d: d["model"].update(ignore_merges=True)))
    for name in ("Qwen", "Qwen 3.5", "GPT-4o", "Tekken"):
        kinds[name] = byte_level(*split(name), norm=N.NFC() if "Q" in name else None)
    t = byte_level(P.Split("t", "merged_with_next"), P.Split("h", "merged_with_previous", True), P.Split(Regex(r"\d"), "removed"), plain)
    t.post_processor = processors.RobertaProcessing(("</s>", t.token_to_id("</s>")), ("<s>", t.token_to_id("<s>")))
    kinds["splits, Roberta"] = t
    kinds["punctuation, NFD"] = byte_level(P.Punctuation("contiguous"), plain, norm=N.Sequence([N.NFD(), N.StripAccents()]))
    kinds["words, lower case"] = byte_level(P.Whitespace(), plain, norm=N.Sequence([N.Lowercase(), N.Strip()]))
    kinds["Bert's pieces, NFKD"] = byte_level(P.BertPreTokenizer(), plain, norm=N.NFKD())
    back = [D.Replace("▁", " "), D.ByteFallback(), D.Fuse()]

    def fallback(norm, pre, decoder):
        t = trained(P.Metaspace(), 200, None, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
        t = edited(t, add_bytes)
        t.normalizer, t.pre_tokenizer, t.decoder = norm, pre, decoder
        return template(added(t))

    kinds["Gemma"] = fallback(N.Replace(" ", "▁"), P.Split(" ", "merged_with_previous"), D.Sequence(back))
    kinds["Mistral"] = fallback(None, P.Metaspace(prepend_scheme="first", split=False), D.Sequence(back + [D.Strip(" ", 1, 0)]))
    kinds["metaspace first, Strip"] = fallback(N.Strip(), P.Metaspace(prepend_scheme="first"), D.Metaspace(prepend_scheme="first"))

    def unigram(norm, pre, decoder, bytes_too=False):
        t = Tokenizer(models.Unigram())
        t.normalizer, t.pre_tokenizer, t.decoder = norm, pre, decoder
        t.train_from_iterator(CORPUS, trainers.UnigramTrainer(
            vocab_size=120, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False))
        if bytes_too:
            t = edited(t, lambda d: d["model"].update(
                byte_fallback=True, vocab=d["model"]["vocab"] + [["<0x%02X>" % b, -20.0] for b in range(256)]))
        return template(added(t), after=True)

    small = charsmap({"\t": " ", "\n": " ", "\r": " ", "e\u0301": "é", "\u0301": "", "Ä": "Ae", "\ufeff": "", "ﬁ": "fi", "\u3000": " ", "字": "ji"})
    always = P.Metaspace(prepend_scheme="always")
    kinds["T5"] = unigram(N.Precompiled(small), P.Sequence([P.WhitespaceSplit(), always]), D.Metaspace())
    kinds["XLM-R"] = unigram(
        N.Sequence([N.Precompiled(small), N.Strip(left=False, right=True), N.Replace(Regex(" {2,}"), "▁")]),
        P.Metaspace(prepend_scheme="first"), D.Metaspace(prepend_scheme="first"))
    kinds["ALBERT"] = unigram(
        N.Sequence([N.Replace("''", '"'), N.NFKD(), N.StripAccents(), N.Lowercase(), N.Replace(Regex(" {2,}"), " ")]), always, D.Metaspace())
    kinds["Unigram with bytes"] = unigram(N.Sequence([N.Nmt(), N.NFKC(), N.Replace(" ", "▁")]), None, D.Sequence(back), bytes_too=True)
    return kinds


def main():
    out = []
    first = all_kinds()
    for name, t in (first | more_kinds()).items():
        cases = []
        size = max(t.get_vocab().values()) + 1
        for text in texts(50 if name in first else 20):
            ids = t.encode(text).ids
            cases.append({
                "text": text, "ids": ids, "plain_ids": t.encode(text, add_special_tokens=False).ids,
                "decoded": t.decode(ids), "decoded_with_specials": t.decode(ids, skip_special_tokens=False)})
        # Ids that no text gives: broken bytes, ids without a piece.
        broken = []
        for _ in range(40 if name in first else 10):
            ids = [random.randrange(size + 2) for _ in range(random.randint(1, 12))]
            broken.append({
                "text": "", "ids": ids, "decoded": t.decode(ids),
                "decoded_with_specials": t.decode(ids, skip_special_tokens=False)})
        data = json.loads(t.to_str())
        merges = data["model"].get("merges", [])
        if merges and len(out) % 2 == 0 and not any(" " in part for m in merges for part in m):
            data["model"]["merges"] = [" ".join(m) for m in merges]  # The older way of writing.
        out.append({"name": name, "tokenizer": data, "cases": cases, "broken": broken})
    with open(os.path.join(HERE, "tokenizers.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(json.dumps(o, ensure_ascii=False, separators=(",", ":")) for o in out) + "\n]\n")


main()
