"""Listening tests to send to friends: one HTML file that plays, asks, remembers and gives its results as CSV.

ABX asks whether two systems can be told apart at all, MOS how good each one sounds (ITU-T P.800, absolute category
rating). ``metrics.listening`` reads and evaluates what comes back. The clips are FLAC: lossless, so that listeners
judge the systems and not a codec, half the size of WAV, and decoded by every browser since 2017 (Safari: 11).

Names and right answers are coded in the page's source, which hides them from the eye, not from an attacker.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, cycle, islice
from pathlib import Path
from string import Template

import numpy as np

from speechlab.audio.io import Audio, encode
from speechlab.audio.loudness import match_loudness, trim_silence
from speechlab.audio.resample import resample
from speechlab.display.page import Html, asset, data_uri, escape, whole_page, write_page
from speechlab.display.player import as_waveform
from speechlab.errors import SpeechlabError
from speechlab.metrics.listening import ANSWERS, COLUMNS

ALIGNED_S = 0.05  # versions of an item whose lengths differ by less are taken to be aligned to each other
MOS_LABELS = {5: "Excellent", 4: "Good", 3: "Fair", 2: "Poor", 1: "Bad"}  # P.800, listening quality
TASKS = {
    "abx": "You will hear three clips, A, B and X. X is one of the other two: which one? Guess when you are not sure.",
    "mos": "You will hear one clip at a time. Rate the quality of the speech; there is no right or wrong.",
}
QUESTIONS = {"abx": "Which one is X?", "mos": "Quality of the speech"}
KEYS = {
    "abx": {
        "Space": "play A, B and X in turn; stop",
        "A B X": "play one; while another plays, change to it at the same point",
        "1 2": "answer: X is A, X is B",
        "Enter": "confirm the answer and go on",
    },
    "mos": {
        "Space": "play the clip; stop",
        "1 2 3 4 5": "rate it, from bad to excellent",
        "Enter": "confirm and go on",
    },
}

Systems = Mapping[str, Mapping[str, Audio]]


@dataclass(frozen=True)
class Trial:
    """One question of a test.

    Args:
        item: what is said, the same for all clips of the trial.
        system: the system, or the pair as ``first vs second``; it stands so in the results.
        clips: key on the page to system, such as ``{"A": "natural", "B": "vocoder", "X": "natural"}``.
        correct: the right answer; empty where there is none.
    """

    item: str
    system: str
    clips: dict[str, str]
    correct: str = ""


def listening_test(
    path: str | Path,
    systems: Systems,
    kind: str = "abx",
    seed: int = 0,
    title: str = "Listening test",
    n_trials: int | None = None,
) -> Path:
    """Write a listening test as one file that needs nothing else, neither server nor network.

    Clips are equally loud (BS.1770) and, within an item, equally long. A minute of speech at 22 050 Hz takes 2 MB.

    Args:
        systems: name of the system -> name of the item -> its sound; all systems have the same items.
        kind: ``abx`` compares every two systems, ``mos`` rates every clip.
        seed: of the order; with another seed another listener gets another order.
        title: what listeners read first; it should not name the systems.
        n_trials: how many; ``None`` is every item of every pair (ABX) or system (MOS) once.

    Returns:
        The page's path.
    """
    return write_page(path, page_markup(systems, kind, seed, title, n_trials))


def show_listening_test(
    systems: Systems, kind: str = "abx", seed: int = 0, title: str = "Listening test", n_trials: int | None = None
) -> Html:
    """Show in a notebook the page that ``listening_test`` writes; arguments as there."""
    page = escape(page_markup(systems, kind, seed, title, n_trials))
    style = "width: 100%; max-width: 900px; height: 760px; border: 1px solid rgba(128, 128, 128, .4)"
    return Html(f'<iframe title="{escape(title)}" style="{style}" srcdoc="{page}"></iframe>')


def plan_trials(
    systems: Sequence[str], items: Sequence[str], kind: str, seed: int = 0, n_trials: int | None = None
) -> list[Trial]:
    """Say what is asked, in order: the same for the same seed, each system as often at each place as can be."""
    if kind not in ANSWERS:
        raise SpeechlabError(f"there is no listening test {kind!r}; use {' or '.join(ANSWERS)}")
    if n_trials is not None and n_trials < 1:
        raise SpeechlabError(f"a listening test needs at least one trial, got n_trials={n_trials}")
    rng = np.random.default_rng(seed)
    plan = abx_trials if kind == "abx" else mos_trials
    return plan(list(systems), [str(item) for item in rng.permutation(list(items))], rng, n_trials)


def abx_trials(systems: list[str], items: list[str], rng: np.random.Generator, n_trials: int | None) -> list[Trial]:
    """Ask every pair about every item in turn; X is A, and the first system is A, half of the time."""
    pairs = list(combinations(systems, 2))
    if not pairs:
        raise SpeechlabError("an ABX test compares two systems or more, got one")
    every = ((item, pair) for item in cycle(items) for pair in pairs)
    questions = list(islice(every, n_trials or len(pairs) * len(items)))
    questions.sort(key=lambda question: pairs.index(question[1]))  # so that each pair is balanced in itself
    trials = []
    for (item, pair), (swapped, x_is_a) in zip(questions, balanced(rng), strict=False):
        first, second = reversed(pair) if swapped else pair
        clips = {"A": first, "B": second, "X": first if x_is_a else second}
        trials.append(Trial(item, " vs ".join(pair), clips, "A" if x_is_a else "B"))
    return [trials[place] for place in rng.permutation(len(trials))]


def balanced(rng: np.random.Generator) -> Iterator[tuple[bool, bool]]:
    """Give pairs of coin throws for ever: every two in a row are opposites, every four hold all combinations."""
    while True:
        first, second = rng.integers(2, size=2).astype(bool)
        yield from ((first, second), (not first, not second), (first, not second), (not first, second))


def mos_trials(systems: list[str], items: list[str], rng: np.random.Generator, n_trials: int | None) -> list[Trial]:
    """Go through rounds in which every system occurs once, each with another item where there are enough of them."""
    n_trials = n_trials or len(systems) * len(items)
    n_rounds = -(-n_trials // len(systems))
    chosen = list(islice(cycle(items), n_rounds))  # after all rounds, every system was heard with each of these
    trials = []
    for turn in range(n_rounds):
        for place in rng.permutation(len(systems)):
            trials.append(Trial(chosen[(turn + place) % n_rounds], systems[place], {"P": systems[place]}))
    return trials[:n_trials]


def prepare_clips(systems: Systems) -> tuple[dict[tuple[str, str], np.ndarray], int]:
    """Bring all clips to one rate, one loudness and, within an item, one length.

    Versions of nearly the same length are aligned: their silence stays as it is. Otherwise (two readings by two
    speech synthesisers) silence at the ends is cut, for its length would give them away. Short ones get silence after.

    Returns:
        (system, item) -> (samples,), and the rate in Hz: the highest of all.
    """
    sounds = {(system, item): sound for system, clips in systems.items() for item, sound in clips.items()}
    waveforms = {key: as_waveform(sound, " / ".join(key)) for key, sound in sounds.items()}
    sample_rate = max(int(sound.sample_rate) for sound in sounds.values())
    waveforms = {
        key: resample(waveform, int(sounds[key].sample_rate), sample_rate) for key, waveform in waveforms.items()
    }
    for item in next(iter(systems.values())):
        versions = {key: waveform for key, waveform in waveforms.items() if key[1] == item}
        lengths = [len(waveform) for waveform in versions.values()]
        if max(lengths) - min(lengths) > ALIGNED_S * sample_rate:
            versions = {key: trim_silence(waveform, sample_rate) for key, waveform in versions.items()}
        longest = max(len(waveform) for waveform in versions.values())
        waveforms |= {key: np.pad(waveform, (0, longest - len(waveform))) for key, waveform in versions.items()}
    return match_loudness(waveforms, sample_rate), sample_rate


def check_systems(systems: Systems) -> dict[str, dict[str, Audio]]:
    """Give the systems with names as text, once it is sure that each has clips, and the same items as the others."""
    filled = isinstance(systems, Mapping) and all(isinstance(clips, Mapping) and clips for clips in systems.values())
    if not systems or not filled:
        raise SpeechlabError("a listening test takes {system: {item: Audio}}, and at least one clip of each system")
    (first, clips), *others = systems.items()
    for system, other in others:
        if different := set(clips) ^ set(other):
            missing = ", ".join(sorted(map(str, different))[:5])
            raise SpeechlabError(f"{first!r} and {system!r} must have the same items; only one of them has {missing}")
    return {str(system): {str(item): sound for item, sound in clips.items()} for system, clips in systems.items()}


def page_markup(systems: Systems, kind: str, seed: int, title: str, n_trials: int | None) -> str:
    """Markup of the whole page."""
    systems = check_systems(systems)
    trials = plan_trials(list(systems), list(next(iter(systems.values()))), kind, seed, n_trials)
    waveforms, sample_rate = prepare_clips(systems)
    used = sorted({(system, trial.item) for trial in trials for system in trial.clips.values()})
    used = [used[place] for place in np.random.default_rng(seed).permutation(len(used))]  # their order tells nothing
    sounds = [data_uri(encode(waveforms[key], sample_rate, ".flac"), "audio/flac") for key in used]
    asked = [
        asdict(trial) | {"clips": {key: used.index((system, trial.item)) for key, system in trial.clips.items()}}
        for trial in trials
    ]
    plan = {"kind": kind, "columns": COLUMNS, "trials": asked}
    test_id = hashlib.sha256(json.dumps([plan, sounds]).encode()).hexdigest()[:10]
    heard = sum(len(waveforms[trial.clips[key], trial.item]) for trial in trials for key in trial.clips) / sample_rate
    minutes = max(1, round((heard + 4 * len(trials)) / 60))  # and some seconds to decide
    return whole_page(title, fill_template(kind, test_id, hide(plan, test_id), sounds, len(trials), minutes))


def hide(plan: dict, key: str) -> str:
    """Code what is asked, so that nobody reads it in passing; the script in the page undoes it."""
    content = json.dumps(plan).encode("ascii")
    coded = bytes(byte ^ ord(key[place % len(key)]) for place, byte in enumerate(content))
    return base64.b64encode(coded).decode("ascii")


def fill_template(kind: str, test_id: str, plan: str, sounds: list[str], n_trials: int, minutes: int) -> str:
    """Write the page's body, with what a test of this kind plays, asks and answers."""
    names = {key: key for key in "ABX"} if kind == "abx" else {"P": "▶ Play <kbd>Space</kbd>"}
    if kind == "abx":
        choices = [("A", "1", "X is A", "<kbd>1</kbd>"), ("B", "2", "X is B", "<kbd>2</kbd>")]
    else:  # the number that stands before the label is the key
        choices = [(mark, mark, f"{mark} – {label}", "") for mark, label in MOS_LABELS.items()]
    clips = "".join(
        f'<button type="button" data-key="{key}" aria-pressed="false">{name}<small></small></button>'
        for key, name in names.items()
    )
    answers = "\n".join(
        f'<label><input type="radio" name="answer" value="{value}" data-key="{key}"><span>{label}</span>{hint}</label>'
        for value, key, label, hint in choices
    )
    body = Template(asset("listening.html")).substitute(
        test_id=test_id, task=TASKS[kind], n_trials=n_trials, minutes=minutes, clips=clips, answers=answers,
        keys="".join(f"<dt>{keys_shown(keys)}</dt><dd>{escape(effect)}</dd>" for keys, effect in KEYS[kind].items()),
        question=QUESTIONS[kind], plan=plan, sounds=json.dumps(sounds),
    )  # fmt: skip
    return f"<style>{asset('listening.css')}</style>\n{body}<script>{asset('listening.js')}</script>"


def keys_shown(keys: str) -> str:
    """Draw keys divided by spaces as keys."""
    return " ".join(f"<kbd>{key}</kbd>" for key in keys.split())
