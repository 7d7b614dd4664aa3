"""Offline reinforcement learning from the log of a run: TD3+BC (Fujimoto and Gu, 2021) by d3rlpy.

python offline_rl_d3rlpy.py SCENARIO OUT [STEPS]

An episode is a session, an action the mean of the features of a slate, the reward what the scenario gives for a turn and for
coming back. What it prints: how much the critic believes a session to be worth under the learnt policy, beside what sessions
were worth under the logging one. A critic may be too sure of itself; a simulator can tell (docs/python-data.md).
"""

import sys

import d3rlpy
import habitue
from habitue import datasets

if __name__ == "__main__":
    scenario, out, steps = sys.argv[1], sys.argv[2], int((sys.argv[3:] or ["2000"])[0])
    explore = {"kind": "popularity", "explore": {"kind": "plackett-luce", "temperature": 1.0}}
    run = habitue.run(scenario, out=out, policies={0: explore})
    arm = run.arms[0]
    dataset = datasets.to_d3rlpy(run, arm=arm, reward="total")
    sessions = datasets.trajectories(run, arm=arm, reward="total")
    agent = d3rlpy.algos.TD3PlusBCConfig(observation_scaler=d3rlpy.preprocessing.StandardObservationScaler()).create()
    agent.fit(
        dataset,
        n_steps=steps,
        n_steps_per_epoch=steps,
        evaluators={"value": d3rlpy.metrics.InitialStateValueEstimationEvaluator()},
        logger_adapter=d3rlpy.logging.NoopAdapterFactory(),
        show_progress=False,
    )
    first = sessions.observations[sessions.starts[:-1]]
    believed = agent.predict_value(first, agent.predict(first)).mean()
    print(
        f"{len(sessions)} sessions: logged reward {sessions.rewards.sum() / len(sessions):.2f}, believed {believed:.2f}"
    )
