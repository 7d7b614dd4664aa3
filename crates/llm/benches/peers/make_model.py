"""Writes a GGUF (Q8_0) of random weights that every engine of the comparison opens.

    python make_model.py smol135 smol135.gguf [tokenizer.json]

Needs gguf and numpy. Weights are uniform with the variance of a trained layer, so that activations keep their size;
speed does not depend on them. The vocabulary is that of a byte-level tokenizer, or 256 bytes; then numbered words.
"""

import json
import sys

import gguf
import numpy as np

# hidden, feed-forward, layers, heads, key-value heads, vocabulary, architecture, rope theta
SHAPES = {
    "smol135": (576, 1536, 30, 9, 3, 49_152, "llama", 100_000.0),
    "qwen05": (896, 4864, 24, 14, 2, 151_936, "qwen2", 1_000_000.0),
}
HEAD = 64


def byte_characters():
    """The characters that stand for bytes in byte-level vocabularies (Radford et al. 2019)."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    table = {byte: chr(byte) for byte in shown} | {byte: chr(256 + n) for n, byte in enumerate(hidden)}
    return [table[byte] for byte in range(256)]


def tokens_of(tokenizer):
    """Tokens and merges of a tokenizer.json, or single bytes."""
    if tokenizer is None:
        return [*byte_characters(), "<|end|>"], ["w 0", "w 1"]
    model = json.load(open(tokenizer))["model"]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    return sorted(model["vocab"], key=model["vocab"].get), merges


def main(shape, path, tokenizer=None):
    hidden, inner, layers, heads, kv_heads, vocabulary, architecture, theta = SHAPES[shape]
    rng = np.random.default_rng(1)
    out = gguf.GGUFWriter(path, architecture)
    out.add_context_length(8192)
    out.add_embedding_length(hidden)
    out.add_block_count(layers)
    out.add_feed_forward_length(inner)
    out.add_head_count(heads)
    out.add_head_count_kv(kv_heads)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(HEAD)
    out.add_rope_freq_base(theta)
    out.add_vocab_size(vocabulary)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    tokens, merges = tokens_of(tokenizer)
    end = tokens.index("<|end|>")
    tokens += [f"w{n}" for n in range(vocabulary - len(tokens))]
    out.add_token_list(tokens)
    out.add_token_types(
        [gguf.TokenType.CONTROL if at == end else gguf.TokenType.NORMAL for at in range(len(tokens))]
    )
    out.add_token_merges(merges)
    out.add_bos_token_id(end)
    out.add_eos_token_id(end)

    def matrix(name, rows, columns):
        weights = rng.uniform(-1, 1, (rows, columns)).astype(np.float32) * np.float32((3 / columns) ** 0.5)
        kind = gguf.GGMLQuantizationType.Q8_0
        out.add_tensor(name, gguf.quants.quantize(weights, kind), raw_dtype=kind)

    def ones(name):
        out.add_tensor(name, np.ones(hidden, np.float32))

    matrix("token_embd.weight", vocabulary, hidden)
    ones("output_norm.weight")
    for layer in range(layers):
        block = f"blk.{layer}."
        ones(block + "attn_norm.weight")
        ones(block + "ffn_norm.weight")
        for part, rows in (("q", heads), ("k", kv_heads), ("v", kv_heads)):
            matrix(block + f"attn_{part}.weight", rows * HEAD, hidden)
            if architecture == "qwen2":
                out.add_tensor(block + f"attn_{part}.bias", rng.uniform(-0.5, 0.5, rows * HEAD).astype(np.float32))
        matrix(block + "attn_output.weight", hidden, heads * HEAD)
        matrix(block + "ffn_gate.weight", inner, hidden)
        matrix(block + "ffn_up.weight", inner, hidden)
        matrix(block + "ffn_down.weight", hidden, inner)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
