"""Environment steps a second of vectors, from Python: python crates/py/benches/steps.py [ENVIRONMENTS]"""

import pathlib
import sys
import time

import gymnasium
import habitue  # noqa: F401
import numpy as np

SCENARIO = pathlib.Path(__file__).resolve().parents[3] / "scenarios/short-video.toml"
STEPS, ROUNDS = 400, 3


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    arguments = {"scenario": str(SCENARIO), "overrides": {"slate.size": 10}, "copy": False, "info": False}
    envs = gymnasium.make_vec("habitue/Slate-v0", count, vectorization_mode="vector_entry_point", **arguments)
    envs.reset(seed=7)
    slate = np.flatnonzero(envs.unwrapped.action_masks()[0])[:10]
    slates = np.tile(slate, (count, 1)).astype(np.int64)
    best = 0.0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(STEPS):
            envs.step(slates)
        best = max(best, count * STEPS / (time.perf_counter() - start))
    print(f"{best:,.0f} steps/s")


if __name__ == "__main__":
    main()
