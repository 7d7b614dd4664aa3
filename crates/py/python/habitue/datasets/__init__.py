"""Runs as the data sets that others train and evaluate on, and back.

==========================  ==============================================================================
:func:`to_minari`           Minari, for offline reinforcement learning: episodes with slates as actions
:func:`to_d3rlpy`           ``d3rlpy.dataset.MDPDataset``
:func:`trajectories`        the same as plain NumPy arrays
:func:`to_obp`              Open Bandit Pipeline's ``bandit_feedback``, an impression a round
:func:`to_obp_slates`       the same for its slate estimators
:func:`to_recbole`          RecBole's atomic files
:func:`to_hugging_face`     a folder that ``datasets.load_dataset`` reads
:func:`to_conversations`    dialogues, as TRL's ``SFTTrainer`` takes them
:func:`to_preferences`      preference pairs, as TRL's ``DPOTrainer`` takes them
:func:`from_minari`         a Minari data set back as trajectories
==========================  ==============================================================================

RecBole files and Open Bandit logs become catalogues and users of a run by ``habitue import``, or as they are by
``[catalogue] dataset = "recbole"``.

The package that reads a data set is needed only where its own objects are made: Minari and d3rlpy.
"""

from .bandits import to_obp, to_obp_slates
from .episodes import Trajectories, from_minari, to_d3rlpy, to_minari, trajectories
from .features import item_features, observation_names
from .recbole import to_recbole
from .tables import to_hugging_face
from .words import to_conversations, to_preferences

__all__ = [
    "Trajectories",
    "from_minari",
    "item_features",
    "observation_names",
    "to_conversations",
    "to_d3rlpy",
    "to_hugging_face",
    "to_minari",
    "to_obp",
    "to_obp_slates",
    "to_preferences",
    "to_recbole",
    "trajectories",
]
