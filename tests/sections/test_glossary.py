"""The glossary: every abbreviation has an entry, every entry is used where it is taught, and nothing in it is stale."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml

from helpers.sections import data, glossary
from helpers.sections.data import FOLDER, SectionError, section_ids
from helpers.sections.facts import load_facts
from helpers.sections.glossary import START, Term, load_glossary
from helpers.sections.syllabus import load_syllabus

ROOT = FOLDER.parents[1]
SCHEMA = json.loads((FOLDER / "schema" / "glossary.schema.json").read_text(encoding="utf-8"))
BUILT = [section.id for section in load_syllabus() if section.built]
TERMS = load_glossary()
FEWEST = 20
"""The terms that a section that is built teaches at least."""

ABBREVIATION = re.compile(r"\b[A-Z][A-Z0-9]+s?\b")
NOT_PROSE = re.compile(r"```.*?```|`[^`]*`|https?://\S+|\]\([^)]*\)", re.DOTALL)
ANY_DEVELOPER_KNOWS = {
    "CPU", "CSS", "CSV", "FAQ", "GB", "GZIP", "HTML", "HTTP", "HTTPS", "ID", "IP", "JSON", "KB", "MB", "OK", "OS",
    "PDF", "POST", "README", "SQL", "URL", "US", "USD", "UTC", "XML", "ZIP",
}  # fmt: skip
NO_ABBREVIATIONS = {
    "AND", "OR", "NOT", "ALARM",  # of alarms
    "DEBUG", "INFO", "WARNING", "ERROR",  # levels of a log
    "NET",  # .NET
    "COPY",  # the command of Redshift
    "AWSX",  # in the name of a policy that older notes give
}  # fmt: skip

OLD_NAMES = ("Kinesis Data Firehose", "Kinesis Firehose", "Kinesis Data Analytics", "Elasticsearch")


def cells(path: Path, kinds: tuple[str, ...]) -> str:
    if not path.is_file():
        return ""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return "\n\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] in kinds)


@cache
def text(section: str) -> str:
    """What a learner reads of a section: the cells of notebook and lab, facts, questions and misconceptions.

    The course's own words stand in all of them, and in the pages beside the notebooks.
    """
    if section in BUILT:
        sources = (ROOT / "notebooks" / f"{section}.ipynb", ROOT / "labs" / section / "source.ipynb")
        parts = [cells(path, ("markdown", "code")) for path in sources]
        parts += [path.read_text(encoding="utf-8") for path in sorted(data.folder(section).glob("*.yaml"))]
    else:
        pages = (ROOT / "labs" / "README.md", ROOT / "notebooks" / "differences.md")
        parts = [text(one) for one in BUILT] + [path.read_text(encoding="utf-8") for path in pages]
        parts.append(cells(ROOT / "notebooks" / f"{START}.ipynb", ("markdown", "code")))
    return "\n".join(parts)


def words(prose: str) -> str:
    """The words of a text without case, signs and endings of the plural, each between two spaces."""
    stems = (word.removesuffix("s").removesuffix("e") for word in re.findall(r"\w+", prose.casefold()))
    return f" {' '.join(stems)} "


@cache
def words_of(section: str) -> str:
    return words(text(section))


def used(name: str, section: str) -> bool:
    """Whether a name stands in the text of a section."""
    return words(name) in words_of(section if section in BUILT else START)


def abbreviations() -> Iterator[tuple[str, str]]:
    """The abbreviations in the prose of notebooks and labs, each with the place where it stands."""
    for path in sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("labs/*/source.ipynb")]):
        prose = NOT_PROSE.sub("", cells(path, ("markdown",)))
        for word in ABBREVIATION.findall(prose):
            yield word.removesuffix("s"), str(path.relative_to(ROOT))


# ---- the content


def test_every_abbreviation_has_an_entry() -> None:
    known = {name for term in TERMS for name in term.names} | ANY_DEVELOPER_KNOWS | NO_ABBREVIATIONS
    missing = sorted({f"{word} in {where}" for word, where in abbreviations() if word not in known})
    assert not missing, "\n".join(["No entry in the glossary:", *missing])


def test_no_word_is_excused_that_nobody_uses() -> None:
    found = {word for word, _ in abbreviations()}
    assert NO_ABBREVIATIONS - found == set()


def test_an_abbreviation_says_what_it_stands_for() -> None:
    silent = [term.term for term in TERMS if ABBREVIATION.fullmatch(term.term) and not term.stands_for]
    assert silent == []


def test_no_name_needs_a_word_in_brackets() -> None:
    """The site looks for a name as it stands, to link to where it is taught."""
    assert [name for term in TERMS for name in term.names if re.search(r"[()]", name)] == []


def test_every_term_is_used_in_the_section_that_teaches_it() -> None:
    unused = [
        f"{term.term} in {term.section}"
        for term in TERMS
        if not any(used(name, term.section) for name in term.names)
    ]
    assert not unused, "\n".join(["In the glossary, and not in the text:", *unused])


def test_each_section_that_is_built_teaches_enough() -> None:
    taught = Counter(term.section for term in TERMS)
    assert {section: taught[section] for section in (START, *BUILT) if taught[section] < FEWEST} == {}


def test_terms_are_in_alphabetical_order_and_each_name_is_there_once() -> None:
    assert [term.term for term in TERMS] == sorted((term.term for term in TERMS), key=str.casefold)
    names = Counter(name.casefold() for term in TERMS for name in term.names)
    assert [name for name, times in names.items() if times > 1] == []


def test_a_meaning_is_one_or_two_short_sentences() -> None:
    assert [term.term for term in TERMS if not 15 <= len(term.meaning) <= 300] == []
    assert [term.term for term in TERMS if not term.meaning.endswith(".")] == []
    assert [term.term for term in TERMS if len(re.findall(r"[.!?](?= [A-Z])", term.meaning)) > 1] == []
    assert [
        term.term for term in TERMS if ABBREVIATION.fullmatch(term.term) and term.stands_for in term.meaning
    ] == []


def test_numbers_are_those_of_the_facts() -> None:
    """A number that changes at AWS is changed in the facts; one that stands only here would grow stale."""
    facts = " ".join(fact.statement for section in section_ids() for fact in load_facts(section))
    start = text(START)
    numbers = {
        f"{number} in {term.term}"
        for term in TERMS
        for number in re.findall(r"\d[\d,]*\d|\d", re.sub(r"\b[A-Za-z]\w*\d\w*\b", "", term.meaning))
        if not re.search(rf"(?<![\d,]){number}(?![\d,]*\d)", start if term.section == START else facts)
    }
    assert numbers == set()


def test_nothing_is_said_that_older_notes_say() -> None:
    meanings = {term.term: term.meaning for term in TERMS}
    older = {
        fact.older.claim.rstrip(".")
        for section in section_ids()
        for fact in load_facts(section)
        if fact.older
    }
    assert len(older) > 50
    assert {
        name for name, meaning in meanings.items() if any(claim in meaning for claim in (*older, *OLD_NAMES))
    } == set()


# ---- the file


def test_the_file_follows_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    entries = yaml.safe_load((FOLDER / "glossary.yaml").read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(entries)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"meaning": "No full stop at the end"},
        {"meaning": "Too short."},
        {"meaning": "x" * 299 + ".."},
        {"stands_for": ""},
        {"also": []},
        {"also": "queue"},
        {"term": "DLQ "},
        {"section": "18_sqs"},
    ],
    ids=str,
)
def test_the_schema_refuses_what_is_wrong(change: dict[str, object]) -> None:
    check = jsonschema.Draft202012Validator(SCHEMA)
    good = {"term": "DLQ", "meaning": "A queue for messages that failed."}
    assert check.is_valid({"18_sqs": [good]})
    assert not check.is_valid({"18_sqs": [{**good, **change}]})


# ---- the loader


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for another glossary.yaml."""
    load_syllabus()  # before the folder changes
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    load_glossary.cache_clear()
    yield tmp_path / "glossary.yaml"
    load_glossary.cache_clear()


def test_terms_come_sorted_whatever_the_case_with_all_their_fields(course: Path) -> None:
    course.write_text(
        "18_sqs:\n"
        "- {term: queue, meaning: A place where messages wait.}\n"
        "- {term: DLQ, stands_for: dead-letter queue, also: [dead letters], meaning: A queue for what failed.}\n"
        "01_iam:\n"
        "- {term: role, meaning: An identity to take on.}\n",
        encoding="utf-8",
    )
    assert load_glossary() == (
        Term("DLQ", "dead-letter queue", "A queue for what failed.", "18_sqs", ("dead letters",)),
        Term("queue", "", "A place where messages wait.", "18_sqs"),
        Term("role", "", "An identity to take on.", "01_iam"),
    )
    assert load_glossary()[0].names == ("DLQ", "dead letters")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("- term: x", "glossary.yaml is not a mapping of sections to terms."),
        ("18_sqss: []", "There is no section '18_sqss'; there is 18_sqs, 19_sns, 08_s3."),
        ("18_sqs: queue", "glossary.yaml, 18_sqs: this is not a list of entries with a term."),
        ("18_sqs: [{meaning: x}]", "glossary.yaml, 18_sqs: this is not a list of entries with a term."),
        (
            "18_sqs: [{term: x}]",
            "The term 'x' is not well-formed: it lacks 1 required positional argument: 'meaning'.",
        ),
        (
            "18_sqs: [{term: x, meaning: y, means: z}]",
            "The term 'x' is not well-formed: it got an unexpected keyword argument 'means'.",
        ),
        ("18_sqs: [{term: 5, meaning: y}]", "The term 5 holds 5, which is not text."),
        ("18_sqs: [{term: x, meaning: no}]", "The term 'x' holds False, which is not text."),
        ("18_sqs: [{term: x, meaning: y, also: z}]", "The term 'x' needs a list under `also`."),
        ("18_sqs: [{term: x, meaning: y, also: [1]}]", "The term 'x' holds 1, which is not text."),
        (
            "18_sqs: [{term: x, meaning: y}]\n19_sns: [{term: z, meaning: y, also: [X]}]",
            "The glossary has 'X' twice: under 'x' and under 'z'.",
        ),
        ("18_sqs: [", "{folder}/glossary.yaml, line 2: did not find expected node content."),
    ],
)
def test_what_is_wrong_is_one_sentence(course: Path, written: str, said: str) -> None:
    course.write_text(written + "\n", encoding="utf-8")
    with pytest.raises(SectionError) as error:
        load_glossary()
    assert str(error.value) == said.replace("{folder}", course.parent.name)


def test_the_course_own_words_have_no_section_of_the_syllabus() -> None:
    assert glossary.START in section_ids()
    assert glossary.START not in {section.id for section in load_syllabus()}
