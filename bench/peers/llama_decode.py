#!/usr/bin/env python3
"""Batched decoding in llama.cpp: the same random shape as a GGUF file, no sampling.

usage: llama_decode.py [--shape S|M|tiny] [--dtype f32|bf16] [--rows 16] [--prompt 64] [--new 64] [--json]
needs: llama-cpp-python (built for this machine, see requirements.txt), gguf, numpy

`prefill` runs all prompts, `decode` one new token a row at a time. Its rate is what llama.cpp's own
batched benchmark prints: token ids are given, nothing is drawn from the logits. `generate` is both.
"""
import ctypes, os, tempfile, time
import peer

p = peer.arguments(__doc__, shape=True)
p.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
p.add_argument("--rows", type=int, default=16)
p.add_argument("--prompt", type=int, default=64)
p.add_argument("--new", type=int, default=64)
a = p.parse_args()
np, gguf, llama = peer.load("numpy", "gguf", "llama_cpp")
width, layers, heads, groups, ffn, vocabulary = peer.SHAPES[a.shape]
random = np.random.default_rng(0)


def write(path):
    w = gguf.GGUFWriter(path, "llama")
    w.add_context_length(a.prompt + a.new)
    w.add_embedding_length(width)
    w.add_block_count(layers)
    w.add_feed_forward_length(ffn)
    w.add_head_count(heads)
    w.add_head_count_kv(groups)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_dimension_count(width // heads)
    w.add_vocab_size(vocabulary)
    w.add_tokenizer_model("no_vocab")

    def matrix(name, *shape):
        x = random.standard_normal(shape, dtype=np.float32) * np.float32(0.02)
        if a.dtype == "bf16":
            bits = (x.view(np.uint32) + 0x8000 >> 16).astype(np.uint16)
            w.add_tensor(name, bits.view(np.uint8), raw_dtype=gguf.GGMLQuantizationType.BF16)
        else:
            w.add_tensor(name, x)

    d = width // heads
    matrix("token_embd.weight", vocabulary, width)
    w.add_tensor("output_norm.weight", np.ones(width, np.float32))
    for i in range(layers):
        b = f"blk.{i}."
        w.add_tensor(b + "attn_norm.weight", np.ones(width, np.float32))
        w.add_tensor(b + "ffn_norm.weight", np.ones(width, np.float32))
        matrix(b + "attn_q.weight", heads * d, width)
        matrix(b + "attn_k.weight", groups * d, width)
        matrix(b + "attn_v.weight", groups * d, width)
        matrix(b + "attn_output.weight", width, heads * d)
        matrix(b + "ffn_gate.weight", ffn, width)
        matrix(b + "ffn_up.weight", ffn, width)
        matrix(b + "ffn_down.weight", width, ffn)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


quiet = llama.llama_log_callback(lambda level, text, data: None)
llama.llama_log_set(quiet, ctypes.c_void_p(0))
llama.llama_backend_init()
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "random.gguf")
    write(path)
    settings = llama.llama_model_default_params()
    settings.use_mmap = False
    baseline = peer.restart_peak()
    model = llama.llama_model_load_from_file(path.encode(), settings)
assert model, "llama.cpp refused the file"
settings = llama.llama_context_default_params()
settings.n_ctx = a.rows * (a.prompt + a.new)
settings.n_batch = settings.n_ubatch = max(a.rows * a.prompt, a.rows)
settings.n_seq_max = a.rows
settings.n_threads = settings.n_threads_batch = a.threads
settings.kv_unified = False
context = llama.llama_init_from_model(model, settings)
assert context, "llama.cpp made no context"
batch = llama.llama_batch_init(a.rows * a.prompt, 0, 1)


def decode(positions):
    """One call: every row's tokens at `positions`; logits of the last of each row."""
    n = 0
    for row in range(a.rows):
        for position in positions:
            batch.token[n] = int(random.integers(vocabulary))
            batch.pos[n] = position
            batch.n_seq_id[n] = 1
            batch.seq_id[n][0] = row
            batch.logits[n] = position == positions[-1]
            n += 1
    batch.n_tokens = n
    code = llama.llama_decode(context, batch)
    assert code == 0, f"llama_decode answered {code}"
    llama.llama_synchronize(context)


def once():
    llama.llama_memory_clear(llama.llama_get_memory(context), True)
    t0 = time.perf_counter()
    decode(range(a.prompt))
    t1 = time.perf_counter()
    for position in range(a.prompt, a.prompt + a.new):
        decode(range(position, position + 1))
    t2 = time.perf_counter()
    return {"prefill": t1 - t0, "decode": t2 - t1, "generate": t2 - t0}


times = peer.repeat(a, once)
peer.report(
    a, times,
    work={"prefill": a.rows * a.prompt, "decode": a.rows * a.new, "generate": a.rows * a.new},
    memory={"peak": peer.resident_mib("VmHWM"), "baseline": baseline},
    versions={"llama_cpp_python": llama.__version__},
    note="decode draws nothing from the logits")
