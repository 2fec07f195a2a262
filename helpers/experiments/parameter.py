"""Parameters: the typed values that a learner can set, with default, bounds, unit, label and help."""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from helpers.cloud import OneSentence


class ParameterError(OneSentence, ValueError):
    """A parameter's name or value is not possible; the message is one sentence for the learner."""


@dataclass(frozen=True)
class Parameter:
    """What every parameter has.

    `name` ends in its unit where it has one (`visibility_timeout_s`); `default` is what a run has if nothing
    is said; `label` names it for people; `help` is one sentence; `unit` is written after a value; `source` is
    the address of the AWS page that gives bounds or default, or ""; `assumption` marks a teaching assumption,
    which no AWS page states.

    Raises ParameterError if the default is not a possible value.
    """

    name: str
    default: Any
    label: str
    help: str
    _: KW_ONLY
    unit: str = ""
    source: str = ""
    assumption: bool = False

    def __post_init__(self) -> None:
        self.check(self.default)

    def check(self, value: Any) -> Any:
        """`value` in the parameter's type. Raises ParameterError if it is not a possible value."""
        raise NotImplementedError

    def parse(self, text: str) -> Any:
        """The value that `text` spells, as in a run string. Raises ParameterError if it spells none."""
        return self.check(text)

    def format(self, value: Any) -> str:
        """`value` as a run string spells it: `parse` reads it back."""
        return str(value)

    def text(self, value: Any) -> str:
        """`value` for people, with its unit: "30 s"."""
        shown = self.format(value)
        return f"{shown} {self.unit}" if self.unit else shown

    def spread(self, count: int = 9) -> tuple[Any, ...]:
        """Up to `count` different values over the whole range, in order; for sweeps."""
        raise NotImplementedError

    @property
    def bounds(self) -> str:
        """The possible values in words: "between 0 s and 43200 s"."""
        raise NotImplementedError

    def _refused(self, value: Any) -> ParameterError:
        label = "" if self.label == self.name else f" ({self.label})"
        return ParameterError(f"{self.name}{label} must be {self.bounds}; got {self._said(value)}.")

    def _said(self, value: Any) -> str:
        return self.text(value) if isinstance(value, int | float) else repr(value)


@dataclass(frozen=True)
class Int(Parameter):
    """A whole number from `minimum` to `maximum`, both included; a slider moves by `step`."""

    _: KW_ONLY
    minimum: int
    maximum: int
    step: int = 1

    kind: ClassVar[str] = "a whole number"

    def check(self, value: Any) -> int:
        """`value` as an int. Raises ParameterError for a fraction, a text or a number out of bounds."""
        if isinstance(value, bool):
            raise self._refused(str(value))
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        try:
            whole = operator.index(value)
        except TypeError:
            raise self._refused(value) from None
        if not self.minimum <= whole <= self.maximum:
            raise self._refused(whole)
        return whole

    def parse(self, text: str) -> int:
        """The whole number that `text` spells, in decimal."""
        try:
            return self.check(int(text))
        except ParameterError:
            raise
        except ValueError:
            raise self._refused(text) from None

    def spread(self, count: int = 9) -> tuple[int, ...]:
        """Up to `count` whole numbers from `minimum` to `maximum`."""
        return tuple(dict.fromkeys(round(value) for value in _evenly(self.minimum, self.maximum, count)))

    @property
    def bounds(self) -> str:
        """In words: "a whole number between 1 and 10"."""
        return f"{self.kind} between {self.text(self.minimum)} and {self.text(self.maximum)}"


@dataclass(frozen=True)
class Float(Parameter):
    """A number from `minimum` to `maximum`, both included; a slider moves by `step`."""

    _: KW_ONLY
    minimum: float
    maximum: float
    step: float

    kind: ClassVar[str] = "a number"

    def check(self, value: Any) -> float:
        """`value` as a float, without the noise that a slider's sums leave behind (0.1 + 0.2 is 0.3).

        Raises ParameterError for a text, for infinity and NaN, and for a number out of bounds.
        """
        if isinstance(value, bool):
            raise self._refused(str(value))
        try:
            number = round(float(value), 9)
        except (TypeError, ValueError, OverflowError):
            raise self._refused(value) from None
        if isinstance(value, str) or not self.minimum <= number <= self.maximum:
            raise self._refused(value)
        return number + 0.0  # -0.0 becomes 0.0

    def parse(self, text: str) -> float:
        """The number that `text` spells, in decimal."""
        try:
            return self.check(float(text))
        except ParameterError:
            raise
        except ValueError:
            raise self._refused(text) from None

    def format(self, value: Any) -> str:
        """The shortest spelling that `parse` reads back to the same number: "10", "0.3"."""
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)

    def spread(self, count: int = 9) -> tuple[float, ...]:
        """Up to `count` numbers from `minimum` to `maximum`."""
        return tuple(dict.fromkeys(self.check(value) for value in _evenly(self.minimum, self.maximum, count)))

    @property
    def bounds(self) -> str:
        """In words: "a number between 0 and 1"."""
        return f"{self.kind} between {self.text(self.minimum)} and {self.text(self.maximum)}"


_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0")


@dataclass(frozen=True)
class Flag(Parameter):
    """Yes or no."""

    def check(self, value: Any) -> bool:
        """`value` as a bool. Raises ParameterError for anything but True, False, 1 and 0."""
        if value is True or value is False:
            return bool(value)
        if not isinstance(value, str) and value in (0, 1):
            return bool(value)
        raise self._refused(value)

    def parse(self, text: str) -> bool:
        """True for true, yes, on and 1; False for false, no, off and 0; in capitals or not."""
        if text.lower() in _YES:
            return True
        if text.lower() in _NO:
            return False
        raise self._refused(text)

    def format(self, value: Any) -> str:
        """As a run string spells it: "true" or "false"."""
        return str(value).lower()

    def text(self, value: Any) -> str:
        """For people: "yes" or "no"."""
        return "yes" if value else "no"

    def spread(self, count: int = 9) -> tuple[bool, ...]:
        """No and yes."""
        return (False, True)[:count]

    @property
    def bounds(self) -> str:
        """In words: "true or false"."""
        return "true or false"

    def _said(self, value: Any) -> str:
        return repr(value)


@dataclass(frozen=True)
class Choice(Parameter):
    """One of the texts in `choices`."""

    _: KW_ONLY
    choices: tuple[str, ...]

    def check(self, value: Any) -> str:
        """`value` if it is one of the choices. Raises ParameterError otherwise."""
        if isinstance(value, str) and value in self.choices:
            return value
        raise self._refused(value)

    def spread(self, count: int = 9) -> tuple[str, ...]:
        """The first `count` choices."""
        return self.choices[:count]

    @property
    def bounds(self) -> str:
        """In words: "one of fifo, standard"."""
        return f"one of {', '.join(self.choices)}"

    def _said(self, value: Any) -> str:
        return repr(value)


def unknown(what: str, given: str, known: Iterable[str]) -> str:
    """One sentence for a name that is not known: the close matches, or all names if none is close.

    `what` is the start of the sentence: "18_sqs.visibility has no parameter".
    """
    names = list(known)
    alike = {name: difflib.SequenceMatcher(None, given, name).ratio() for name in names}
    best = max(alike.values(), default=0.0)
    # Names of one section share their beginning: one that is far from the best is not what was meant.
    close = [
        name for name in sorted(names, key=lambda name: -alike[name]) if alike[name] >= max(0.6, best - 0.1)
    ][:3]
    if close:
        return f"{what} {given!r}; did you mean {' or '.join(close)}?"
    return f"{what} {given!r}; there {'is' if len(names) == 1 else 'are'} {', '.join(names) or 'none'}."


def _evenly(minimum: float, maximum: float, count: int) -> list[float]:
    if count < 2 or math.isclose(minimum, maximum):
        return [minimum]
    return [minimum + (maximum - minimum) * place / (count - 1) for place in range(count)]
