"""A pytest plugin that lets nbval compare pictures too; load it with `-p tests.notebooks.strict_pictures`.

nbval 0.11 leaves image/png and image/jpeg out of its strict comparison, so a notebook whose picture had been
replaced by another would pass. Our pictures are the same bytes on every run, so they can be compared.
"""

from typing import Any

from nbval.plugin import IPyNbFile

_original = IPyNbFile.__init__


def _with_pictures(self: Any, *args: Any, **kwargs: Any) -> None:
    _original(self, *args, **kwargs)
    self.skip_compare = tuple(key for key in self.skip_compare if key not in ("image/png", "image/jpeg"))


IPyNbFile.__init__ = _with_pictures
