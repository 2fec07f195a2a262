"""Random draws that repeat: `random` and `numpy.random` are seeded per actor and put back for everybody else.

An actor draws from its own stream, made of the Cloud's seed and the actor's name. The streams of the modules
are exchanged at each switch, so whoever runs outside a run neither sees nor moves an actor's numbers. The
state of a generator is 2.5 kB; it is copied as memory because `getstate` and `setstate`, which build 625
integers, cost thirty times as much.
"""

from __future__ import annotations

import ctypes
import random
import sys
import zlib
from importlib import import_module
from typing import Any

_WORDS = 625  # 624 words of the Mersenne Twister and its position


def stream_seed(seed: int, name: str) -> int:
    """The seed of the stream `name` in a Cloud with `seed`: stable across processes and Python versions."""
    return (seed << 32) ^ zlib.crc32(name.encode())


class _PythonGenerator:
    """The hidden generator behind the functions of `random`."""

    def __init__(self) -> None:
        self._generator: Any = random._inst  # what random.random() draws from
        self._address = id(self._generator) + object.__basicsize__
        self._copies_memory = self._layout_is_known()

    def _layout_is_known(self) -> bool:
        import _random

        if _random.Random.__basicsize__ < object.__basicsize__ + 4 * _WORDS:
            return False
        words = (ctypes.c_uint32 * _WORDS).from_address(self._address)
        state = self._generator.getstate()[1]
        return bool(tuple(words[1:]) == state[:-1] and words[0] == state[-1])

    def save(self) -> Any:
        if self._copies_memory:
            return ctypes.string_at(self._address, 4 * _WORDS), self._generator.gauss_next
        return self._generator.getstate()

    def restore(self, state: Any) -> None:
        if self._copies_memory:
            ctypes.memmove(self._address, state[0], 4 * _WORDS)
            self._generator.gauss_next = state[1]
        else:
            self._generator.setstate(state)

    def seeded(self, seed: int) -> Any:
        before = self.save()
        self._generator.seed(seed)
        state = self.save()
        self.restore(before)
        return state


class _NumpyGenerator:
    """The legacy generator behind the functions of `numpy.random`, once numpy is imported.

    Its normal distribution makes two numbers and keeps one (`gauss`), which lies outside the memory that
    numpy documents
    (https://numpy.org/doc/stable/reference/random/bit_generators/generated/numpy.random.MT19937.ctypes.html).
    It is read only where a draw may have changed it and written only where it differs.
    """

    def __init__(self) -> None:
        self._address = 0
        self._gauss: tuple[int, float] = (0, 0.0)
        self._seeder: Any = None  # a generator of its own, made once: making one costs more than seeding it

    def _module(self) -> Any:
        if "numpy" not in sys.modules:
            return None
        # numpy loads it when it is first used, which may be in an actor
        module = import_module("numpy.random")
        if not self._address:
            self._address = int(module.mtrand._rand._bit_generator.ctypes.state_address)
            self._gauss = self._gauss_of(module)
        return module

    @staticmethod
    def _gauss_of(module: Any) -> tuple[int, float]:
        state = module.get_state(legacy=False)
        return state["has_gauss"], state["gauss"]

    def save(self, entered: Any = None) -> Any:
        module = self._module()
        if module is None:
            return None
        memory = ctypes.string_at(self._address, 4 * _WORDS)
        if entered is None or memory != entered[0] or self._gauss[0]:
            self._gauss = self._gauss_of(module)
        return memory, self._gauss

    def restore(self, state: Any) -> None:
        if state is None:
            return
        memory, gauss = state
        ctypes.memmove(self._address, memory, 4 * _WORDS)
        if gauss != self._gauss:
            module = self._module()
            whole = module.get_state(legacy=False)
            whole["has_gauss"], whole["gauss"] = self._gauss = gauss
            module.set_state(whole)

    def seeded(self, seed: int) -> Any:
        module = self._module()
        if module is None:
            return None
        if self._seeder is None:
            self._seeder = module.RandomState(0)
        self._seeder.seed(seed % 2**32)
        address = int(self._seeder._bit_generator.ctypes.state_address)
        return ctypes.string_at(address, 4 * _WORDS), (0, 0.0)


_python = _PythonGenerator()
_numpy = _NumpyGenerator()


class Stream:
    """The module-level generators as one actor, or the world outside, sees them."""

    def __init__(self, seed: int | None = None) -> None:
        """A stream seeded with `seed`, or the present state of the modules (None)."""
        self._seed = seed
        self._python: Any = _python.save() if seed is None else _python.seeded(seed)
        self._numpy: Any = _numpy.save() if seed is None else None

    def enter(self) -> None:
        """Put this stream into the modules."""
        _python.restore(self._python)
        if self._numpy is None and self._seed is not None:
            self._numpy = _numpy.seeded(self._seed)
        _numpy.restore(self._numpy)

    def leave(self) -> None:
        """Take the stream out of the modules again, moved on by what was drawn."""
        self._python = _python.save()
        self._numpy = _numpy.save(self._numpy)
