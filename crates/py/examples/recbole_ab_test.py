"""A RecBole model in an A/B test: trained on the log of one run, it meets popularity in another.

python recbole_ab_test.py SCENARIO OUT [EPOCHS]
"""

import os
import sys
from pathlib import Path

import habitue
from habitue import datasets
from habitue.recbole import RecBolePolicy


class Bpr(RecBolePolicy):
    checkpoint = os.environ.get("BPR_CHECKPOINT", "")
    temperature = 0.5


def train(run, folder, epochs):
    """Trains BPR (Rendle and others, UAI 2009) on what users engaged with, and returns the checkpoint."""
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, get_trainer

    files = datasets.to_recbole(run, folder, arm=run.arms[0])
    settings = {
        "data_path": str(files.parent),
        "checkpoint_dir": str(folder / "saved"),
        "epochs": epochs,
        "embedding_size": 16,
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "eval_args": {"split": {"RS": [8, 1, 1]}, "order": "TO", "group_by": "user", "mode": "full"},
        "use_gpu": False,
        "state": "ERROR",
    }
    config = Config(model="BPR", dataset=files.name, config_dict=settings)
    training, validation, _ = data_preparation(config, create_dataset(config))
    model = get_model(config["model"])(config, training.dataset)
    trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
    trainer.fit(training, validation, show_progress=False)
    return Path(trainer.saved_model_file).absolute()


if __name__ == "__main__":
    scenario, out, epochs = sys.argv[1], Path(sys.argv[2]).absolute(), int((sys.argv[3:] or ["20"])[0])
    # RecBole reads options from the command line.
    sys.argv = sys.argv[:1]
    logged = habitue.run(scenario, out=out, policies={0: {"kind": "random"}})
    os.environ["BPR_CHECKPOINT"] = str(train(logged, out / "recbole", epochs))
    tested = habitue.run(scenario, out=out, policies={0: {"kind": "popularity"}, 1: Bpr}, name="recbole-ab")
    print(habitue.compare(tested).markdown())
