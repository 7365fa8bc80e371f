# SPDX-License-Identifier: Apache-2.0
"""The manual says what the database and the program have."""
import re

from harness import product

MANUAL = product.ROOT / "fcgi/man"


def test_moves_of_a_refund(database):
    text = (MANUAL / "violet-bigcommerce-sql.7").read_text()
    told = re.findall(r"(?m)^\.It (\w+) Ta (\w+) Ta (.*)$", text)
    moves = database.rows("select from_state::text, to_state::text, meaning from violet.refund_move")
    assert sorted(told) == sorted(moves)
    states = set(re.findall(r"(?m)^\.It Sy (\w+)$", text.split("STATES OF A REFUND")[1]))
    assert states == {row[0] for row in database.rows("select unnest(enum_range(null::violet.refund_state))::text")}


def test_reports(database):
    told = re.findall(r"(?m)^\.It Sy report\.(\w+)$", (MANUAL / "violet-bigcommerce-sql.7").read_text())
    views = [row[0] for row in database.rows(
        "select relname from pg_class where relnamespace = 'report'::regnamespace and relkind = 'v'")]
    assert sorted(told) == sorted(views)
    listed = product.run_command(["report"], product.clean_environment()).stdout
    assert sorted([line.split()[0] for line in listed.splitlines()] + ["currencies"]) == sorted(views)


def test_roles(database):
    told = re.findall(r"(?m)^\.It Sy (violet_\w+)$", (MANUAL / "violet-bigcommerce-sql.7").read_text())
    assert sorted(told) == sorted(row[0] for row in database.rows("select rolname from pg_roles where rolname like 'violet\\_%%'"))


def test_commands():
    text = (MANUAL / "violet-bigcommerce.8").read_text()
    listed = product.run_command(["help"], product.clean_environment()).stdout
    for line in listed.splitlines():
        if line.startswith("  "):
            words = " ".join(word for word in line[2:36].split() if word.islower())
            assert re.search(rf"(?m)^\.It Cm (version , )?{words}\b", text), words
            said = product.run_command([*words.split(), "--help"], product.clean_environment()).stdout
            for option in re.findall(r"(?m)^  --([a-z-]+)", said):
                assert f"Fl -{option} " in text.replace("\n", " "), f"{words} --{option}"
    # mdoc's Op reaches to the end of its line: a second one would stand inside the first, as if it needed it
    assert not re.search(r"(?m)^\.It.* Op .* Op ", text)


def test_currencies_are_those_of_the_program(database):
    source = (product.ROOT / "fcgi/base/money.c").read_text()
    known = {code: int(digits) for codes, digits in re.findall(r'\{ "([A-Z ]+)", (\d) \}', source) for code in codes.split()}
    assert known == dict(database.rows("select currency, digits from report.currencies"))
