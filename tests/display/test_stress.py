"""The stress editor: a click moves the stress and speaks, a save is read back by the frontend."""

import pytest

from speechlab.display.page import whole_page
from speechlab.display.stress import Sentence, StressEditor, show_stress
from speechlab.errors import SpeechlabError
from speechlab.text.frontend import load_lexicon
from speechlab.text.russian.frontend import RussianFrontend

TEXT = "Старый замок, 5 окон!"


@pytest.fixture
def spoken():
    """Texts that were spoken."""
    return []


@pytest.fixture
def editor(tone, spoken, tmp_path):
    def speak(text):
        spoken.append(text)
        if "сам" in text:
            raise SpeechlabError("this voice <cannot>")
        return tone(440, 0.2)

    return lambda text=TEXT: StressEditor(text, speak, tmp_path / "my" / "lexicon.txt")


def place_of(sentence, word):
    (place,) = [place for place, found in sentence.words.items() if found.text.lower() == word]
    return place


def test_a_sentence_is_its_pieces_and_says_what_the_frontend_says():
    sentence = Sentence.of(TEXT)
    assert "".join(sentence.pieces) == RussianFrontend()(TEXT).normalised == sentence.text
    assert [word.text for word in sentence.words.values()] == ["Старый", "замок", "пять", "окон"]


def test_moving_a_stress_moves_what_is_said():
    sentence = Sentence.of(TEXT)
    place = place_of(sentence, "замок")
    for vowel, marked in ((1, "за\u0301мок"), (3, "замо\u0301к")):
        sentence.move(place, vowel)
        assert marked in sentence.text and sentence.moved == [sentence.words[place]]
        assert sentence.words[place].confidence == 1
        assert RussianFrontend()(sentence.text).stresses[1] == sentence.words[place]
    with pytest.raises(SpeechlabError, match="not a vowel"):
        sentence.move(place, 0)


def test_marks_of_the_text_are_kept_and_inline_phonemes_left_alone():
    sentence = Sentence.of("з+амок [[z'amok]] дом")
    assert sentence.text == "за\u0301мок [[z|'a|m|o|k]] дом"
    assert [word.text for word in sentence.words.values()] == ["замок", "дом"]


def test_a_click_moves_the_stress_and_speaks(editor, spoken):
    one = editor()
    place = place_of(one.sentence, "замок")
    assert spoken == ["Старый замок, пять окон!"] and one.sound.autoplay
    before = one.notes[place].value
    vowel = 3 if one.sentence.words[place].position == 1 else 1
    one.buttons[place, vowel].click()
    assert spoken[-1] == one.sentence.text and one.sentence.words[place].position == vowel
    shown = {
        at: (button.description, button.button_style) for (owner, at), button in one.buttons.items() if owner == place
    }
    assert shown[vowel] == (one.sentence.words[place].text[vowel] + "\u0301", "info")
    assert [style for _, style in shown.values()].count("info") == 1
    assert "your mark" in one.notes[place].value != before and "100 %" in one.notes[place].value


def test_only_vowels_can_be_clicked(editor):
    one = editor()
    assert "application/vnd.jupyter.widget-view+json" in one._repr_mimebundle_()
    assert {one.sentence.words[place].text[at] for place, at in one.buttons} <= set("аеёиоуыэюяАЕЁИОУЫЭЮЯ")
    assert len(one.buttons) == 2 + 2 + 1 + 2


def test_what_cannot_be_said_stays_as_it_was(editor, spoken):
    one = editor("Он самый старый.")
    assert "this voice &lt;cannot&gt;" in one.message.value
    place = place_of(one.sentence, "самый")
    before = one.sentence.words[place]
    one.move(place, 3)
    assert one.sentence.words[place] == before and "&lt;cannot&gt;" in one.message.value
    one.move(place, 0)
    assert "not a vowel" in one.message.value


def test_saved_stresses_are_read_back(editor, tmp_path):
    path = tmp_path / "my" / "lexicon.txt"
    one = editor()
    one.save()
    assert "Nothing is saved" in one.message.value and not path.exists()
    place = place_of(one.sentence, "замок")
    one.move(place, 1)
    one.save()
    assert load_lexicon(path) == {"замок": "з+амок"} and "за\u0301мок" in one.message.value
    path.write_text("# mine\nдверь\tдв+ерь\nзамок з+амок\n", encoding="utf-8")
    one.move(place, 3)
    one.save()
    assert path.read_text(encoding="utf-8").startswith("# mine\n") and len(list(path.parent.iterdir())) == 1
    assert load_lexicon(path) == {"дверь": "дв+ерь", "замок": "зам+ок"}
    again = RussianFrontend(load_lexicon(path))("Замок.").stresses[0]
    assert (again.position, again.source) == (3, "lexicon")


def test_the_stresses_are_read_without_a_kernel(open_page):
    page = open_page(whole_page("test", show_stress(TEXT).markup))
    cells = page.locator("td").all_inner_texts()
    assert len(cells) == 4 and all("\u0301" in cell.split("\n")[0] for cell in (cells[0], cells[1], cells[3]))
    assert "%" in cells[1]
