"""Feedback pages in one zip, named so that a learning platform gives each to its student.

Moodle, "Upload multiple feedback files in a zip" (mod/assign/feedback/file/importziplib.php): a part of the path reads
`name_number_assignsubmission_file_`, the rest becomes the feedback's own name.
Canvas, "Upload Submissions" (`infer_comment_context_from_filename` in the assignment's model): the first two numbers
between underscores are the user and an attachment that they handed in; Canvas shows the file under the attachment's own
name and opens it by its type.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from helpers.grading.gradebook.people import CANVAS_PART, MOODLE_PART

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip has no earlier instant; the pages have none of their own


def feedback_zip(pages: Mapping[str, str]) -> bytes:
    """A zip with a page for each submission, under the submission's original name with `.html` behind it.

    `pages` holds the HTML by `Record.file`. Folders around what the platform named fall away. A file that no platform
    named keeps its whole path. The same pages give the same bytes.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        taken: set[str] = set()
        for file in sorted(pages):
            name = page_name(file)
            name = f"{file}.html" if name in taken else name
            taken.add(name)
            entry = zipfile.ZipInfo(name.encode(errors="replace").decode(), _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # the same on every machine
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, pages[file].encode(errors="replace"))
    return buffer.getvalue()


def page_name(file: str) -> str:
    """The name that the feedback on `file` has in the zip."""
    parts = [part for part in file.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    for place, part in enumerate(parts):
        if MOODLE_PART.fullmatch(part):
            return "/".join(parts[place:]) + ".html"
        if CANVAS_PART.fullmatch(part):
            return part + ".html"
    return "/".join(parts) + ".html"
