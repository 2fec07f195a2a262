from helpers import Cloud, doctor
from helpers.notebooks import ready
from helpers.notebooks.readiness import LEFT_OUT


def test_it_says_the_same_wherever_the_course_runs(monkeypatch, capsys):
    monkeypatch.setattr(
        doctor, "CHECKS", {"Python": lambda: "3.11 here, 3.13 there", "clock": lambda: "0.01 s"}
    )
    ready()
    assert capsys.readouterr().out == (
        "✔ Python\n✔ clock\nReady. Nothing you do here leaves this machine or costs money.\n"
    )


def test_what_fails_says_why(monkeypatch, capsys):
    def unfit():
        raise doctor.Unfit("pandas is missing: run `make install`.")

    monkeypatch.setattr(doctor, "CHECKS", {"Python": lambda: "fine", "packages": unfit})
    ready()
    assert capsys.readouterr().out == (
        "✔ Python\n✘ packages: pandas is missing: run `make install`.\n"
        "Not ready: 1 of 2 checks failed. Run `devlab doctor` for more.\n"
    )


def test_it_is_ready_here_also_while_a_cloud_is_open(capsys):
    with Cloud():
        ready()
    said = capsys.readouterr().out.splitlines()
    assert said[:-1] == [f"✔ {name}" for name in doctor.CHECKS if name not in LEFT_OUT]
    assert said[-1].startswith("Ready.")
