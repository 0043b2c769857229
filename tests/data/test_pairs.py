"""Named datasets of pairs: downloaded from a local server in their published layouts, split, and found incomplete."""

import hashlib
import io
import json
import tarfile
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechlab import download
from speechlab.apps import cli
from speechlab.config import DegradationConfig, PairsConfig
from speechlab.data import sources
from speechlab.data.corpora import TEST, TRAIN, VALIDATION
from speechlab.data.pairs import EnhancementDataset, daps, libritts_r, load_pairs, vctk, voicebank
from speechlab.data.pairs.base import Pair, PairSet, in_hash_order, keep_out
from speechlab.errors import SpeechlabError
from speechlab.registry import pair_sets
from speechlab.training.recipes.hifipp import make_dataset

NAMES = ("vctk", "voicebank", "augmented_libritts-r", "augmented_daps", "vctk-demand", "finally_dataset", "mel_dataset")
RATE = 8_000


def recording(seed: int = 0) -> bytes:
    """Give the bytes of a wav file with a twentieth of a second of noise."""
    file = io.BytesIO()
    soundfile.write(file, np.random.default_rng(seed).normal(0, 0.1, RATE // 20), RATE, format="WAV")
    return file.getvalue()


WAV = recording()


def zipped(names, content=WAV) -> bytes:
    """Pack files of one content into a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as pack:
        for name in names:
            pack.writestr(name, content)
    return buffer.getvalue()


def tarred(names, kind="gz") -> bytes:
    """Pack recordings into a compressed tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as pack:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(WAV)
            pack.addfile(info, io.BytesIO(WAV))
    return buffer.getvalue()


@pytest.fixture
def site(monkeypatch, tmp_path):
    """Serve ``site.files`` by their names on this machine, noting what was asked for; data lie in an empty folder."""
    monkeypatch.setattr(download, "WAIT_S", 0.01)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("SPEECHLAB_DATA", str(tmp_path / "data"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.partition("?")[0].rpartition("/")[2]
            http.asked.append(name)
            body = http.files.get(name)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.files, http.asked, http.url = {}, [], f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    yield http
    http.shutdown()
    http.server_close()


def serve(site, archive, content: bytes, hashed: bool = True):
    """Offer an archive at the second of its addresses, with its MD5, or with no known hash."""
    site.files[f"mirror-of-{archive.file_name}"] = content
    urls = (f"{site.url}/gone/{archive.file_name}", f"{site.url}/mirror-of-{archive.file_name}?download=1")
    return replace(archive, urls=urls, digest=hashlib.md5(content).hexdigest() if hashed else None)


def speakers(pairs: PairSet, split: str) -> set[str]:
    return {pair.speaker for pair in pairs.split(split)}


def test_every_dataset_of_the_specification_is_registered():
    assert set(NAMES) <= set(pair_sets)


# ------------------------------------------------------------------------------------------------ VCTK


def vctk_names(pattern: str, but: str = "") -> list[str]:
    """Name sentences 1, 8, 9 and 12 of every speaker in one of the layouts, one speaker left out."""
    known = [*vctk.SPEAKERS, "p315", "p232", "p257", "s5"]
    ids = [(speaker, number) for speaker in known if speaker != but for number in (1, 2, 7, 8, 9, 12)]
    return [pattern.format(speaker=speaker, number=f"{number:03}") for speaker, number in ids]


VCTK_092 = "wav48_silence_trimmed/{speaker}/{speaker}_{number}_mic1.flac"
VCTK_080 = "VCTK-Corpus/wav48/{speaker}/{speaker}_{number}.wav"


def lay_out(folder: Path, names: list[str]) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(WAV)
    return folder


def test_vctk_knows_the_speakers_of_the_corpus():
    assert len(vctk.NUMBERS) == len(set(vctk.NUMBERS)) == 109
    assert len(vctk.SPEAKERS) == 106 and len(set(vctk.SPEAKERS) - set(vctk.HELD_OUT)) == 100


def test_vctk_is_downloaded_once_and_only_the_first_microphone_is_unpacked(site, monkeypatch, tmp_path):
    names = vctk_names(VCTK_092)
    second = [name.replace("mic1", "mic2") for name in names]
    content = zipped([*names, *second, "speaker-info.txt", "txt/p225/p225_001.txt"])
    monkeypatch.setattr(vctk, "ARCHIVE", serve(site, vctk.ARCHIVE, content))
    pairs = load_pairs(PairsConfig("vctk"))
    files = [path for path in (tmp_path / "data" / "VCTK").rglob("*") if path.is_file()]
    assert len(files) == len(names) and all(path.name.endswith("_mic1.flac") for path in files)
    n_asked = len(site.asked)
    assert load_pairs(PairsConfig("vctk")) == pairs and len(site.asked) == n_asked


@pytest.mark.parametrize("pattern", [VCTK_092, VCTK_080])
def test_vctk_splits_by_speaker_and_sentence_as_hifi_plus_plus_does(tmp_path, pattern):
    pairs = load_pairs(PairsConfig("vctk", str(lay_out(tmp_path, vctk_names(pattern)))))
    assert speakers(pairs, TRAIN) == set(vctk.SPEAKERS) - set(vctk.HELD_OUT)
    assert speakers(pairs, VALIDATION) == set(vctk.HELD_OUT)
    assert not {"p232", "p257", "p315", "s5"} & {pair.speaker for pair in pairs.pairs}
    assert {pair.id[-3:] for pair in pairs.split(TRAIN)} == {"009", "012"}
    assert {pair.id[-3:] for pair in pairs.split(VALIDATION)} == {"001", "002", "007", "008"}
    assert {pair.id for pair in pairs.split(TEST)} == {"p362_001", "p362_007", "p376_002", "p376_007"}
    assert all(pair.noisy is None for pair in pairs.pairs)
    assert len({pair.speaker for pair in pairs.split(TRAIN)[:20]}) > 10  # the first few are not one speaker's


def test_a_missing_speaker_of_vctk_is_named(tmp_path):
    with pytest.raises(SpeechlabError, match="105 of 106 speakers; missing: p333;.*data.name=folders"):
        load_pairs(PairsConfig("vctk", str(lay_out(tmp_path, vctk_names(VCTK_092, but="p333")))))


# ------------------------------------------------------------------------------------------------ VoiceBank-DEMAND


TRAINING = [f"{speaker}_{number:03}.wav" for speaker in ("p226", "p287", "p230", "p268") for number in (1, 2, 5)]
TESTS = [f"{speaker}_{number:03}.wav" for speaker in ("p232", "p257") for number in (1, 3)]


@pytest.fixture
def voices(site, monkeypatch):
    """Serve a small VoiceBank-DEMAND."""
    lists = {"trainset_28spk": TRAINING, "testset": TESTS}
    archives = {}
    for index, (name, archive) in enumerate(voicebank.ARCHIVES.items()):
        part = name.partition("_")[2].removesuffix("_wav")
        names = [*(f"{name}/{file}" for file in lists[part]), f"__MACOSX/{name}/._x.wav", f"{name}/readme.txt"]
        archives[name] = serve(site, archive, zipped(names, recording(index)))
    monkeypatch.setattr(voicebank, "ARCHIVES", archives)
    monkeypatch.setattr(voicebank, "N_PAIRS", {part: len(files) for part, files in lists.items()})
    return site


def test_voicebank_pairs_by_name_and_keeps_two_speakers_for_validation(voices):
    pairs = load_pairs(PairsConfig("voicebank"))
    assert speakers(pairs, TRAIN) == {"p230", "p268"} and speakers(pairs, VALIDATION) == {"p226", "p287"}
    assert [f"{pair.id}.wav" for pair in pairs.split(TEST)] == TESTS
    for pair in pairs.pairs:
        assert pair.clean.name == pair.noisy.name == f"{pair.id}.wav"
        assert "clean" in str(pair.clean.parent) and "noisy" in str(pair.noisy.parent)
        assert pair.clean.read_bytes() != pair.noisy.read_bytes()
    assert len(pairs.pairs) == len(TRAINING) + len(TESTS)


def test_vctk_demand_downloads_the_test_set_alone(voices):
    pairs = load_pairs(PairsConfig("vctk-demand"))
    assert {name for name in voices.asked if "train" in name} == set()
    assert not pairs.split(TRAIN)
    assert {pair.id for pair in pairs.split(TEST)} == {pair.id for pair in pairs.split(VALIDATION)}
    assert [f"{pair.id}.wav" for pair in pairs.split(TEST)] == TESTS
    n_asked = len(voices.asked)
    load_pairs(PairsConfig("voicebank"))  # lies in the same place, so that only the rest is wanted
    assert not any("testset" in name for name in voices.asked[n_asked:])


def test_an_incomplete_voicebank_is_refused(voices, tmp_path):
    load_pairs(PairsConfig("vctk-demand"))
    [lost] = (tmp_path / "data").rglob("noisy_testset_wav/**/p257_003.wav")
    kept = lost.read_bytes()
    lost.unlink()
    with pytest.raises(SpeechlabError, match="3 of 4 recordings of noisy_testset_wav"):
        load_pairs(PairsConfig("vctk-demand"))
    lost.with_name("p257_004.wav").write_bytes(kept)
    with pytest.raises(SpeechlabError, match="missing: p257_003"):
        load_pairs(PairsConfig("vctk-demand"))


def test_the_published_numbers_of_pairs_are_those_that_are_asked_for():
    assert voicebank.N_PAIRS == {"trainset_28spk": 11_572, "testset": 824}


def test_a_wrong_archive_is_refused_and_leaves_nothing(voices, tmp_path):
    voices.files = dict.fromkeys(voices.files, b"<html>please log in</html>")
    with pytest.raises(SpeechlabError, match="wrong content: MD5"):
        load_pairs(PairsConfig("voicebank"))
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


# ------------------------------------------------------------------------------------------------ LibriTTS-R and DAPS


@pytest.fixture
def books(site, monkeypatch):
    """Serve a small LibriTTS-R: two speakers a part, two recordings each."""
    archives = {}
    for index, (part, archive) in enumerate(libritts_r.ARCHIVES.items()):
        ids = [(f"{100 * index + speaker}", number) for speaker in (1, 2) for number in (0, 1)]
        names = [f"LibriTTS_R/{part}/{who}/7/{who}_7_000001_00000{number}.wav" for who, number in ids]
        archives[part] = serve(site, archive, tarred([*names, f"LibriTTS_R/{part}/x.normalized.txt"]))
    monkeypatch.setattr(libritts_r, "ARCHIVES", archives)
    monkeypatch.setattr(libritts_r, "N_SPEAKERS", dict.fromkeys(archives, 2))
    return site


def test_libritts_r_takes_the_larger_part_where_it_is(books, monkeypatch):
    pairs = load_pairs(PairsConfig("augmented_libritts-r"))
    assert speakers(pairs, TRAIN) == {"1", "2"} and speakers(pairs, VALIDATION) == {"201", "202"}
    assert not any("360" in name for name in books.asked)
    assert cli.main(["corpus", "get", "libritts-r-360"]) == 0
    pairs = load_pairs(PairsConfig("augmented_libritts-r"))
    assert speakers(pairs, TRAIN) == {"1", "2", "101", "102"}
    assert all(pair.noisy is None and pair.clean.suffix == ".wav" for pair in pairs.pairs)
    monkeypatch.setitem(libritts_r.N_SPEAKERS, "test-clean", 39)
    with pytest.raises(SpeechlabError, match="2 of 39 speakers of test-clean"):
        load_pairs(PairsConfig("augmented_libritts-r"))


def test_daps_is_its_clean_part_without_the_files_that_a_mac_left(site, monkeypatch, tmp_path):
    clean = [f"daps/clean/{name}.wav" for name in daps.NAMES]
    rest = ["daps/clean/._f1_script1_clean.wav", "daps/ipad_livingroom1/f1_script1_ipad.wav", "daps/cleanraw/x.wav"]
    monkeypatch.setattr(daps, "ARCHIVE", serve(site, daps.ARCHIVE, tarred([*rest, *clean])))
    pairs = load_pairs(PairsConfig("augmented_daps"))
    assert (len(pairs.split(TRAIN)), len(pairs.split(VALIDATION))) == (90, 10)
    assert speakers(pairs, VALIDATION) == {"f10", "m10"} and not speakers(pairs, TRAIN) & {"f10", "m10"}
    assert not list((tmp_path / "data").rglob("*_ipad.wav"))
    next((tmp_path / "data").rglob("m3_script2_clean.wav")).unlink()
    with pytest.raises(SpeechlabError, match="99 of 100 recordings; missing: m3_script2_clean"):
        load_pairs(PairsConfig("augmented_daps"))


def test_an_epoch_takes_many_crops_of_a_long_recording(tmp_path):
    from speechlab.experiments import load_experiment

    names = [f"clean/{name}.wav" for name in daps.NAMES]
    overrides = ["data.name=augmented_daps", f"data.path={lay_out(tmp_path, names)}", "data.n_files=3"]
    pairs, dataset = make_dataset(load_experiment("embedded-denoise", "smoke", overrides), 16_000)
    assert (len(pairs.split(TRAIN)), len(dataset)) == (3, 3 * daps.REPEATS)


# ------------------------------------------------------------------------------------------------ the plain ones


def test_mel_dataset_pairs_clean_speech_with_itself(tmp_path):
    lay_out(tmp_path, [f"ann/{index}.wav" for index in range(10)])
    pairs = load_pairs(PairsConfig("mel_dataset", clean=(str(tmp_path),), n_validation=2))
    assert len(pairs.split(TRAIN)) == 8 and all(pair.noisy == pair.clean for pair in pairs.pairs)
    crop = EnhancementDataset(pairs.split(TRAIN), PairsConfig(), DegradationConfig(), RATE, RATE, 256, seed=1)[0, 3]
    assert crop.degraded.equal(crop.clean)


def test_mel_dataset_is_vctk_by_default(tmp_path):
    folder = str(lay_out(tmp_path, vctk_names(VCTK_092)))
    pairs = load_pairs(PairsConfig("mel_dataset", folder))
    assert [pair.id for pair in pairs.pairs] == [pair.id for pair in load_pairs(PairsConfig("vctk", folder)).pairs]


def test_finally_dataset_takes_a_folder_or_a_list(tmp_path):
    lay_out(tmp_path, ["memo.wav", "calls/one.mp3", "calls/._one.mp3", "calls/notes.txt"])
    pairs = load_pairs(PairsConfig("finally_dataset", str(tmp_path)))
    assert [(pair.id, pair.split) for pair in pairs.pairs] == [("calls/one", TEST), ("memo", TEST)]
    (tmp_path / "list.txt").write_text("memo.wav\n\ncalls/one.mp3\n", encoding="utf-8")
    listed = load_pairs(PairsConfig("finally_dataset", str(tmp_path / "list.txt")))
    assert [pair.id for pair in listed.pairs] == ["memo", "calls/one"]
    assert all(pair.noisy == pair.clean for pair in listed.pairs)


def test_what_finally_dataset_cannot_use_is_refused(tmp_path):
    (tmp_path / "list.txt").write_text("nowhere.wav\n", encoding="utf-8")
    (tmp_path / "a.wav").write_bytes(WAV + b"\xff")
    wrong = {"": "data.path", "list.txt": "1 are missing", "a.wav": "not a list", "x": "no folder"}
    for path, message in wrong.items():
        with pytest.raises(SpeechlabError, match=message):
            load_pairs(PairsConfig("finally_dataset", str(tmp_path / path) if path else ""))


# ------------------------------------------------------------------------------------------------ what all share


def test_a_speaker_of_most_files_is_not_kept_out():
    few = [Pair(f"{who}{index}", Path("a"), None, who) for who in "abc" for index in range(4)]
    pairs = few + [Pair(f"long{index}", Path("a"), None, "long") for index in range(88)]
    for n_validation in (1, 5, 40):
        kept = {pair.speaker for pair in keep_out(pairs, n_validation) if pair.split == VALIDATION}
        assert kept and "long" not in kept


def test_several_folders_are_no_speakers_and_keep_their_recordings(tmp_path):
    for corpus in ("one", "two", "three"):
        (tmp_path / corpus / "wavs").mkdir(parents=True)
        for number in range(10):
            soundfile.write(tmp_path / corpus / "wavs" / f"{number}.wav", np.ones(100) / 9, RATE)
    folders = tuple(str(tmp_path / corpus / "wavs") for corpus in ("one", "two", "three"))
    found = load_pairs(PairsConfig("folders", clean=folders, n_validation=3))
    assert len({pair.id for pair in found.pairs}) == 30 and {pair.speaker for pair in found.pairs} == {""}
    assert len(found.split(TRAIN)) == 27 and found.name == "one/wavs, two/wavs, three/wavs"
    with pytest.raises(SpeechlabError, match="two folders called"):
        load_pairs(PairsConfig("folders", clean=(folders[0], folders[0])))


def test_the_mixed_order_depends_on_the_names_alone():
    pairs = [Pair(f"{index}", Path("a")) for index in range(20)]
    assert in_hash_order(pairs) == in_hash_order(reversed(pairs)) != pairs


def test_whole_speakers_are_kept_out_and_at_most_a_fifth_of_the_files():
    pairs = [Pair(f"{who}{index}", Path("a"), None, who) for who in "abcdefghij" for index in range(10)]
    kept = keep_out(pairs, 15)
    by_split = {split: {pair.speaker for pair in kept if pair.split == split} for split in (TRAIN, VALIDATION)}
    assert len(by_split[VALIDATION]) == 2 and not by_split[TRAIN] & by_split[VALIDATION]
    assert sum(pair.split == VALIDATION for pair in keep_out(pairs, 90)) == 20
    one = keep_out([replace(pair, speaker="") for pair in pairs], 15)
    assert sum(pair.split == VALIDATION for pair in one) == 15
    assert keep_out(pairs, 0) == tuple(pairs)


def test_the_hash_of_a_set_follows_its_files(tmp_path):
    lay_out(tmp_path, ["a.wav", "b.wav"])
    pairs = [Pair("a", tmp_path / "a.wav"), Pair("b", tmp_path / "a.wav", tmp_path / "b.wav")]
    before = PairSet("x", tuple(pairs), "", "").content_hash
    assert PairSet("y", tuple(pairs), "?", "").content_hash == before
    (tmp_path / "b.wav").write_bytes(recording(1))
    assert PairSet("x", tuple(pairs), "", "").content_hash != before


def test_folders_pair_recordings_of_the_same_name(tmp_path):
    lay_out(tmp_path, ["clean/ann/1.wav", "clean/ann/2.wav", "clean/bob/1.wav", "noisy/ann/1.wav", "noisy/bob/1.flac"])
    config = PairsConfig("folders", clean=(str(tmp_path / "clean"),), noisy=str(tmp_path / "noisy"))
    pairs = load_pairs(config).pairs
    assert [(pair.id, pair.noisy.name, pair.speaker) for pair in pairs] == [
        ("ann/1", "1.wav", "ann"),
        ("bob/1", "1.flac", "bob"),
    ]
    alone = load_pairs(replace(config, noisy="")).pairs
    assert [pair.noisy for pair in alone] == [None] * 3
    both = load_pairs(replace(config, noisy="", clean=(str(tmp_path / "clean"), str(tmp_path / "noisy")))).pairs
    assert {pair.speaker for pair in both} == {"clean/ann", "clean/bob", "noisy/ann", "noisy/bob"}
    for wrong in (replace(config, clean=()), replace(config, clean=config.clean * 2)):
        with pytest.raises(SpeechlabError, match=r"data\.(clean|noisy)"):
            load_pairs(wrong)


def test_the_first_hash_of_an_unpublished_archive_holds_from_then_on(site, monkeypatch, tmp_path, capsys):
    names = ["datasets_fullband/impulse_responses/SLR26/simulated_rirs_48k/smallroom/Room001/Room001-00001.wav"]
    other = ["datasets_fullband/impulse_responses/SLR28/x.wav"]
    content = tarred([*names, *other], "bz2")
    monkeypatch.setattr(sources, "ROOMS", serve(site, sources.ROOMS, content, hashed=False))
    folder = tmp_path / "data" / "dns-rooms"
    assert cli.main(["corpus", "get", "dns-rooms"]) == 0
    shown = capsys.readouterr()
    sha256 = hashlib.sha256(content).hexdigest()
    assert sha256 in shown.err and shown.out.strip() == str(folder / "impulse_responses")
    assert [path.name for path in folder.rglob("*.wav")] == ["Room001-00001.wav"]
    assert list(json.loads((folder / "hashes.json").read_text(encoding="utf-8")).values()) == [sha256]
    (folder / "impulse_responses").rename(tmp_path / "elsewhere")
    site.files = dict.fromkeys(site.files, tarred([*names, *names], "bz2"))
    assert cli.main(["corpus", "get", "dns-rooms"]) == 2
    assert "wrong content: SHA-256" in capsys.readouterr().err
    assert not (folder / "impulse_responses").exists()


def test_what_is_no_archive_is_not_recorded(site, monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "ROOMS", serve(site, sources.ROOMS, b"<html>please log in</html>", hashed=False))
    with pytest.raises(SpeechlabError, match="damaged.*delete it"):
        sources.get_dns_rooms()
    assert not (tmp_path / "data" / "dns-rooms" / "hashes.json").exists()


def test_noises_are_downloaded_from_their_archives(site, monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "DNS", site.url)
    for name in sources.NOISES:
        files = tarred([f"datasets_fullband/noise_fullband/{name}.wav"], "bz2")
        site.files[f"datasets_fullband.noise_fullband.{name}.tar.bz2"] = files
    folder = sources.get_dns_noise()
    assert {path.stem for path in folder.rglob("*.wav")} == set(sources.NOISES)


def test_microphones_that_are_gone_are_named_and_passed_over(site, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sources, "MICROPHONES", site.url)
    monkeypatch.setattr(sources, "MICROPHONE_NAMES", ("B&O_BM2", "IR_Crystal", "gone", "a_page"))
    site.files = {"B%26O_BM2.wav": WAV, "IR_Crystal.wav": WAV, "a_page.wav": b"<html>please log in</html>"}
    folder = sources.get_micirp()
    assert sorted(path.name for path in folder.glob("*.wav")) == ["B&O_BM2.wav", "IR_Crystal.wav"]
    lines = capsys.readouterr().err
    assert "gone.wav" in lines and "a_page.wav" in lines
    monkeypatch.setattr(sources, "MICROPHONE_NAMES", [f"gone{index}" for index in range(9)])
    with pytest.raises(SpeechlabError, match="4 microphones could not be downloaded"):
        sources.get_micirp()


def test_the_command_line_gets_datasets_and_lists_them(voices, capsys):
    assert cli.main(["corpus", "get", "voicebank"]) == 0
    assert "voicebank: 16 recordings (6 train, 6 validation, 4 test)" in capsys.readouterr().out
    assert cli.main(["list", "datasets"]) == 0
    assert set(NAMES) <= set(capsys.readouterr().out.split())
    assert cli.main(["corpus", "get", "voicebnk"]) == 2
    assert "did you mean voicebank" in capsys.readouterr().err
