"""Pages a minute of a loop built as RecAgent's, over candle-transformers and over llama.cpp's server, and of `habitue run`,
on the same weights.

    python crates/llm/benches/peers/recagent_loop.py smol135 [--pages 16] [--habitue target/release/habitue]

Needs what compare.py needs. RecAgent (YuLan-Rec, agents/recagent.py and agents/recagent_memory.py) asks a model about a page
of five items in separate prompts: a digest of the profile for the observation, the action (profile, memories, page and
menu, answered in words), the same two again for the feeling about what was watched, and for each of two memories a
compression and an importance. The sizes below are those of its prompts with a profile of its published users. Its
requests do not share a prefix. Over candle-transformers one follows the other; to llama.cpp's server go those of eight users at
once, more than it was made for.
Both play slates of five items; the model's weights are random, so texts are cut at the length given here. Our prompts are
read with the built-in model's vocabulary, for a file of random weights has none of its own.
"""

import argparse
import concurrent.futures
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from compare import HERE, ROOT, WORK, answer, build, llama_server, run

# Tokens read and written by each call of one page.
CALLS = [
    ("digest for the page", 350, 80),
    ("action on the page", 900, 40),
    ("digest for the feeling", 350, 80),
    ("feeling", 700, 60),
    ("compression of the observation", 250, 50),
    ("importance of the observation", 200, 4),
    ("compression of the feeling", 250, 50),
    ("importance of the feeling", 200, 4),
]
USERS = 8

SCENARIO = """
name = "pages"
seed = 7
horizon = "1d"
window = "1d"

[catalogue]
file = "{root}/scenarios/catalogues/short-video.jsonl"

[[population]]
name = "users"
size = 48
personas = "{root}/personas/short-video.toml"
model = "llm"
llm = {{ model = "{model}", items = "videos", chat = false, template = "builtin:short", words = 16, cache = "3GiB", session_turns = 3, memory = {{ least_importance = 0.5 }} }}

[slate]
size = 5
actions = ["skip", "watch", "like"]
engaged = "watch"

[[arm]]
name = "random"
policy = {{ kind = "random" }}
"""


def ask(port, tokens, written, number):
    # Words differ from call to call: nothing is shared, as where every prompt begins with another digest.
    prompt = [100 + (number * 7919 + at * 104729) % 40000 for at in range(tokens)]
    body = {"prompt": prompt, "n_predict": written, "cache_prompt": False, "ignore_eos": True, "temperature": 0.8}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=600) as reply:
        json.load(reply)


def loop(server, model, pages):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [server, "-m", model, "--port", str(port), "-np", str(USERS), "-c", str(USERS * 1024), "--no-webui"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            try:
                ask(port, 8, 1, 0)
                break
            except OSError:
                time.sleep(0.2)
        page = lambda number: [ask(port, read, wrote, number * 100 + at) for at, (_, read, wrote) in enumerate(CALLS)]
        start = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(USERS) as pool:
            list(pool.map(page, range(1, pages + 1)))
        return 60 * pages / (time.perf_counter() - start)
    finally:
        process.kill()


def ours(habitue, model):
    with tempfile.TemporaryDirectory() as folder:
        scenario = pathlib.Path(folder) / "pages.toml"
        scenario.write_text(SCENARIO.format(root=pathlib.Path.cwd(), model=model))
        start = time.perf_counter()
        run(habitue, "run", scenario, "--out", folder, "--quiet")
        seconds = time.perf_counter() - start
        manifest = json.loads(next(pathlib.Path(folder).glob("pages-*/manifest.json")).read_text())
        account = manifest["details"]["models"]["users"]
        return 60 * account["decisions"] / seconds, account


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("shape", choices=["smol135", "qwen05"])
    parser.add_argument("--pages", type=int, default=16)
    parser.add_argument("--habitue", help="another build than the release build")
    arguments = parser.parse_args()
    _, release, naive, server = build(arguments.shape)
    habitue = arguments.habitue or release
    model = WORK / f"{arguments.shape}-words.gguf"
    if not model.exists():
        tokenizer = ROOT / "crates/llm/models/habitue-mini/tokenizer.json"
        run(sys.executable, HERE / "make_model.py", arguments.shape, model, tokenizer)
    calls = ",".join(f"{read}:{written}" for _, read, written in CALLS)
    stock = 60 * answer(naive, model, 1, calls)["pages_per_second"]
    peer = loop(server, model, arguments.pages)
    own, account = ours(habitue, model)
    tokens = {name: account[name] / account["decisions"] for name in ("new_tokens", "cached_tokens", "generated_tokens")}
    print(f"| loop as RecAgent's on candle-transformers | {stock:.1f} pages/min | {len(CALLS)} calls a page |")
    print(f"| loop as RecAgent's on llama.cpp's server, 8 users | {peer:.1f} pages/min | {len(CALLS)} calls a page |")
    print(f"| habitue run | {own:.1f} pages/min | {account['programs'] / account['decisions']:.2f} programs a page, "
          f"{tokens['new_tokens']:.0f} new, {tokens['cached_tokens']:.0f} known, {tokens['generated_tokens']:.1f} written |")
    print(f"| ratio | {own / stock:.1f} and {own / peer:.1f} | |")


if __name__ == "__main__":
    main()
