#!/usr/bin/env python3
"""Tokenizers of every kind against huggingface/tokenizers: ids and text of 10,000 strings each.

    tools/check_tokenizers.py [--magnetic .build/release/magnetic] [--count 10000] [--seed 0]
                              [--only NAME] [--data ../shared/data/text/tinyshakespeare.txt]

Trains small tokenizers of each kind with PyPI `tokenizers`, from a text and generated Unicode, and
compares with `magnetic tokenize --json`: ids with and without the template, text with and without
special tokens, and text of random ids. Prints a line a kind; ends with 1 where anything differs.
Needs: pip install tokenizers sentencepiece (the latter trains a model for its normalization map).

Characters that Unicode has assigned only lately are left out (--all keeps them): the Unicode tables
of the two sides are of different versions, see `new_characters`.
"""
import argparse
import base64
import io
import json
import os
import random
import subprocess
import sys
import tempfile

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers

S = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPACES = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
START = r"[^\r\n\p{L}\p{N}]?"
PATTERNS = {
    "llama3": S + r"|" + START + r"\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACES,
    "qwen": S + r"|" + START + r"\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + SPACES,
    "qwen35": S + r"|" + START + r"[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + SPACES,
    "gpt4o": f"{START}{UPPER}*{LOWER}+{S}?|{START}{UPPER}+{LOWER}*{S}?"
    + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + SPACES,
    "tekken": f"{START}{UPPER}*{LOWER}+|{START}{UPPER}+{LOWER}*"
    + r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + SPACES,
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
}

RANGES = [
    (0x21, 0x7E), (0xA1, 0x24F), (0x250, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x531, 0x58F),
    (0x591, 0x5F4), (0x600, 0x6FF), (0x700, 0x7BF), (0x900, 0x97F), (0x980, 0x9FE), (0xA01, 0xAFF),
    (0xB01, 0xBFA), (0xC00, 0xCFF), (0xD00, 0xDFF), (0xE01, 0xE5B), (0xE81, 0xEDF), (0xF00, 0xFDA),
    (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x137F), (0x13A0, 0x13FD),
    (0x1780, 0x17F9), (0x1E00, 0x1FFE), (0x2000, 0x206F), (0x2070, 0x218B), (0x2190, 0x2BFF),
    (0x3000, 0x30FF), (0x3131, 0x33FF), (0x4E00, 0x9FA5), (0xA960, 0xA97C), (0xAC00, 0xD7FB),
    (0xF900, 0xFAD9), (0xFB00, 0xFDFF), (0xFE00, 0xFFFD), (0x10000, 0x1D7FF), (0x1F000, 0x1FAFF),
    (0x20000, 0x2FA1D), (0xE0001, 0xE01EF),
]
UNIGRAM_LINES = [
    "l\u00e0-bas l'\u00e9t\u00e9 \u00e9tait d\u00e9j\u00e0 pass\u00e9", "na\u00efve fa\u00e7ade f\u00fcr \u00c4pfel und \u00d6l",
    "\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440", "\u4eca\u65e5\u306f\u4e16\u754c", "\uc548\ub155 \uc138\uacc4", "1,000 ... 3.14",
]
ATOMS = [
    "'s", "'S", "'ll", "'LL", "'Ve", "'re", "'t", "'m", "'d", "'\u017f", "don't", "WE'VE", "I'M",
    "\r\n", "\n", "\n\n", "\r", "\t", " ", "  ", "   ", " " * 17, "\n  \n", " \n", "\u00a0", "\u3000",
    "\u2028", "\u0085", "\x00", "\x01", "\x1b", "\x7f", "\u200b", "\u200d", "\ufeff", "\ufffd", "\u00ad",
    "0", "12", "345", "67890", "\u0661\u0662\u0663", "\u00bd", "\u2163", "3.14", "1,000",
    "e\u0301", "\u00e9", "a\u0308\u0323", "\u0301", "\u1100\u1161\u11a8", "\uac00\u11a8", "\u0915\u094d\u0937\u093f",
    "\ufb01", "\u2126", "\u212b", "\u0130", "\u03a3", "\u1e9e", "\u0e01\u0e33", "\u0600" + "1",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd", "\u2764\ufe0f",
    "\u2581", "\u2581\u2581", "</", "//", "...", "!?/\n", "--", "``", "''", "_", "snake_case", "CamelCaseWORDs", "iPhoneX",
    "<unk>", "<s>", "</s>", "<0x41>", "<0xE2>", "<mid>", "<word>", "<left>", "<right>", "<norm>", "\u00e9t\u00e9!", "<mid", "<MID>",
]


def new_characters():
    """Characters that not both sides know alike: tokenizers 0.23 splits by Unicode 16, Swift 6.3 by
    17. So what is not assigned in tokenizers' version is left out, and U+0295, which went from small
    letter to letter in 17."""
    split = pre_tokenizers.Split(Regex(r"\p{Cn}"), "removed")
    scalars = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    return {c for c in scalars if not split.pre_tokenize_str(chr(c))} | {0x295}


NEW = new_characters()


def strings(count, seed, words, keep_all):
    rng = random.Random(seed)
    left_out = set(range(0xD800, 0xE000)) | (set() if keep_all else NEW)

    def scalar(lo, hi):
        while True:
            c = rng.randint(lo, hi)
            if c not in left_out:
                return chr(c)

    def one():
        kind = rng.random()
        if kind < 0.25:
            lo, hi = rng.choice(RANGES)
            return "".join(scalar(lo, hi) for _ in range(rng.randint(1, 8)))
        if kind < 0.32:
            return scalar(0, 0x10FFFF)
        if kind < 0.38:
            return rng.choice("aA1 \n.\u4eca\u0301") * rng.randint(2, 40)
        if kind < 0.60:
            return rng.choice([" ", "", " "]) + rng.choice(words)
        return rng.choice(ATOMS)

    fixed = ["", " ", "  ", "\n", "a", " a", "a ", "<s>", "<left>", "  <left> <right>  ", "a<word>b <word> c"]
    return fixed + ["".join(one() for _ in range(rng.randint(1, 20))) for _ in range(count - len(fixed))]


def special(t):
    t.add_special_tokens([AddedToken("<s>", special=True), AddedToken("</s>", special=True)])
    t.add_tokens([
        AddedToken("<mid>", normalized=False), AddedToken("<word>", single_word=True, normalized=False),
        AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True, normalized=False),
        AddedToken("<norm>", normalized=True), AddedToken("\u00e9t\u00e9!", normalized=True), AddedToken("CamelCase", normalized=True),
    ])
    return t


def template(t, single="<s> $A"):
    t.post_processor = processors.TemplateProcessing(
        single=single, special_tokens=[(s, t.token_to_id(s)) for s in ("<s>", "</s>")])
    return t


def edited(t, edit):
    data = json.loads(t.to_str())
    edit(data)
    return Tokenizer.from_str(json.dumps(data))


def byte_level(corpus, pre, norm=None, size=1500, decoder=None, **options):
    t = Tokenizer(models.BPE(**options))
    t.normalizer = norm
    t.pre_tokenizer = pre
    t.decoder = decoder or decoders.ByteLevel()
    t.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return special(t)


def split(name, behavior="isolated", invert=False):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERNS.get(name, name)), behavior, invert),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def fallback(corpus, norm, pre, decoder, train_pre=None, size=1500, bytes_left_out=(), **options):
    """BPE on characters, `<0xXX>` for others."""
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True, **options))
    t.normalizer, t.pre_tokenizer = norm, train_pre or pre
    t.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<unk>"], limit_alphabet=300, show_progress=False))

    def add_bytes(data):
        vocab = data["model"]["vocab"]
        for b in range(256):
            if b not in bytes_left_out:
                vocab.setdefault("<0x%02X>" % b, len(vocab))
        data["model"]["byte_fallback"] = True

    t = edited(t, add_bytes)
    if pre is not None:
        t.pre_tokenizer = pre
    elif train_pre is not None:
        t = edited(t, lambda data: data.update(pre_tokenizer=None))
    t.decoder = decoder
    return template(special(t))


def unigram(corpus, norm, pre, decoder=None, size=900, bytes_too=False, single="$A </s>"):
    # Its training wants a place for every character, so it gets few.
    corpus = [line for line in corpus if line.isascii()] + UNIGRAM_LINES * 5
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer = norm, pre
    t.decoder = decoder or decoders.Metaspace()
    t.train_from_iterator(corpus, trainers.UnigramTrainer(
        vocab_size=size, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False))
    if bytes_too:
        def add(data):
            data["model"]["byte_fallback"] = True
            data["model"]["vocab"] += [["<0x%02X>" % b, -20.0] for b in range(256)]
        t = edited(t, add)
    return template(special(t), single)


def charsmap(rule):
    """The normalization map that SentencePiece writes into a model of its own."""
    import sentencepiece
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat"] * 50), model_writer=out, vocab_size=16,
        hard_vocab_limit=False, normalization_rule_name=rule, minloglevel=2)
    # ModelProto: field 3 is the normalizer's specification, whose field 2 is the map.
    return field(field(out.getvalue(), 3), 2)


def field(message, wanted):
    """A length-delimited field of a protocol buffer."""
    def varint(i):
        value = shift = 0
        while True:
            value |= (message[i] & 0x7F) << shift
            shift += 7
            i += 1
            if message[i - 1] < 0x80:
                return value, i

    i = 0
    while i < len(message):
        key, i = varint(i)
        if key & 7 == 0:
            _, i = varint(i)
        elif key & 7 == 5:
            i += 4
        elif key & 7 == 1:
            i += 8
        else:
            length, i = varint(i)
            if key >> 3 == wanted:
                return message[i:i + length]
            i += length
    raise ValueError(f"no field {wanted}")


def kinds(corpus):
    B, D, P, N = pre_tokenizers.ByteLevel, decoders, pre_tokenizers, normalizers
    plain = B(add_prefix_space=False)
    yield "llama3", lambda: template(edited(
        byte_level(corpus, split("llama3")), lambda d: d["model"].update(ignore_merges=True)))
    yield "qwen", lambda: byte_level(corpus, split("qwen"), N.NFC())
    yield "qwen35", lambda: byte_level(corpus, split("qwen35"), N.NFC())
    yield "gpt4o", lambda: byte_level(corpus, split("gpt4o"))
    yield "gpt4o inverted", lambda: byte_level(corpus, split("gpt4o", "removed", True))
    yield "tekken", lambda: template(byte_level(corpus, split("tekken")))
    yield "gpt2 as split", lambda: byte_level(corpus, split("gpt2", "contiguous"))
    yield "gpt2", lambda: byte_level(corpus, plain)
    yield "gpt2 with prefix", lambda: byte_level(corpus, B(add_prefix_space=True))
    yield "neox", lambda: byte_level(corpus, plain, N.NFC())
    yield "smollm", lambda: byte_level(corpus, P.Sequence([P.Digits(individual_digits=True), plain]))
    yield "digit runs", lambda: byte_level(corpus, P.Sequence([P.Digits(), plain]))
    yield "deepseek-like", lambda: byte_level(corpus, P.Sequence([
        P.Split(Regex(r"[\r\n]"), "isolated"), P.Split(Regex(r"\p{N}{1,3}"), "isolated"), P.Punctuation(), plain]))
    for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
        for invert in (False, True):
            yield f"split {behavior} {'inverted' if invert else ''}".strip(), lambda b=behavior, i=invert: byte_level(
                corpus, P.Sequence([P.Split("t", b, i), P.Split(Regex(r"\s+"), b, i), P.Split(Regex(r"\d"), b), B(add_prefix_space=True, use_regex=False)]), size=600)
    yield "punctuation", lambda: byte_level(corpus, P.Sequence([P.Punctuation("contiguous"), plain]), size=600)
    yield "bert pieces", lambda: byte_level(corpus, P.Sequence([P.BertPreTokenizer(), plain]), N.Lowercase(), size=600)
    yield "words", lambda: byte_level(corpus, P.Sequence([P.Whitespace(), plain]), N.Sequence([N.NFD(), N.StripAccents()]), size=600)
    for form in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Nmt", "StripAccents", "Strip"):
        yield f"normalizer {form}", lambda f=form: byte_level(corpus, plain, getattr(N, f)(), size=600)
    yield "normalizer strip left", lambda: byte_level(corpus, plain, N.Strip(left=True, right=False), size=600)
    llama_norm = N.Sequence([N.Prepend("\u2581"), N.Replace(" ", "\u2581")])
    back = [D.Replace("\u2581", " "), D.ByteFallback(), D.Fuse()]
    words = P.Metaspace(prepend_scheme="always")
    yield "llama2", lambda: fallback(corpus, llama_norm, None, D.Sequence(back + [D.Strip(" ", 1, 0)]), P.Split("\u2581", "merged_with_next"))
    yield "llama2 across spaces", lambda: fallback(corpus[:2000], llama_norm, None, D.Sequence(back + [D.Strip(" ", 1, 0)]), size=900)
    yield "llama2 bytes missing", lambda: fallback(
        corpus, llama_norm, None, D.Sequence(back), P.Split("\u2581", "merged_with_next"), bytes_left_out=(0xE4, 0x9F, 0xCC, 0xF0))
    for scheme in ("always", "first", "never"):
        yield f"mistral, {scheme}", lambda s=scheme: fallback(
            corpus, None, P.Metaspace(prepend_scheme=s, split=False), D.Sequence(back + [D.Strip(" ", 1, 0)]), P.Metaspace(prepend_scheme=s))
        yield f"metaspace, {scheme}", lambda s=scheme: fallback(
            corpus, N.Strip(left=True, right=True), P.Metaspace(prepend_scheme=s), D.Metaspace(prepend_scheme=s))
    yield "gemma", lambda: fallback(corpus, N.Replace(" ", "\u2581"), P.Split(" ", "merged_with_previous"), D.Sequence(back), P.Split("\u2581", "merged_with_next"))
    nmt, folded = charsmap("nmt_nfkc"), charsmap("nmt_nfkc_cf")
    runs = N.Replace(Regex(" {2,}"), "\u2581")
    yield "t5", lambda: unigram(corpus, N.Precompiled(nmt), P.Sequence([P.WhitespaceSplit(), words]))
    yield "t5 new", lambda: unigram(corpus, N.Sequence([N.Precompiled(nmt), N.Strip(left=False, right=True), runs]), words)
    yield "xlm-r", lambda: unigram(
        corpus, N.Sequence([N.Precompiled(nmt), N.Strip(left=False, right=True), runs]), P.Metaspace(prepend_scheme="first"),
        D.Metaspace(prepend_scheme="first"), single="<s> $A </s>")
    yield "albert", lambda: unigram(
        corpus, N.Sequence([N.Replace("``", '"'), N.Replace("''", '"'), N.NFKD(), N.StripAccents(), N.Lowercase(), N.Precompiled(folded), N.Replace(Regex(" {2,}"), " ")]), words)
    yield "unigram nmt", lambda: unigram(corpus, N.Sequence([N.Nmt(), N.NFKC(), runs]), words)
    yield "unigram bytes", lambda: unigram(
        corpus, N.Replace(" ", "\u2581"), None, D.Sequence(back), bytes_too=True, single="<s> $A")
    yield "unigram no split", lambda: unigram(
        corpus[:3000], N.Strip(), P.Metaspace(prepend_scheme="first", split=False), D.Metaspace(prepend_scheme="never"), size=500)
    def roberta():
        t = byte_level(corpus, B(add_prefix_space=False))
        t.post_processor = processors.RobertaProcessing(("</s>", t.token_to_id("</s>")), ("<s>", t.token_to_id("<s>")))
        return t
    yield "roberta", roberta


def magnetic(command, folder, lines, *flags):
    out = subprocess.run(
        [*command, "tokenize", "--model", folder, "--json", "-", *flags], check=True, stdout=subprocess.PIPE,
        input="\n".join(json.dumps(line) for line in lines).encode()).stdout.decode()
    return [json.loads(line) for line in out.split("\n") if line]


def check(name, t, texts, command, seed):
    """The differences, as lines."""
    rng = random.Random(seed)
    size = t.get_vocab_size(with_added_tokens=True)
    broken = [[rng.randrange(size) for _ in range(rng.randint(1, 12))] for _ in range(len(texts) // 5)]
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf-8") as f:
            f.write(t.to_str())
        lines = [{"text": text} for text in texts] + [{"input_ids": ids} for ids in broken]
        whole, bare = magnetic(command, folder, lines), magnetic(command, folder, lines, "--no-special")
    wrong = []
    for found, flag in ((whole, True), (bare, False)):
        ids = [e.ids for e in t.encode_batch(texts, add_special_tokens=flag)]
        decoded = t.decode_batch(ids + broken, skip_special_tokens=not flag)
        for i, (line, expected, text) in enumerate(zip(found, ids + broken, decoded, strict=True)):
            label = ascii(texts[i]) if i < len(texts) else str(expected)
            if line["input_ids"] != expected:
                wrong.append(f"{label}: ids {line['input_ids']}, expected {expected} {t.encode(texts[i]).tokens}")
            elif line["text"] != text:
                wrong.append(f"{label}: text {ascii(line['text'])}, expected {ascii(text)}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--magnetic", default=".build/release/magnetic")
    parser.add_argument("--data", default="../shared/data/text/tinyshakespeare.txt")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="kinds whose name has this")
    parser.add_argument("--show", type=int, default=3, help="differences shown of each kind")
    parser.add_argument("--all", action="store_true", help="newly assigned characters too")
    options = parser.parse_args()
    with open(options.data, encoding="utf-8") as f:
        text = f.read()[:300_000]
    words = sorted({w for w in text.split() if w.isascii()})
    texts = strings(options.count, options.seed, words, options.all)
    corpus = [line for line in text.split("\n") if line] + strings(1500, options.seed + 1, words, False)
    random.Random(0).shuffle(corpus)
    failed = 0
    for name, make in kinds(corpus):
        if options.only and options.only not in name:
            continue
        wrong = check(name, make(), texts, options.magnetic.split(), options.seed)
        failed += bool(wrong)
        print(f"{name}: {len(texts)} strings, " + (f"{len(wrong)} DIFFERENCES" if wrong else "equal"), flush=True)
        for line in wrong[:options.show]:
            print("   ", line[:1500])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
