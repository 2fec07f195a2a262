from __future__ import annotations

from helpers import Cloud
from helpers.cloud import Account
from helpers.sections.checks import Check, Result, failed, not_attempted, passed
from helpers.ui.check import LiveCheck


def look(account: Account) -> Result:
    users = account.ask("iam", "ListUsers", {})["Users"]
    if not users:
        return not_attempted("Nobody is there yet.")
    if users[0]["UserName"] != "ada":
        return failed(f"The first user is `{users[0]['UserName']}`, not ada.")
    return passed("ada is there.")


ADA = Check("99_test.ada", "The first user is called `ada`.", look)


def test_a_check_follows_the_account() -> None:
    with Cloud() as cloud:
        shown = LiveCheck(ADA, ADA.judge)
        assert "– not attempted</strong><br>Nobody is there yet." in shown.said.value
        cloud.client("iam").create_user(UserName="bob")
        assert "not attempted" in shown.said.value
        shown.again.click()
        assert "✘ not yet</strong><br>The first user is <code>bob</code>, not ada." in shown.said.value
        cloud.client("iam").delete_user(UserName="bob")
        cloud.client("iam").create_user(UserName="ada")
        shown.again.click()
        assert "✔ passed</strong><br>ada is there." in shown.said.value
        assert list(cloud.trail["operation"]) == ["CreateUser", "DeleteUser", "CreateUser"]


def test_the_output_shows_what_the_cell_found() -> None:
    with Cloud() as cloud:
        cloud.client("iam").create_user(UserName="bob")
        shown = LiveCheck(ADA, ADA.judge)
        still = shown.still()
        assert still.text == "✘ not yet: The first user is called ada. The first user is bob, not ada."
        cloud.client("iam").delete_user(UserName="bob")
        shown.again.click()
        assert shown.still() == still


def test_without_a_cloud_nothing_is_raised() -> None:
    assert "No Cloud is open" in LiveCheck(ADA, ADA.judge).said.value


def test_an_error_while_looking_shows_in_the_check() -> None:
    results = iter([passed()])
    shown = LiveCheck(ADA, lambda: next(results))
    shown.again.click()
    assert "StopIteration" in shown.error_text
    assert "✔ passed" in shown.said.value
