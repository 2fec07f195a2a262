"""Lines of commands: the shell's quoting, Python's values, and what is refused."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.cloud.command_line import Command, CommandLineError, commands

KEPT = "single quotes keep $ and braces as they are."
NO_JSON = "Object of type builtin_function_or_method is not JSON serializable"
NAMES = {"queue": "https://queue/1/q", "spaced": "two  words", "sent": {"a": [1, "ü"]}, "n": 3}


def words(text, names=NAMES):
    (command,) = commands(text, lambda expression: eval(expression, {}, names))
    return command.words


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r")), min_size=1))
def test_what_was_quoted_comes_back(parts):
    quoted = shlex.join(parts)
    assert words(quoted) == parts
    assert [command.words for command in commands(quoted)] == [parts]


@given(st.text(st.sampled_from(r"""ab '"\ """), min_size=1))
def test_quotes_and_backslashes_are_those_of_a_shell(text):
    try:
        expected = shlex.split(text)
    except ValueError:
        expected = None
    if expected is None:
        if not text.rstrip().endswith("\\"):  # shlex wants something behind it; here it is a backslash
            with pytest.raises(CommandLineError, match="is opened and not closed"):
                commands(text)
    else:
        assert [word for command in commands(text) for word in command.words] == expected


def test_commands_comments_and_continued_lines():
    text = "\n# first\naws sqs list-queues # all\n\nsqs \\\n  send-message '#1' a#b \\\n --x 'two\nlines'\r\n"
    assert commands(text) == [
        Command(3, ["aws", "sqs", "list-queues"]),
        Command(5, ["sqs", "send-message", "#1", "a#b", "--x", "two\nlines"]),
    ]
    assert commands(" \n # nothing") == []


def test_a_value_stays_in_one_word():
    assert words('a $queue ${queue} x$spaced-y "$spaced, $n" {spaced.upper()}') == [
        "a",
        "https://queue/1/q",
        "https://queue/1/q",
        "xtwo  words-y",
        "two  words, 3",
        "TWO  WORDS",
    ]
    assert words('{sent} $sent {sent["a"][1]} "{sent["a"]}"') == [
        '{"a": [1, "ü"]}',
        '{"a": [1, "ü"]}',
        "ü",
        '[1, "ü"]',
    ]


def test_single_quotes_and_backslashes_keep_the_text():
    assert words(r"""'$queue {n}' \$queue "\$n \{n}" $ 5$ $5 '"$n"' """) == [
        "$queue {n}",
        "$queue",
        "$n {n}",
        "$",
        "5$",
        "$5",
        '"$n"',
    ]


def test_json_and_queries_are_no_python():
    json_text = '{"DelaySeconds": "5", "a": {"b": [{}]}}'
    assert words(f"x '{json_text}'") == ["x", json_text]
    escaped = json_text.replace('"', '\\"')
    assert words(f'x "{escaped}"') == ["x", json_text]
    assert words(r'"{\"body\": \"$n\", \"n\": {n}}"') == ['{"body": "3", "n": 3}']
    assert words('"Messages[].{Id: MessageId}" Name=a,Values={b:1} {}') == [
        "Messages[].{Id: MessageId}",
        "Name=a,Values={b:1}",
        "{}",
    ]
    assert words('"{{n}} {{resolve:ssm:x}}" {{') == ["{{n}} {{resolve:ssm:x}}", "{{"]


def test_without_python_a_dollar_and_a_brace_are_text():
    assert commands("a $queue {n}") == [Command(1, ["a", "$queue", "{n}"])]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sqs 'a", "A single quote is opened and not closed."),
        ('a\nsqs "a', "Line 2: A double quote is opened and not closed."),
        ("a | b", "| needs a shell, and this is none: run one command a line, or put | in single quotes."),
        ("a > f", "> needs a shell, and this is none: run one command a line, or put > in single quotes."),
        ("a; b", "; needs a shell, and this is none: run one command a line, or put ; in single quotes."),
        ('"$(b)"', "$( needs a shell, and this is none: run one command a line, or put $( in single quotes."),
        (
            "a {nope}",
            f"No value for `nope` can be put here (NameError: name 'nope' is not defined); {KEPT}",
        ),
        (
            "a $f",
            f"No value for `f` can be put here (TypeError: {NO_JSON}); {KEPT}",
        ),
    ],
)
def test_what_is_refused_is_said_in_a_sentence(text, sentence):
    with pytest.raises(CommandLineError) as refused:
        commands(text, lambda expression: eval(expression, {}, {"f": print}))
    assert str(refused.value) == sentence
