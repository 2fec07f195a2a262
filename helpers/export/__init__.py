"""`devlab export`: the course as pages and PDFs that need no kernel and no network.

`export` writes a folder that opens from a file: a page for each notebook and lab, a glossary, a search, and a PDF of
each notebook where a Chromium is there to print it.
"""

from helpers.export.error import ExportError
from helpers.export.site import export

__all__ = ["ExportError", "export"]
