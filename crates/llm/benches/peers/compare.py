"""The decision engine against llama.cpp and against a loop over a stock model of candle, in one run on the same weights.

    python -m venv target/peers && . target/peers/bin/activate
    pip install gguf numpy scikit-build-core cmake ninja
    CMAKE_ARGS=-DGGML_NATIVE=ON pip install --no-binary llama-cpp-python llama-cpp-python
    python crates/llm/benches/peers/compare.py smol135 [--users 32] [--rounds 2]

Builds what is missing under `target/peers`: the model file, `habitue`, the candle loop (for this machine's own
instructions), and llama.cpp's server from the source that llama-cpp-python is published with. Prints Markdown. The
programs take turns; of several rounds the best counts for each.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]
WORK = ROOT / "target" / "peers"


def run(*command, **more):
    print("+", *command, file=sys.stderr)
    return subprocess.run([str(part) for part in command], check=True, cwd=ROOT, text=True, **more)


def answer(*command):
    """The JSON object on the last line of a program's output."""
    out = run(*command, stdout=subprocess.PIPE).stdout
    try:
        return json.loads(out)
    except json.JSONDecodeError:
        return json.loads(out.strip().splitlines()[-1])


def llama_server():
    server = WORK / "llama" / "bin" / "llama-server"
    if not server.exists():
        run(sys.executable, "-m", "pip", "download", "--no-binary", ":all:", "--no-deps", "--no-build-isolation",
            "--dest", WORK, "llama-cpp-python")
        archive = next(WORK.glob("llama_cpp_python-*.tar.gz"))
        tarfile.open(archive).extractall(WORK, filter="data")
        source = next(WORK.glob("llama_cpp_python-*/vendor/llama.cpp"))
        run("cmake", "-G", "Ninja", "-S", source, "-B", WORK / "llama", "-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON",
            "-DLLAMA_CURL=OFF", "-DLLAMA_OPENSSL=OFF", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF")
        run("ninja", "-C", WORK / "llama", "llama-server")
    return server


def build(shape):
    WORK.mkdir(parents=True, exist_ok=True)
    model = WORK / f"{shape}.gguf"
    if not model.exists():
        run(sys.executable, HERE / "make_model.py", shape, model)
    run("cargo", "build", "--release", "-p", "habitue-cli")
    native = {**os.environ, "RUSTFLAGS": "-C target-cpu=native", "CARGO_TARGET_DIR": str(ROOT / "target" / "native")}
    run("cargo", "build", "--release", "-p", "habitue-llm", "--example", "naive_candle", env=native)
    return model, ROOT / "target/release/habitue", ROOT / "target/native/release/examples/naive_candle", llama_server()


def ours(habitue, model, users):
    report = answer(habitue, "bench", "llm", "--model", model, "--users", users, "--json")
    figures = {f"prefill_{run['at_once']}": run["tokens_per_second"] for run in report["prefill"]}
    figures |= {f"decode_{run['at_once']}": run["tokens_per_second"] for run in report["decode"]}
    figures |= {run["variation"]: run["decisions_per_second"] for run in report["decisions"]}
    return figures, report


def best(rounds):
    return {name: max(round[name] for round in rounds) for name in rounds[0]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("shape", choices=["smol135", "qwen05"])
    parser.add_argument("--users", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--kernels", action="store_true", help="reading and writing only, without the users' decisions")
    options = parser.parse_args()
    model, habitue, naive, server = build(options.shape)
    mine, llama, decisions, long, loop = [], [], [], [], []
    for _ in range(options.rounds):
        figures, report = ours(habitue, model, options.users)
        mine.append(figures)
        llama.append(answer(sys.executable, HERE / "llama_cpp_speed.py", model))
        if options.kernels:
            continue
        served = lambda tokens: answer(sys.executable, HERE / "llama_server_decisions.py", server, model,
                                       "--users", options.users, "--generated", tokens)
        decisions.append(served(32))
        long.append(served(60))
        loop.append(answer(naive, model, 1))
    mine, llama = best(mine), best(llama)
    print(f"\n{options.shape}, {report['kernel']}, {report['threads']} threads, {options.users} users\n")
    print("| what | habitue int8 | llama.cpp Q8_0 | ratio |\n|---|---|---|---|")
    for name, words in {
        "prefill_1": "prefill 512 tokens, tok/s", "prefill_4": "prefill 4 x 512 tokens, tok/s",
        "decode_1": "decode, 1 text, tok/s", "decode_8": "decode, 8 texts, tok/s",
        "decode_32": "decode, 32 texts, tok/s",
    }.items():
        print(f"| {words} | {mine[name]:,.0f} | {llama[name]:,.0f} | {mine[name] / llama[name]:.2f} |")
    if options.kernels:
        return
    whole = mine["whole"]
    peers = {
        "llama.cpp server, prompt cache, 32 slots, 32 tokens of JSON": best(decisions)["pages_per_second"],
        "llama.cpp server, prompt cache, 32 slots, 60 tokens of JSON": best(long)["pages_per_second"],
        "loop over candle-transformers, f32, 32 tokens of JSON": best(loop)["pages_per_second"],
    }
    print("\n| who decides on slates of ten | slates/s | habitue over it |\n|---|---|---|")
    print(f"| habitue int8 | {whole:.2f} | |")
    for words, rate in peers.items():
        print(f"| {words} | {rate:.3f} | {whole / rate:.1f} |")
    print("\n| habitue with one thing switched off | slates/s | factor |\n|---|---|---|")
    for run in report["decisions"]:
        name = run["variation"]
        if name != "whole":
            print(f"| {name} | {mine[name]:.2f} | {whole / mine[name]:.2f} |")
    for run in report["overhead"]:
        print(f"\noverhead, {run['picks']} picks, {run['at_once']} at once: {run['microseconds']:.1f} us a decision")
    print(f"\ncloseness of int8 to f32: {json.dumps(report['closeness'])}")


if __name__ == "__main__":
    main()
