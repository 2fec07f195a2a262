"""The declared Experiment: panel, command line, sweeps and tests are made from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from helpers.experiments.claim import Claim
from helpers.experiments.parameter import Parameter, unknown
from helpers.experiments.scene import Scene
from helpers.experiments.values import Values

T = TypeVar("T")

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud


class Experiment(ABC):
    """Parameters in, a run in a Cloud of its own, a trail out; claims and a picture on top.

    A subclass declares `id` ("18_sqs.visibility": section, dot, name), `title`, `question`, `parameters`,
    `claims`, `scenes` and `differences` (one sentence for each point where model and AWS differ), and writes
    `run`, `measure` and `draw`. It holds no state.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    question: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    claims: ClassVar[tuple[Claim, ...]]
    scenes: ClassVar[tuple[Scene, ...]]
    differences: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def run(self, cloud: Cloud, p: Values) -> None:
        """Configure and act through real API calls and actors only, and run the Cloud. It must stop by
        itself.
        """

    @abstractmethod
    def measure(self, p: Values, trail: pd.DataFrame) -> Any:
        """What the trail shows, as a plain dataclass with a `summary` (see `Measurements`); a function of its
        arguments only.
        """

    @abstractmethod
    def draw(self, figure: Figure, p: Values, m: Any) -> str:
        """Draw on an empty figure of fixed size and return the picture in words: one to three sentences, the
        finding first.
        """

    @property
    def section(self) -> str:
        """The id of the section: "18_sqs"."""
        return self.id.partition(".")[0]

    def values(self, **given: Any) -> Values:
        """Checked values: those given, the defaults of the others. Raises ParameterError in one sentence."""
        return Values.of(self.id, self.parameters, given)

    def parameter(self, name: str) -> Parameter:
        """The parameter called `name`. Raises LookupError in one sentence."""
        return _named(self.id, "parameter", name, {one.name: one for one in self.parameters})

    def scene(self, id: str) -> Scene:  # noqa: A002 - a scene's name is its id
        """The scene called `id`. Raises LookupError in one sentence."""
        return _named(self.id, "scene", id, {one.id: one for one in self.scenes})

    def claim(self, id: str) -> Claim:  # noqa: A002 - a claim's name is its id
        """The claim called `id`. Raises LookupError in one sentence."""
        return _named(self.id, "claim", id, {one.id: one for one in self.claims})

    def __repr__(self) -> str:
        return f"<Experiment {self.id}>"


def _named(owner: str, kind: str, name: str, known: dict[str, T]) -> T:
    if name not in known:
        raise LookupError(unknown(f"{owner} has no {kind}", name, known))
    return known[name]
