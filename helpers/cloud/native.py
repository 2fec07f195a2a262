"""Replace C functions of the `time` module in place.

`from time import sleep`, run before this package was imported, holds the C function object itself, so
rebinding `time.sleep` would miss it. Here the function object is redirected and keeps its identity, whoever
holds it. time-machine does the same in C for the wall clock; this module does it for what time-machine leaves
alone.

CPython keeps in each such object a pointer to a method table entry (`m_ml`) and the object passed as `self`
(`m_self`): https://docs.python.org/3/c-api/structures.html#c.PyMethodDef
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

if sys.implementation.name != "cpython":  # the layouts below are CPython's
    raise ImportError(
        "The course needs CPython 3.11 or newer: virtual time redirects functions of its time module."
    )


class _MethodDef(ctypes.Structure):
    _fields_ = [
        ("ml_name", ctypes.c_char_p),
        ("ml_meth", ctypes.c_void_p),
        ("ml_flags", ctypes.c_int),
        ("ml_doc", ctypes.c_char_p),
    ]


class _BuiltinFunction(ctypes.Structure):
    # A debug build has more fields in front, so the offset of ob_refcnt is taken from object itself.
    _fields_ = [
        ("head", ctypes.c_char * object.__basicsize__),
        ("m_ml", ctypes.POINTER(_MethodDef)),
        ("m_self", ctypes.py_object),
    ]


_new_function = ctypes.pythonapi.PyCFunction_NewEx
_new_function.restype = ctypes.py_object
_new_function.argtypes = [ctypes.POINTER(_MethodDef), ctypes.py_object, ctypes.c_void_p]
_clock_callback = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p)
_keep_alive: list[Any] = []  # CPython holds bare pointers to these


class _OneArgument(dict[Any, Any]):
    """Turns the C method `dict.__getitem__` into a call of a Python function.

    Looking a key up in an empty dict subclass calls `__missing__(key)`. Unlike a ctypes callback this lets
    exceptions pass, and a greenlet may be switched inside it.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def __missing__(self, argument: Any) -> Any:
        return self.function(argument)


def original(function: Any) -> Callable[..., Any]:
    """A second function object that goes on doing what `function` does now, after `function` is redirected."""
    built_in = _BuiltinFunction.from_address(id(function))
    copy: Callable[..., Any] = _new_function(built_in.m_ml, built_in.m_self, None)
    return copy


def redirect_call(function: Any, replacement: Callable[[Any], Any]) -> None:
    """Make the C function `function` of one argument call `replacement`, for good; exceptions pass through."""
    built_in = _BuiltinFunction.from_address(id(function))
    bound: Any = _OneArgument(replacement).__getitem__
    source = _BuiltinFunction.from_address(id(bound)).m_ml.contents
    entry = _MethodDef(
        function.__name__.encode(), source.ml_meth, source.ml_flags, built_in.m_ml.contents.ml_doc
    )
    _keep_alive.extend([entry, bound])
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(bound.__self__))
    built_in.m_ml = ctypes.pointer(entry)
    built_in.m_self = bound.__self__


class Redirect:
    """A C function without arguments that can be pointed at a replacement and back again.

    `replacement` must not raise: it is called from C, where an exception would be lost.
    """

    def __init__(self, function: Any, replacement: Callable[[], Any]) -> None:
        self.original = original(function)
        self._function = _BuiltinFunction.from_address(id(function))
        callback = _clock_callback(lambda _self, _nothing: replacement())
        entry = self._function.m_ml.contents
        pointer = ctypes.cast(callback, ctypes.c_void_p).value
        self._replaced = ctypes.pointer(_MethodDef(entry.ml_name, pointer, entry.ml_flags, entry.ml_doc))
        self._unchanged = ctypes.pointer(entry)
        _keep_alive.extend([callback, self._replaced, self._unchanged])

    def on(self) -> None:
        """Calls go to the replacement."""
        self._function.m_ml = self._replaced

    def off(self) -> None:
        """Calls go to the C function again."""
        self._function.m_ml = self._unchanged
