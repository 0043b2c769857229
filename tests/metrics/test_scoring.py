"""Scoring: a failure is never a number, nothing is measured twice, and a table says where it comes from."""

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
import soundfile as sf

import speechlab
from speechlab.audio.io import Audio, write_audio
from speechlab.errors import SpeechlabError
from speechlab.metrics import items
from speechlab.metrics.base import Metric, Unavailable, Unmeasurable
from speechlab.metrics.table import paired_p
from speechlab.provenance import checkpoint_of, resampler
from speechlab.registry import metrics

RATE = 8_000
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # worker processes cannot import a test


class Toy(Metric):
    """Says nothing; the others are made from it."""

    version = "toy 1"


class Peak(Toy):
    outputs = ("peak",)
    unit = "of full scale"

    def compute(self, estimate, reference, sample_rate, text):
        return float(np.abs(estimate).max())


class Distance(Toy):
    """Two outputs of two units."""

    outputs = ("distance", "seconds")
    unit = "of full scale; s"
    higher_is_better = False
    needs_reference = True

    def compute(self, estimate, reference, sample_rate, text):
        assert len(estimate) == len(reference)
        seconds = len(estimate) / sample_rate
        return {"distance": float(np.abs(estimate - reference).mean()), "seconds": seconds}


class Fickle(Toy):
    """A value below 0.5, and above it every way to have none."""

    outputs = ("fickle",)

    def compute(self, estimate, reference, sample_rate, text):
        peak = round(float(np.abs(estimate).max()), 1)
        if peak == 0.6:
            raise Unmeasurable("too loud")
        if peak == 0.7:
            raise ZeroDivisionError("by zero")
        return {0.8: np.inf, 0.9: np.nan, 1.0: None}.get(peak, peak)


class Absent(Toy):
    outputs = ("absent_a", "absent_b")

    def prepare(self):
        raise Unavailable("the weights are missing: speechlab weights get absent")


class Damaged(Toy):
    outputs = ("damaged",)

    def prepare(self):
        raise OSError("cut short")


class Letters(Toy):
    outputs = ("letters",)
    needs_text = True

    def compute(self, estimate, reference, sample_rate, text):
        return len(text)


class Process(Toy):
    """Leaves a line when prepared, and tells its process and that process's threads."""

    outputs = ("process", "threads")
    log = ""

    def prepare(self):
        with Path(self.log).open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")

    def compute(self, estimate, reference, sample_rate, text):
        return {"process": os.getpid(), "threads": int(os.environ["OPENBLAS_NUM_THREADS"])}


class Confined(Process):
    n_workers = 1


class Deadly(Toy):
    outputs = ("deadly",)

    def compute(self, estimate, reference, sample_rate, text):
        if estimate.max() > 0.5:
            os._exit(9)  # as the system does to a process that takes too much memory
        return 1


class Rate(Toy):
    outputs = ("rate",)
    needs_reference = True
    any_length = True

    def compute(self, estimate, reference, sample_rate, text):
        return sample_rate + len(estimate) / 1e6


class Rate16(Rate):
    outputs = ("rate16",)
    sample_rate = 16_000


TOYS = {each.__name__.lower(): each for each in Toy.__subclasses__()} | {"confined": Confined, "rate16": Rate16}


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    """Register the toys beside the real metrics."""
    for name, each in TOYS.items():
        monkeypatch.setitem(metrics, name, each)


def sound(peak=0.3, seconds=0.5, rate=RATE, hertz=250):
    """Make a cosine, which reaches its peak exactly."""
    return (peak * np.cos(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32), rate


def record(table, **wanted):
    """Find the one record of a table's items with these entries."""
    found = [each for each in table.attrs["items"] if wanted.items() <= each.items()]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("peak", "reason"),
    [
        (0.6, "too loud"),
        (0.7, "ZeroDivisionError: by zero"),
        (0.8, "fickle is inf, not a finite number"),
        (0.9, "fickle is nan, not a finite number"),
        (1.0, "the metric gave no fickle"),
    ],
)
def test_a_failure_is_counted_with_its_reason_and_never_enters_the_mean(peak, reason):
    table = speechlab.score({"a": sound(0.2), "bad": sound(peak), "c": sound(0.4)}, metrics="fickle")
    row = table.loc["fickle"]
    assert row["mean"] == pytest.approx(0.3)
    assert 0.2 - 1e-9 <= row["low"] <= row["mean"] <= row["high"] <= 0.4 + 1e-9
    assert (row["n"], row["failures"]) == (2, 1)
    bad = record(table, id="bad")
    assert (bad["value"], bad["reason"]) == (None, reason)
    assert record(table, id="a")["reason"] == ""


def file_of(folder, name, samples, rate=RATE, **options):
    """Write samples as they are, which ``write_audio`` would refuse."""
    sf.write(folder / name, samples, rate, **options)
    return folder / name


def nan():
    samples, rate = sound()
    samples[RATE // 4] = np.nan
    return samples, rate


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: nan(), "the estimate holds NaN or infinity from 0.25 s on"),
        (lambda folder: file_of(folder, "nan.wav", nan()[0], subtype="FLOAT"), "NaN or infinity from 0.25 s"),
        (lambda folder: (np.zeros(RATE, np.float32), RATE), "the estimate is silent"),
        (lambda folder: sound(5e-5), "the estimate is silent: its peak is below -80 dB"),
        (lambda folder: (np.zeros(0, np.float32), RATE), "the estimate is empty"),
        (lambda folder: (np.ones((RATE, 2), np.float32), RATE), "mono"),
        (lambda folder: (np.ones(RATE, np.int16), RATE), "int16"),
        (lambda folder: sound(0.3, 610), "lasts 10.2 min"),
        (lambda folder: folder / "nowhere.wav", "there is no file"),
        (lambda folder: Path(__file__), "is not audio"),
    ],
    ids=["NaN", "NaN file", "zeros", "-86 dB", "empty", "stereo", "integers", "long", "no file", "no audio"],
)
def test_what_cannot_be_measured_says_why_and_the_others_are(tmp_path, make, reason):
    table = speechlab.score({"good": sound(0.3), "odd": make(tmp_path)}, metrics=["peak"])
    assert reason in record(table, id="odd")["reason"]
    assert table.loc["peak", ["mean", "n", "failures"]].tolist() == [pytest.approx(0.3), 1, 1]


def test_forty_minutes_are_refused_by_the_header_alone(tmp_path, monkeypatch):
    long = file_of(tmp_path, "long.flac", np.zeros(40 * 60 * RATE, np.int16))
    monkeypatch.setattr(items, "read_audio", lambda path: pytest.fail(f"{path} was read"))
    table = speechlab.score([long], metrics=["peak"])
    assert table.attrs["items"][0]["reason"] == (
        "the estimate lasts 40.0 min; metrics are defined on utterances, cut it into pieces of at most 10 min"
    )


def test_fifty_milliseconds_have_no_score_of_the_real_metrics():
    table = speechlab.score([sound(seconds=0.05)], [sound(seconds=0.05)], ["wb_pesq", "stoi", "si_sdr", "dnsmos"])
    assert (table["n"] == 0).all() and (table["failures"] == 1).all()
    assert all("50 ms" in each["reason"] for each in table.attrs["items"])


def test_a_missing_reference_fails_only_the_metrics_that_need_it():
    table = speechlab.score({"a": sound(), "b": sound()}, {"a": sound()}, ["peak", "distance"])
    assert table.loc["peak", "n"] == 2
    assert table.loc["distance", ["n", "failures"]].tolist() == [1, 1]
    assert record(table, id="b", metric="distance")["reason"] == "there is no reference of this name"


@pytest.mark.parametrize(("seconds", "cut"), [(1.08, 1.0), (0.92, 0.92), (1.2, None), (0.6, None)])
def test_lengths_that_differ_by_a_tenth_are_cut(seconds, cut):
    table = speechlab.score([sound(seconds=seconds)], [sound(seconds=1.0)], ["distance", "rate"])
    found = record(table, metric="seconds")
    assert found["value"] == (None if cut is None else pytest.approx(cut))
    said = found["note"] if cut else found["reason"]
    assert f"{seconds:.2f} s" in said and "1.00 s" in said
    assert table.loc["rate", "n"] == 1  # may differ in length


def test_long_ones_are_cut_by_half_a_second_at_most():
    table = speechlab.score([sound(seconds=10.4)], [sound(seconds=10)], ["distance"])
    assert table.loc["seconds", "mean"] == pytest.approx(10)
    assert speechlab.score([sound(seconds=10.6)], [sound(seconds=10)], ["distance"]).loc["seconds", "n"] == 0


def test_rates_that_differ_are_taken_to_the_references_or_the_metrics_own():
    table = speechlab.score([sound(rate=8_000)], [sound(rate=24_000)], ["rate", "rate16", "distance"])
    assert table.loc["rate", "mean"] == pytest.approx(24_000 + 0.012)
    assert table.loc["rate16", "mean"] == pytest.approx(16_000 + 0.008)
    assert table.loc["distance", "mean"] < 0.01
    assert table["sample_rate"].tolist() == [24_000, 16_000, 24_000, 24_000]
    assert (
        record(table, metric="rate")["note"] == "estimate and reference, of 8000 and 24000 Hz, are compared at 24000 Hz"
    )


def test_what_passes_full_scale_is_measured_as_it_is_and_noted():
    table = speechlab.score([sound(1.5)], metrics=["peak"])
    assert table.loc["peak", "mean"] == pytest.approx(1.5)
    assert "1.50 of full scale" in table.attrs["items"][0]["note"]


def test_an_unavailable_metric_has_a_row_that_says_so_and_the_run_goes_on():
    table = speechlab.score([sound()], metrics=["absent", "damaged", "distance", "letters", "peak"])
    empty = table.drop(index="peak")
    assert list(empty.index) == ["absent_a", "absent_b", "damaged", "distance", "seconds", "letters"]
    assert empty["mean"].isna().all() and (empty["n"] == 0).all() and (empty["failures"] == 0).all()
    assert "speechlab weights get absent" in table.loc["absent_b", "note"]
    assert table.loc["damaged", "note"] == "OSError: cut short"
    assert "references" in table.loc["distance", "note"] and "texts" in table.loc["letters", "note"]
    assert table.loc["peak", ["n", "note"]].tolist() == [1, ""]


def test_without_a_choice_all_metrics_are_taken_for_which_there_is_what_they_need(monkeypatch):
    for name in set(metrics) - {"peak", "distance", "letters"}:
        monkeypatch.delitem(metrics, name)
    left_out = speechlab.score([sound()]).attrs["provenance"]["left_out"]
    assert left_out == {"distance": "references", "letters": "texts"}
    both = speechlab.score([sound()], [sound()], texts=["ab"])
    assert set(both.index) == {"peak", "distance", "seconds", "letters"}


def test_the_metrics_of_the_course_are_registered():
    course = {"l1_mel_diff", "wb_pesq", "nb_pesq", "stoi", "si_sdr", "mosnet", "utmos", "wv-mos", "legacy_dnsmos"}
    assert course | {"dnsmos"} <= set(metrics)


def test_the_order_of_items_changes_nothing():
    peaks = {f"item {index}": sound(0.05 * index) for index in range(1, 10)}
    backwards = dict(reversed(peaks.items()))
    others = {name: sound(0.9 * float(samples.max())) for name, (samples, _) in backwards.items()}
    one = speechlab.score(peaks, metrics=["peak", "fickle"], baseline=others)
    other = speechlab.score(backwards, metrics=["peak", "fickle"], baseline=others)
    assert one.equals(other) and one.attrs["items"] == other.attrs["items"]


def test_one_value_has_no_interval():
    row = speechlab.score([sound(0.3)], metrics=["peak"]).loc["peak"]
    assert row["mean"] == pytest.approx(0.3) and np.isnan(row["low"]) and np.isnan(row["high"])


def test_recordings_match_by_their_path_in_the_folder_whatever_the_format(tmp_path):
    for name in ("one", "deep/two.b"):
        write_audio(tmp_path / "estimates" / f"{name}.flac", *sound(0.4))
        write_audio(tmp_path / "references" / f"{name}.wav", *sound(0.3))
    (tmp_path / "references" / "one.txt").write_text("abc\n", encoding="utf-8")
    table = speechlab.score(tmp_path / "estimates", str(tmp_path / "references"), ["distance", "letters"])
    assert [each["id"] for each in table.attrs["items"] if each["metric"] == "distance"] == ["deep/two.b", "one"]
    assert table.loc["distance", "n"] == 2
    assert table.loc["letters", ["mean", "n", "failures"]].tolist() == [3, 1, 1]  # one text lies beside its reference
    assert record(table, id="deep/two.b", metric="letters")["reason"] == "there is no text of what is said"


def test_texts_come_by_name_by_position_or_from_a_folder(tmp_path):
    (tmp_path / "0.txt").write_text("ab", encoding="utf-8")
    for texts in ({"0": "ab"}, ["ab"], tmp_path):
        assert speechlab.score([sound()], metrics=["letters"], texts=texts).loc["letters", "mean"] == 2


def test_recordings_come_as_paths_audio_pairs_or_arrays(tmp_path):
    samples, rate = sound(0.5)
    write_audio(tmp_path / "a.wav", samples, rate)
    given = [tmp_path / "a.wav", str(tmp_path / "a.wav"), Audio(samples, rate), (samples, rate), samples]
    table = speechlab.score(given, metrics=["peak"], sample_rate=rate, n_jobs=1)
    assert table.loc["peak", "n"] == 5 and table.loc["peak", "mean"] == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (dict(estimates="nowhere"), "no folder nowhere"),
        (dict(estimates=[]), "estimates is empty"),
        (dict(estimates=sound()[0]), "came as ndarray"),
        (dict(estimates=[sound()[0]]), "sample_rate="),
        (dict(estimates={"a": sound()}, references={"b": sound()}), "'b'"),
        (dict(estimates={"a": sound()}, baseline={"c": sound()}), "'c'"),
        (dict(estimates=[sound()], metrics=["peek"]), "peak"),
        (dict(estimates=[sound()], metrics=[]), "no metric"),
        (dict(estimates=[sound()], n_jobs=0), "n_jobs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_named(arguments, meant):
    with pytest.raises(SpeechlabError, match=meant):
        speechlab.score(**arguments)


def test_two_files_of_one_name_are_a_mistake(tmp_path):
    for suffix in ("wav", "flac"):
        write_audio(tmp_path / f"a.{suffix}", *sound())
    with pytest.raises(SpeechlabError, match="same name"):
        speechlab.score(tmp_path, metrics=["peak"])


def test_a_constant_gain_is_found_by_the_paired_test_though_the_items_differ_more():
    rng = np.random.default_rng(0)
    peaks = rng.uniform(0.1, 0.8, 12)
    better = [sound(peak + 0.02 + rng.normal(0, 0.005)) for peak in peaks]
    row = speechlab.score(better, metrics="peak", baseline=[sound(peak) for peak in peaks], n_jobs=1).loc["peak"]
    assert row["low"] < row["baseline"] < row["high"]  # alone, the systems could not be told apart
    assert row["difference_low"] < 0.02 < row["difference_high"]
    assert row["difference"] == pytest.approx(row["mean"] - row["baseline"])
    assert row["p"] < 0.005 and row["pairs"] == 12


def test_a_system_does_not_differ_from_itself():
    same = [sound(peak) for peak in (0.1, 0.2, 0.3)]
    row = speechlab.score(same, metrics="peak", baseline=same).loc["peak"]
    assert (row["difference"], row["difference_low"], row["difference_high"], row["p"]) == (0, 0, 0, 1)


def test_only_items_measured_of_both_are_compared():
    estimates = {"a": sound(0.2), "b": sound(0.6), "c": sound(0.4), "d": sound(0.5)}
    baseline = {"a": sound(0.1), "b": sound(0.1), "c": sound(0.6), "e": sound(0.5)}
    table = speechlab.score(estimates, metrics="fickle", baseline=baseline)
    row = table.loc["fickle"]
    assert row["pairs"] == 1 and row["difference"] == pytest.approx(0.1) and row["baseline"] == pytest.approx(0.1)
    assert (row["n"], row["failures"]) == (3, 1)
    assert record(table, id="c", system="baseline")["reason"] == "too loud"
    assert np.isnan(row["p"]) and np.isnan(row["difference_low"])


def test_the_paired_test_is_exact_for_few_items():
    differences = np.array([0.4, 0.1, -0.2, 0.7, 0.3])
    flips = [np.mean(signs * differences) for signs in itertools.product((-1, 1), repeat=5)]
    exact = np.mean(np.abs(flips) >= abs(np.mean(differences)) - 1e-12)
    assert paired_p(list(differences)) == pytest.approx(exact)


def test_processes_prepare_a_metric_once_and_count_to_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(Process, "log", str(tmp_path / "processes"))
    many = [sound(0.1 * (1 + index % 5)) for index in range(8)]
    table = speechlab.score(many, metrics=["process", "fickle"], n_jobs=2, output=tmp_path)
    workers = (tmp_path / "processes").read_text(encoding="utf-8").split()
    measured = {int(each["value"]) for each in table.attrs["items"] if each["metric"] == "process"}
    assert len(workers) == len(set(workers)) and measured <= set(map(int, workers))
    assert os.getpid() not in measured
    assert table.loc["threads", "mean"] == 1
    alone = speechlab.score(many, metrics=["fickle"], n_jobs=1)
    assert alone.loc["fickle"].equals(table.loc["fickle"])


def test_a_metric_that_wants_one_process_gets_one(tmp_path, monkeypatch):
    monkeypatch.setattr(Process, "log", str(tmp_path / "processes"))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    table = speechlab.score([sound()] * 5, metrics=["confined"], n_jobs=2)
    assert len({each["value"] for each in table.attrs["items"] if each["metric"] == "process"}) == 1


def test_a_process_that_dies_ends_the_run_with_a_sentence():
    with pytest.raises(SpeechlabError, match="fewer jobs"):
        speechlab.score([sound(0.3)] * 5 + [sound(0.9)], metrics=["deadly"], n_jobs=2)


def test_each_output_has_its_unit_and_direction():
    table = speechlab.score([sound()], [sound()], ["distance", "peak"])
    assert table["unit"].tolist() == ["of full scale", "s", "of full scale"]
    assert table["better"].tolist() == ["lower", "lower", "higher"]


def test_what_is_scored_is_not_scored_again_until_it_changes(tmp_path, capsys, monkeypatch):
    folder, out = tmp_path / "audio", tmp_path / "out"
    for index in range(3):
        write_audio(folder / f"{index}.wav", *sound(0.1 * (index + 1)))

    def said():
        speechlab.score(folder, metrics=["peak", "fickle"], output=out)
        return capsys.readouterr().out

    assert "0 of 6 already" in said()
    assert "6 of 6 already" in said()
    write_audio(folder / "1.wav", *sound(0.45))
    assert "4 of 6 already" in said()
    monkeypatch.setattr(Peak, "version", "toy 2")
    assert "3 of 6 already" in said()
    write_audio(folder / "0.wav", *sound(0.7))  # an exception may pass: it is tried again
    assert "4 of 6 already" in said()
    assert "5 of 6 already" in said()


def test_without_a_folder_too_a_recording_is_measured_once_by_a_metric_of_the_package(monkeypatch):
    asked = []

    def counted(kind):
        compute = kind.compute
        monkeypatch.setattr(kind, "compute", lambda *given: asked.append(kind) or compute(*given))
        return kind

    ours, another = counted(metrics["si_sdr"]), counted(Distance)
    reference, first, second = ((np.random.default_rng(seed).standard_normal(RATE), RATE) for seed in range(3))
    both = dict(metrics=["si_sdr", "distance"], baseline=[first], n_jobs=1)
    tables = [speechlab.score([second], [reference], **both) for _ in range(2)]
    assert tables[0].equals(tables[1]) and asked.count(ours) == 2
    assert asked.count(another) == 4  # whose code may have changed
    speechlab.score([second], [first], "si_sdr")
    assert asked.count(ours) == 3


SCRIPT = """
import pathlib, sys, time
import cloudpickle
import numpy as np
import speechlab
from speechlab.metrics.base import Metric
from speechlab.registry import metrics

@metrics.register("slow")
class Slow(Metric):
    outputs, version = ("slow",), "1"

    def compute(self, estimate, reference, sample_rate, text):
        peak = round(float(estimate.max()), 2)
        with pathlib.Path(sys.argv[1], "measured").open("a", encoding="utf-8") as file:
            file.write(f"{peak}\\n")
        time.sleep(float(sys.argv[2]))
        return peak

items = {str(n): (np.cos(np.arange(4000.0)) * n / 10, 8000) for n in range(1, 10)}
table = speechlab.score(items, metrics=["slow"], output=sys.argv[1], n_jobs=1)
print(table.loc["slow", "n"], round(table.loc["slow", "mean"], 6))
"""


def test_a_killed_run_goes_on_without_measuring_a_finished_item_again(tmp_path):
    journal = tmp_path / "items.jsonl"
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with subprocess.Popen([*command, "0.3"], **quiet) as process:
        for _ in range(600):
            if journal.exists() and journal.read_text(encoding="utf-8").count("\n") >= 3:
                break
            time.sleep(0.05)
        process.kill()
    finished = [json.loads(line)["id"] for line in journal.read_text(encoding="utf-8").splitlines()]
    assert 3 <= len(finished) < 9
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"id": "9", "metric": "slow", "ke')  # a line cut by the kill
    done = subprocess.run([*command, "0"], capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines() == [f"{len(finished)} of 9 already scored", "9 0.5"]
    measured = (tmp_path / "measured").read_text(encoding="utf-8").split()
    assert [measured.count(str(int(name) / 10)) for name in finished] == [1] * len(finished)


def test_provenance_is_json_and_written_beside_the_table(tmp_path):
    table = speechlab.score(
        {"a": sound(), "b": sound(0)}, {"a": sound(), "z": sound()}, ["peak", "absent", "distance"], output=tmp_path
    )
    provenance = table.attrs["provenance"]
    written = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert written["provenance"] == provenance == json.loads(json.dumps(provenance, allow_nan=False))
    assert written["items"] == table.attrs["items"]
    assert [row["metric"] for row in written["table"]] == list(table.index)
    assert written["table"][1]["mean"] is None
    assert (
        (tmp_path / "scores.csv").read_text(encoding="utf-8").startswith("metric,mean,low,high,n,failures,unit,better")
    )
    assert provenance["metrics"]["peak"]["version"] == "toy 1"
    assert provenance["speechlab"] == speechlab.__version__
    assert provenance["n_items"] == {"estimates": 2} and provenance["n_references_without_estimate"] == 1
    assert "permutation" in provenance["rules"]["paired_test"]


def test_the_resampler_is_the_one_that_is_named(monkeypatch):
    import soxr

    used, real = set(), soxr.resample
    monkeypatch.setattr(soxr, "resample", lambda *args, quality: used.add(quality) or real(*args, quality=quality))
    speechlab.score([sound()], [sound()], metrics=["rate16"])
    assert {f"soxr {soxr.__version__} {quality}" for quality in used} == {resampler()}


def test_the_checkpoint_is_the_one_named_beside_the_recordings(tmp_path):
    (tmp_path / "audio").mkdir()
    (tmp_path / "origin.json").write_text('{"checkpoint": "of other recordings"}', encoding="utf-8")
    assert checkpoint_of(tmp_path / "audio") is None
    (tmp_path / "audio" / "origin.json").write_text('{"checkpoint": "def"}', encoding="utf-8")
    assert checkpoint_of(str(tmp_path / "audio")) == "def"
    assert checkpoint_of([sound()]) is None
