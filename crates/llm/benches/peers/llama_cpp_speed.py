"""Speed of llama.cpp on the kernels' measurements: one JSON object of tokens per second.

    python llama_cpp_speed.py MODEL.gguf [threads]

Needs llama-cpp-python, built on the machine it runs on. Prefill: prompts of 512 tokens in a fresh context, logits at
the last token. Decode: sequences of 128 tokens are continued by one token each, logits of the whole vocabulary. Only
the call that computes is timed; the best of several rounds counts.
"""

import ctypes
import json
import sys
import time

import llama_cpp as llama


@llama.llama_log_callback
def silent(_level, _text, _data):
    pass


class Peer:
    def __init__(self, path, threads):
        llama.llama_backend_init()
        llama.llama_log_set(silent, ctypes.c_void_p(0))
        self.threads = threads
        self.model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
        self.vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model))

    def context(self, sequences, tokens):
        options = llama.llama_context_default_params()
        options.n_ctx, options.n_batch, options.n_ubatch = tokens, 2048, 512
        options.n_seq_max, options.kv_unified = sequences, True
        options.n_threads = options.n_threads_batch = self.threads
        return llama.llama_init_from_model(self.model, options)

    def decode(self, context, items):
        """Seconds for one batch of (token, position, sequence, wanted)."""
        batch = llama.llama_batch_init(len(items), 0, 1)
        batch.n_tokens = len(items)
        for at, (token, position, sequence, wanted) in enumerate(items):
            batch.token[at], batch.pos[at], batch.logits[at] = token % self.vocabulary, position, wanted
            batch.n_seq_id[at], batch.seq_id[at][0] = 1, sequence
        start = time.perf_counter()
        code = llama.llama_decode(context, batch)
        llama.llama_synchronize(context)
        seconds = time.perf_counter() - start
        llama.llama_batch_free(batch)
        if code != 0:
            raise SystemExit(f"llama_decode answered {code}")
        return seconds

    def prefill_speed(self, sequences, rounds):
        best = float("inf")
        for _ in range(rounds):
            context = self.context(sequences, 512 * sequences + 64)
            items = [(i * 7919 + s * 104729, i, s, i == 511) for s in range(sequences) for i in range(512)]
            best = min(best, self.decode(context, items))
            llama.llama_free(context)
        return 512 * sequences / best

    def decode_speed(self, sequences, steps):
        context = self.context(sequences, 192 * sequences)
        for s in range(sequences):
            self.decode(context, [(i * 7919 + s * 104729, i, s, i == 127) for i in range(128)])
        times = [self.decode(context, [(k * 31 + s, 128 + k, s, True) for s in range(sequences)]) for k in range(steps)]
        llama.llama_free(context)
        return sequences / min(times)


def main(path, threads="2"):
    peer = Peer(path, int(threads))
    figures = {f"prefill_{n}": peer.prefill_speed(n, 8 // n) for n in (1, 4)}
    figures |= {f"decode_{n}": peer.decode_speed(n, 40) for n in (1, 8, 32)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
