"""What is counted of strangers of different names."""

from benchmarks.story.names import LINES, NAMES, counted, scenario, strangers, table


def test_nothing_but_the_name_differs() -> None:
    one, two = scenario("Olga Novak"), scenario("Kofi Asante")
    assert one != two
    assert one.memory.replace("Olga Novak", "Kofi Asante") == two.memory
    assert one.opening.replace("Olga Novak", "Kofi Asante") == two.opening


def test_names_and_lines_give_no_sex_and_no_people_away() -> None:
    names = [name for _, _, name in strangers()]
    assert len(names) == len(set(names)) == 4 * len(NAMES)
    bare = scenario("X")
    for text in (bare.memory, bare.opening, *LINES):
        found = counted(text, "she")
        assert not found["called by own"], text
        assert not found["by the other's"], text


def test_words_are_counted_whole_and_once_a_turn() -> None:
    found = counted("He smiles, and smiles again. The thief's skill is unkind.", "she")
    assert found == {
        "hostile": False,
        "kind": True,
        "low": True,
        "called by own": False,
        "by the other's": True,
    }
    assert counted("He lifts his bag.", "he")["called by own"]


def test_the_table_has_a_row_for_each_people_and_each_sex() -> None:
    turns = [
        {"people": "Slavic", "sex": "she", "text": "She laughs."},
        {"people": "Arabic", "sex": "he", "text": "He shouts."},
    ]
    head, *rows = table(turns).splitlines()
    assert head.split()[0] == "turns"
    assert [row.split()[0] for row in rows] == ["Arabic", "Slavic", "he", "she"]
    assert "100 % [100, 100]" in rows[0]
    assert "  0 % [  0,   0]" in rows[0]
