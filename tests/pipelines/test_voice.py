"""A voice loads whole or not at all, keeps its promises about controls, and streams."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from speechlab.audio.global_variance import cepstral_deviation
from speechlab.audio.griffin_lim import mel_to_waveform
from speechlab.checkpoints import add_to_card
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError
from speechlab.pipelines.vocoder import CHUNK, Vocoder
from speechlab.pipelines.voice import MOST_VARIANCE, Voice, measure_global_variance
from tests.pipelines.conftest import write_vocoder

TEXT = "The cat sat on the mat."


@pytest.fixture(scope="module")
def voice(voice_folder):
    return Voice.load(voice_folder)


def test_a_sentence_becomes_audio_of_the_length_its_durations_say(voice):
    spoken = voice.speak(TEXT)
    frames = int(spoken.durations.sum())
    assert spoken.mel.shape == (80, frames) and len(spoken.audio.waveform) == 256 * frames
    assert len(spoken.text.symbols) == len(spoken.durations) == len(spoken.pitch) == len(spoken.energy)
    assert np.abs(spoken.audio.waveform).max() <= 1


def test_the_card_tells_data_and_steps_and_no_folder_of_the_trainer(voice_folder):
    card = json.loads((voice_folder / "card.json").read_text(encoding="utf-8"))
    assert card["name"] == "random" and card["steps"] == {"acoustic": 1, "vocoder": 1}
    assert Voice.load(voice_folder).card == card


def test_pace_changes_the_length_alone(voice):
    plain, fast = voice.speak(TEXT), voice.speak(TEXT, pace=2.0)
    assert fast.durations.sum() == pytest.approx(plain.durations.sum() / 2, abs=1)
    assert np.array_equal(fast.pitch, plain.pitch) and np.array_equal(fast.energy, plain.energy)


def test_pitch_multiplies_hertz_and_leaves_the_rest(voice):
    plain, high = voice.speak(TEXT), voice.speak(TEXT, pitch=1.2)
    assert high.pitch == pytest.approx(1.2 * plain.pitch, rel=1e-4)
    assert np.array_equal(high.energy, plain.energy) and np.array_equal(high.durations, plain.durations)


def test_energy_multiplies_the_magnitude_and_leaves_the_rest(voice):
    plain, loud = voice.speak(TEXT), voice.speak(TEXT, energy=1.5)
    assert loud.energy == pytest.approx(1.5 * plain.energy, rel=1e-4)
    assert np.array_equal(loud.pitch, plain.pitch) and np.array_equal(loud.durations, plain.durations)


def test_long_texts_are_streamed_with_pauses(voice):
    text = "One cat sat. Two dogs ran! Did three birds sing?"
    chunks = list(voice.stream(text))
    assert len(chunks) == 3 and (chunks[0].waveform[-1000:] == 0).all()
    assert np.array_equal(voice.say(text).waveform, np.concatenate([chunk.waveform for chunk in chunks]))


@pytest.mark.parametrize("text", ["", "   ", "...", "漢字 漢字", "\n\n"])
def test_nothing_to_read_is_one_clear_line(voice, text):
    with pytest.raises(SpeechlabError, match="nothing to (say|read)"):
        voice.say(text)


def test_an_unknown_character_is_reported_with_its_position(voice):
    with pytest.warns(UserWarning, match="'漢' at position 4") as caught:
        voice.say("cat 漢 dog")
    with pytest.warns(UserWarning, match="'漢' at position 14"):
        voice.say("A cat sat.\n\na 漢 dog")
    assert Path(caught[0].filename).name == "voice.py"  # the command line shows what the package itself says


@pytest.mark.parametrize("pace", [0.0, -1.0, 10.0, float("nan")])
def test_a_pace_out_of_range_is_refused(voice, pace):
    with pytest.raises(SpeechlabError, match="pace must lie between"):
        voice.say(TEXT, pace=pace)


def test_parts_for_different_audio_are_refused_with_both_columns(voice_folder, tmp_path):
    write_vocoder(tmp_path / "vocoder", AudioSpec(f_max=11_025.0))
    with pytest.raises(SpeechlabError, match="f_max +8000.0 +11025.0 +<- differs"):
        Voice.load(voice_folder, vocoder=tmp_path / "vocoder")


def test_an_acoustic_model_alone_asks_for_a_vocoder(voice_folder):
    with pytest.raises(SpeechlabError, match="no vocoder next to it"):
        Voice.load(voice_folder / "acoustic")
    assert Voice.load(voice_folder / "acoustic", vocoder="griffin-lim").say("Hi.").sample_rate == 22_050


def test_a_truncated_part_is_named(voice_folder, tmp_path):
    copy = shutil.copytree(voice_folder, tmp_path / "copy")
    weights = copy / "vocoder" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(SpeechlabError, match="damaged: model.safetensors"):
        Voice.load(copy)


def test_a_vocoder_in_place_of_a_voice_is_refused(voice_folder):
    with pytest.raises(SpeechlabError, match="not an acoustic model"):
        Voice.load(voice_folder / "vocoder", vocoder=voice_folder / "vocoder")
    with pytest.raises(SpeechlabError, match="not an acoustic model"):
        Voice.load("denoise-16k")
    with pytest.raises(SpeechlabError, match="name of the weights is empty"):
        Voice.load("")


def test_a_long_mel_in_pieces_equals_the_whole(voice_folder):
    vocoder = Vocoder.load(voice_folder)
    mel = torch.randn(1, 80, CHUNK + 200, generator=torch.Generator().manual_seed(0)) - 5
    with torch.inference_mode():
        whole = vocoder.synthesise(mel)
    assert torch.allclose(vocoder(mel), whole, atol=1e-5)


def test_copy_synthesis_keeps_whole_frames_and_refuses_other_rates(voice_folder):
    vocoder = Vocoder.load(voice_folder)
    rng = np.random.default_rng(0)
    waveform = rng.standard_normal(10_000).astype(np.float32) / 10
    assert len(vocoder.vocode(waveform).waveform) == 10_000 // 256 * 256
    with pytest.raises(SpeechlabError, match="22050 Hz audio, got 16000 Hz"):
        from speechlab.audio.io import Audio

        vocoder.vocode(Audio(waveform, 16_000))


def test_griffin_lim_is_a_vocoder_too():
    spec = AudioSpec()
    mel = torch.full((1, 80, 20), -5.0)
    assert torch.equal(Vocoder.griffin_lim(spec)(mel), mel_to_waveform(mel, spec))


def test_a_card_may_set_the_pace_at_which_a_voice_speaks_as_its_reader_did(voice_folder, tmp_path):
    shutil.copytree(voice_folder, tmp_path / "voice")
    add_to_card(tmp_path / "voice" / "acoustic", {"pace": 0.5})
    slow, plain = Voice.load(tmp_path / "voice").speak(TEXT), Voice.load(voice_folder).speak(TEXT)
    assert slow.durations.sum() == pytest.approx(2 * plain.durations.sum(), abs=1)


def test_a_card_may_give_its_mels_the_variance_of_the_recordings(voice_folder, tmp_path):
    plain, factors = Voice.load(voice_folder), [1.0] + [1.5] * 79
    shutil.copytree(voice_folder, tmp_path / "voice")
    add_to_card(tmp_path / "voice" / "acoustic", {"global_variance": factors})
    spoken, flat = (each.speak(TEXT).mel for each in (Voice.load(tmp_path / "voice"), plain))
    deviations = [cepstral_deviation(torch.from_numpy(mel)) for mel in (spoken, flat)]
    torch.testing.assert_close(deviations[0], torch.tensor(factors) * deviations[1], rtol=1e-3, atol=1e-4)


def test_measured_variance_is_what_the_voice_lacks_whatever_its_card_says(voice_folder):
    voice = Voice.load(voice_folder)
    audio = voice.say(TEXT)
    once = measure_global_variance(voice, {TEXT: audio.waveform})
    voice.global_variance = [1.0] + [2.0] * 79
    assert measure_global_variance(voice, {TEXT: audio.waveform}) == once
    assert voice.global_variance[1] == 2 and once[0] == 1 and 1 <= min(once) <= max(once) <= MOST_VARIANCE


def test_texts_that_cannot_be_read_do_not_stop_the_measurement(voice_folder):
    voice = Voice.load(voice_folder)
    waveform = voice.say(TEXT).waveform
    alone = measure_global_variance(voice, {TEXT: waveform})
    assert measure_global_variance(voice, {"...": waveform, TEXT: waveform}) == alone
    with pytest.raises(SpeechlabError, match="none of 1 recordings has a text that can be read"):
        measure_global_variance(voice, {"...": waveform})


@pytest.mark.parametrize("factors", [[1.0] * 79, [1.0] * 79 + ["x"], [1.0] * 79 + [float("nan")], [1.0] * 79 + [99], 3])
def test_factors_that_fit_no_mel_are_refused(voice_folder, tmp_path, factors):
    shutil.copytree(voice_folder, tmp_path / "voice")
    card = tmp_path / "voice" / "acoustic" / "card.json"
    card.write_text(
        json.dumps(json.loads(card.read_text(encoding="utf-8")) | {"global_variance": factors}), encoding="utf-8"
    )
    (tmp_path / "voice" / "acoustic" / "checksums.json").unlink()
    with pytest.raises(SpeechlabError, match="global_variance"):
        Voice.load(tmp_path / "voice")
