"""Makes the environments known to Gymnasium."""

from gymnasium.envs.registration import register as _register
from gymnasium.envs.registration import registry


def register() -> None:
    """Register the environments of this package; those that are known already stay as they are."""
    for name, entry, vector in [
        ("habitue/Slate-v0", "habitue.envs:SlateEnv", "habitue.vector:SlateVectorEnv"),
        ("habitue/Retention-v0", "habitue.envs:RetentionEnv", "habitue.vector:RetentionVectorEnv"),
        ("habitue/Text-v0", "habitue.text:TextEnv", None),
    ]:
        if name not in registry:
            _register(id=name, entry_point=entry, vector_entry_point=vector)
