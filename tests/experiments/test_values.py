"""Values: read by attribute and by key, never changed, equal and hashed by content."""

from __future__ import annotations

import pickle

import pytest
from bell import Bell

from helpers.experiments import ParameterError, Values


def test_values_are_read_by_attribute_and_by_key(bell: Bell) -> None:
    p = bell.values(rings=3)
    assert (p.rings, p["rings"], {**p}) == (
        3,
        3,
        {"rings": 3, "gap_s": 1.0, "echo": False, "metal": "bronze"},
    )
    assert list(p) == [parameter.name for parameter in bell.parameters]


def test_values_do_not_change(bell: Bell) -> None:
    p = bell.values()
    with pytest.raises(AttributeError, match="make another run to set rings"):
        p.rings = 3
    assert p.rings == 10


def test_values_are_equal_by_content(bell: Bell) -> None:
    assert bell.values(rings=3) == bell.values(rings=3) != bell.values(rings=4)
    assert len({bell.values(rings=3), bell.values(rings=3), bell.values()}) == 2
    assert pickle.loads(pickle.dumps(bell.values(rings=3))) == bell.values(rings=3)


def test_unknown_parameter_gives_close_matches(bell: Bell) -> None:
    with pytest.raises(ParameterError) as caught:
        bell.values(ring=3)
    assert str(caught.value) == "99_bells.bell has no parameter 'ring'; did you mean rings?"


def test_unknown_attribute_gives_close_matches(bell: Bell) -> None:
    with pytest.raises(AttributeError, match="There is no value 'gaps'; did you mean gap_s"):
        _ = bell.values().gaps


def test_one_value_is_checked_like_the_others() -> None:
    assert Values.of("x", (), {}) == {}
    with pytest.raises(ParameterError, match="x has no parameter 'y'; there are none"):
        Values.of("x", (), {"y": 1})
