"""A stand-in for torch. obp imports torch for its neural policies; its estimators never use it."""

import importlib.machinery
import sys
import types


class _Attributes(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything


class _Anything(metaclass=_Attributes):
    """Good enough as a base class and in annotations, where obp names torch."""


class _Stub(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything


def install():
    """Puts the stand-in where torch is not installed."""
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        for name in ("torch", "torch.nn", "torch.nn.functional", "torch.optim"):
            module = _Stub(name)
            module.__spec__ = importlib.machinery.ModuleSpec(name, None)
            sys.modules[name] = module
        for name in ("nn", "optim"):
            setattr(sys.modules["torch"], name, sys.modules[f"torch.{name}"])
        sys.modules["torch.nn"].functional = sys.modules["torch.nn.functional"]
