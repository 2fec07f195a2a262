"""Values: one checked value for each parameter of an experiment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from helpers.experiments.parameter import Parameter, ParameterError, unknown


class Values(Mapping[str, Any]):
    """A value for each parameter, in declared order: `p.visibility_timeout_s`, `p["visibility_timeout_s"]`,
    `{**p}`.

    It never changes, and equal values have equal hashes.
    """

    __slots__ = ("_values",)
    _values: dict[str, Any]

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_values", dict(values))

    @classmethod
    def of(cls, owner: str, parameters: Iterable[Parameter], given: Mapping[str, Any]) -> Values:
        """Checked values: those `given`, and the defaults of the other `parameters`.

        `owner` is named in the errors. Raises ParameterError for a name that is no parameter, with the names
        that come close, and for a value that is not possible.
        """
        by_name = {parameter.name: parameter for parameter in parameters}
        for name in given:
            if name not in by_name:
                raise ParameterError(unknown(f"{owner} has no parameter", name, by_name))
        return cls({name: one.check(given.get(name, one.default)) for name, one in by_name.items()})

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(unknown("There is no value", name, self._values)) from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"Values do not change: make another run to set {name}.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return self._values == (other._values if isinstance(other, Values) else other)

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __repr__(self) -> str:
        return f"Values({', '.join(f'{name}={value!r}' for name, value in self._values.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Values, (dict(self._values),)
