"""Marks and feedback, back to the learning platform that the submissions came from."""

from helpers.grading.gradebook.feedback import feedback_zip, page_name
from helpers.grading.gradebook.people import Who
from helpers.grading.gradebook.sheet import GradebookError, Sheet
from helpers.grading.gradebook.worksheet import Filled, fill, unmarked

__all__ = ["Filled", "GradebookError", "Sheet", "Who", "feedback_zip", "fill", "page_name", "unmarked"]
