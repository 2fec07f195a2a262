"""Every platform's names say who and when."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.intake.naming import Identity, copy_of, identify, is_form, stem

OCTOBER_3 = 1759491000.0  # 2025-10-03 11:30:00

NAMES = {
    "Jane Doe_12345_assignsubmission_file_/lab.ipynb": Identity("Jane Doe", "12345", platform="moodle"),
    "Jane Doe_12345_assignsubmission_file_/sub/lab (2).ipynb": Identity(
        "Jane Doe", "12345", 2, platform="moodle"
    ),
    "Jane Doe_12345_assignsubmission_file_lab.ipynb": Identity("Jane Doe", "12345", platform="moodle"),
    "Jane Doe_12345_assignsubmission_file_lab (1).ipynb": Identity("Jane Doe", "12345", 1, platform="moodle"),
    "Participant_77_assignsubmission_file_/lab.ipynb": Identity("Participant 77", "77", platform="moodle"),
    "Default group_assignsubmission_file_/lab.ipynb": Identity("Default group", platform="moodle"),
    "all.zip/Jürgen Groß_9_assignsubmission_file_/lab.ipynb": Identity("Jürgen Groß", "9", platform="moodle"),
    "doejane_123_456_lab1.ipynb": Identity("doejane", "123", platform="canvas"),
    "doejane_123_456_lab1-2.ipynb": Identity("doejane", "123", 2, platform="canvas"),
    "doejane_LATE_123_456_lab1-2.ipynb": Identity("doejane", "123", 2, late=True, platform="canvas"),
    "mu\u0308llerju\u0308rgen_5_6_x.ipynb": Identity("müllerjürgen", "5", platform="canvas"),
    "विशाल_5_6_x.ipynb": Identity("विशाल", "5", platform="canvas"),
    "doejane_123_456_my_lab_7_8_x.ipynb": Identity("doejane", "123", platform="canvas"),
    "doejane_123_456_work.zip/lab.ipynb": Identity("doejane", "123", platform="canvas"),
    "anon_Ab1Cd_456_lab.ipynb": Identity("anon_Ab1Cd", "Ab1Cd", platform="canvas"),
    "LATE_anon_Ab1Cd_456_lab.ipynb": Identity("anon_Ab1Cd", "Ab1Cd", late=True, platform="canvas"),
    "Lab 1_jdoe_attempt_2025-10-03-11-30-00_lab.ipynb": Identity(
        "jdoe", "jdoe", platform="blackboard", when=OCTOBER_3
    ),
    "Lab_1_jdoe_poging_2025-10-03-11-30-00_my_lab.ipynb": Identity(
        "jdoe", "jdoe", platform="blackboard", when=OCTOBER_3
    ),
    "Lab 1_jdoe_attempt_2025-99-03-11-30-00_lab.ipynb": Identity("jdoe", "jdoe", platform="blackboard"),
    "39786-640693 - Jane Doe-Roe - Oct 3, 2025 1130 AM/lab.ipynb": Identity(
        "Jane Doe-Roe", "39786", platform="brightspace", when=OCTOBER_3
    ),
    "39786-640693 - Jane Doe - Oct 3, 2025 930 PM/lab.ipynb": Identity(
        "Jane Doe", "39786", platform="brightspace", when=OCTOBER_3 + 10 * 3600
    ),
    "submitted/jdoe/lab1/lab1.ipynb": Identity("jdoe", platform="nbgrader"),
    "course/submitted/jdoe/18_sqs/lab (1).ipynb": Identity("jdoe", attempt=1, platform="nbgrader"),
    "Jane Doe.ipynb": Identity("Jane Doe"),
    "1234567/lab.ipynb": Identity("1234567", others=("lab",)),
    "class/1234567/18_sqs/lab.ipynb": Identity("1234567", others=("class", "lab")),
    "lab (1).ipynb": Identity("lab", attempt=1, others=("lab (1)",)),
    "lab - Copy.ipynb": Identity("lab", attempt=1, others=("lab - Copy",)),
    "lab - Copy (3).ipynb": Identity("lab", attempt=3, others=("lab - Copy (3)",)),
    "lab copy 2.ipynb": Identity("lab", attempt=2, others=("lab copy 2",)),
    "lab-Copy1.ipynb": Identity("lab", attempt=1, others=("lab-Copy1",)),
    "Copy of lab.ipynb": Identity("lab", attempt=1, others=("Copy of lab",)),
    "photocopy.ipynb": Identity("photocopy"),
    "Jane.ipynb.json": Identity("Jane"),
}


@pytest.mark.parametrize("path", NAMES)
def test_a_name_says_whose_file_it_is(path: str) -> None:
    assert identify(path) == NAMES[path]


def test_what_is_inside_a_students_archive_does_not_say_whose_it_is() -> None:
    spoofed = "Eve_1_assignsubmission_file_/x.zip/Jane Doe_2_assignsubmission_file_/lab.ipynb"
    assert identify(spoofed) == Identity("Eve", "1", platform="moodle")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("Lab 1_jdoe_attempt_2025-10-03-11-30-00.txt", True),
        ("Lab 1_jdoe_attempt_2025-10-03-11-30-00_notes.txt", False),
        ("Jane_1_assignsubmission_onlinetext_/onlinetext.html", True),
        ("Jane_1_assignsubmission_onlinetext_.html", True),
        ("d2l/index.html", True),
        ("jane/lab.ipynb", False),
    ],
)
def test_a_platforms_own_pages_are_no_work(path: str, form: bool) -> None:
    assert is_form(path) is form


@given(st.text(min_size=1))
def test_any_path_has_an_owner(path: str) -> None:
    found = identify(path)
    assert found.student or not path.strip("/")


NAME = st.text(st.characters(categories=["L"]), min_size=1).map(lambda name: normalize("NFC", name))
NUMBER = st.integers(1, 10**9).map(str)
FILE = NAME.map(lambda name: f"{name}.ipynb")


@given(NAME, NAME, NUMBER, FILE, st.sampled_from(["", "/"]))
def test_moodles_names_round_trip(first: str, last: str, number: str, file: str, mark: str) -> None:
    path = f"{first} {last}_{number}_assignsubmission_file_{mark}{file}"
    found = identify(path)
    blind = f"{first} {last}".casefold() == "participant"
    assert (found.student, found.platform_id, blind) == (f"{first} {last}", number, False)


@given(
    NAME.map(lambda name: normalize("NFC", name.lower())),
    NUMBER,
    NUMBER,
    FILE,
    st.booleans(),
    st.integers(0, 99),
)
def test_canvass_names_round_trip(
    name: str, user: str, file_id: str, file: str, late: bool, attempt: int
) -> None:
    again = f"-{attempt}" if attempt else ""
    path = f"{name}_{'LATE_' if late else ''}{user}_{file_id}_{stem(file)}{again}.ipynb"
    if name != "anon":
        assert identify(path) == Identity(name, user, attempt, late, "canvas")


@given(
    NAME, st.integers(1, 999), st.sampled_from(["{} ({}).ipynb", "{}-Copy{}.ipynb", "{} - Copy ({}).ipynb"])
)
def test_copies_round_trip(name: str, number: int, form: str) -> None:
    assert copy_of(stem(form.format(name, number))) == (name, number)
