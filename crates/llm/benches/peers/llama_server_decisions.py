"""Decisions per second of llama.cpp's server: users who each pick from ten items, five pages long.

    python llama_server_decisions.py LLAMA_SERVER MODEL.gguf [--users 64] [--slots 32] [--generated 32] [--threads 2]

A prompt is 300 tokens that all users share, 150 of the user's own, and 250 for every page shown so far. The server
keeps each user in one slot with its prompt cache on, so that a page pays for its new tokens only, and generates the ten
picks as text: 32 tokens are a bare JSON list of ten words. Prints one JSON object.
"""

import argparse
import concurrent.futures
import http.client
import json
import subprocess
import time

PORT = 18_080


def text(length, seed, vocabulary):
    return [(k * 7919 + seed * 104_729) % vocabulary for k in range(length)]


def ask(connection, body):
    connection.request("POST", "/completion", json.dumps(body), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    answer = json.loads(reply.read())
    if reply.status != 200:
        raise SystemExit(f"the server answered {reply.status}: {answer}")
    return answer


def wait_for(server):
    for _ in range(600):
        if server.poll() is not None:
            raise SystemExit(f"the server stopped with code {server.returncode}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server did not start within a minute")


def play(slot, users, vocabulary, generated):
    """The users of one slot, one after the other: pages, tokens computed, tokens known."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=600)
    pages = computed = known = 0
    for user in users:
        prompt = text(300, 1, vocabulary) + text(150, 100 + user, vocabulary)
        for turn in range(5):
            prompt = prompt + text(250, 10_000 + user * 5 + turn, vocabulary)
            body = {
                "prompt": prompt, "n_predict": generated, "id_slot": slot, "cache_prompt": True,
                "temperature": 0, "ignore_eos": True,
            }
            answer = ask(connection, body)
            if answer["tokens_predicted"] != generated:
                raise SystemExit(f"{answer['tokens_predicted']} tokens were generated, not {generated}")
            pages += 1
            computed += answer["timings"]["prompt_n"]
            known += answer["timings"]["cache_n"]
    return pages, computed, known


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("model")
    parser.add_argument("--users", type=int, default=64)
    parser.add_argument("--slots", type=int, default=32)
    parser.add_argument("--generated", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--vocabulary", type=int, default=49_000)
    options = parser.parse_args()
    command = [
        options.server, "--model", options.model, "--port", str(PORT), "--parallel", str(options.slots),
        "--ctx-size", str(options.slots * 2048), "--threads", str(options.threads), "--batch-size", "2048",
        "--ubatch-size", "512", "--no-warmup",
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(server)
        with concurrent.futures.ThreadPoolExecutor(options.slots) as pool:
            start = time.perf_counter()
            shares = [range(slot, options.users, options.slots) for slot in range(options.slots)]
            jobs = [pool.submit(play, slot, share, options.vocabulary, options.generated)
                    for slot, share in enumerate(shares)]
            parts = [job.result() for job in jobs]
            seconds = time.perf_counter() - start
    finally:
        server.terminate()
        server.wait()
    pages, computed, known = (sum(part[at] for part in parts) for at in range(3))
    figures = {
        "pages_per_second": pages / seconds, "picks_per_second": 10 * pages / seconds,
        "new_tokens_per_page": computed / pages, "cached_tokens_per_page": known / pages,
        "generated_tokens_per_page": options.generated,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
