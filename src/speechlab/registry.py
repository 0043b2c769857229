"""Names that people type, in YAML or on the command line, and where what they name is defined.

Listing names imports nothing: a place is ``module:attribute``, and is imported when its thing is asked for. What comes
with speechlab stands in the tables below. A person's own things are added by a decorator in a file of theirs, which
``--import FILE`` loads::

    @models.register("my_vocoder")
    class MyVocoder(nn.Module): ...

or by the entry point of an installed package, in the group ``speechlab.models``, ``speechlab.metrics``, ...
"""

import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from speechlab.errors import SpeechlabError, did_you_mean


class Registry(MutableMapping[str, Any]):
    """A dictionary from names to classes or functions of one kind.

    Args:
        kind: what one of them is called in an error, such as ``model``.
        places: those that come with speechlab (``ours``), or where they are defined, as ``module:attribute``.
        group: the plural under which ``speechlab list`` and entry points know the kind; empty: they do not.
        aliases: other names of some, which are understood and not listed.
    """

    def __init__(self, kind: str, places: Mapping[str, Any] | None = None, group: str = "",
                 aliases: Mapping[str, str] | None = None):  # fmt: skip
        self.kind, self.group = kind, group
        self._known: dict[str, Any] = dict(places or {})
        self._aliases = dict(aliases or {})
        self.ours = tuple(self._known)

    @cached_property
    def _things(self) -> dict[str, Any]:
        """What is registered, things or their places, once entry points have been looked up."""
        for point in entry_points(group=f"speechlab.{self.group}") if self.group else ():
            self._known.setdefault(point.name, point.value)
        return self._known

    @property
    def added(self) -> tuple[str, ...]:
        """Names that do not come with speechlab."""
        return tuple(name for name in self._things if name not in self.ours)

    def register(self, name: str) -> Callable[[Any], Any]:
        """Give the decorated class or function this name; the same code may be run again, as a cell is."""

        def add(thing: Any) -> Any:
            if name in self and identity(self._things[name]) != identity(thing):
                raise SpeechlabError(f"the {self.kind} {name!r} is registered already; give yours another name")
            self._things[name] = thing
            return thing

        return add

    def __getitem__(self, name: str) -> Any:
        name = self._aliases.get(name, name)
        if name not in self:
            known = ", ".join(sorted(self))
            raise SpeechlabError(f"no {self.kind} is called {name!r}{did_you_mean(str(name), self)} (known: {known})")
        if isinstance(self._things[name], str):
            self._things[name] = imported(self._things[name])
        return self._things[name]

    def find(self, name: str) -> Any:
        """Give what a name stands for, or what is one's own by its place, ``package.module:attribute``.

        Raises:
            SpeechlabError: nothing has that name, or it cannot be imported from there.
        """
        if ":" not in name or name in self:
            return self[name]
        try:
            return imported(name)
        except (ImportError, AttributeError, ValueError, TypeError) as error:
            raise SpeechlabError(f"the {self.kind} {name} cannot be imported: {error}") from error

    def __setitem__(self, name: str, thing: Any) -> None:
        self._things[name] = thing

    def __delitem__(self, name: str) -> None:
        del self._things[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Give what a name stands for, or the default where nobody registered it."""
        return self[name] if name in self else default  # noqa: SIM401 - this is get itself

    def __contains__(self, name: object) -> bool:
        return name in self._things or name in self._aliases

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)


def import_own(file: str | Path) -> None:
    """Import a person's file, or an installed module, so that what it registers is known.

    Nothing else imports code that a checkpoint names; of an experiment, a training imports the losses that it names by
    their places.

    Raises:
        SpeechlabError: it is not there, or something else is imported by its name.
    """
    path = Path(file)
    if path.suffix != ".py":
        try:
            import_module(str(file))
        except ModuleNotFoundError as error:
            raise SpeechlabError(f"--import {file}: {error}; name a file such as my_ideas.py, or a module") from None
        return
    if not path.is_file():
        raise SpeechlabError(f"--import {file}: there is no such file")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)  # so that processes which share the work find it too
    found = import_module(path.stem)
    if Path(getattr(found, "__file__", None) or "").resolve() != path.resolve():
        raise SpeechlabError(f"--import {file}: there is another module called {path.stem}; rename your file")


def identity(thing: Any) -> tuple[str, str]:
    """Module and name of a class or function, or of its place."""
    if isinstance(thing, str):
        module, _, attribute = thing.partition(":")
        return module, attribute
    return getattr(thing, "__module__", ""), getattr(thing, "__qualname__", repr(thing))


def imported(place: str) -> Any:
    """Import what a place ``module:attribute`` names; the attribute may have dots."""
    module, _, path = place.partition(":")
    thing = import_module(module)
    for attribute in path.split("."):
        thing = getattr(thing, attribute)
    return thing


def within(package: str, places: Mapping[str, str]) -> dict[str, str]:
    """Complete places in one package of speechlab."""
    return {name: f"speechlab.{package}.{place}" for name, place in places.items()}


models = Registry("model", within("models", {
    "hifigan_gen": "hifigan:HiFiGANGenerator.preset",
    "vocos_gen": "vocos:VocosGenerator",
    "source_vocos_gen": "source_vocos:SourceVocosGenerator",
    "mpd": "hifigan:MultiPeriodDiscriminator",
    "msd": "hifigan:MultiScaleDiscriminator",
    "mrd": "mrd:MultiResolutionDiscriminator",
    "ms-stft_disc": "ms_stft:MultiScaleSTFTDiscriminator",
    "fastspeech": "fastspeech:FastSpeech",
    "fastspeech2": "fastspeech:FastSpeech2",
    "glowtts": "glowtts:GlowTTS",
    "aligner": "aligner:Aligner",
    "hifi++_gen": "hifipp:HiFiPPVocoder",
    "a2a_hifi++_gen": "hifipp:HiFiPPEnhancer",
    "ssd": "hifipp:SameScaleDiscriminator",
    "deep_filter_gen": "deep_filter:DeepFilter",
    "finally_gen": "finally_gan:Finally.preset",
}), "models")  # fmt: skip
"""``models.build`` makes them from plain sizes."""

trainers = Registry("trainer", within("training.recipes", {
    "aligner": "aligner:AlignerRecipe",
    "fastspeech": "fastspeech:FastSpeechRecipe",
    "fastspeech2": "fastspeech:FastSpeech2Recipe",
    "glowtts": "glowtts:GlowTTSRecipe",
    "hifigan_trainer": "vocoder:VocoderRecipe",
    "vocos_trainer": "vocoder:VocoderRecipe",
    "hifi++_trainer": "hifipp:HiFiPPRecipe",
    "deep_filter_trainer": "hifipp:HiFiPPRecipe",
    "finally_stage1_trainer": "finally_gan:FinallyRecipe",
    "finally_stage2_trainer": "finally_gan:AdversarialFinallyRecipe",
    "finally_stage3_pretrainer": "finally_gan:FinallyRecipe",
    "finally_stage3_trainer": "finally_gan:AdversarialFinallyRecipe",
}), "trainers")  # fmt: skip
"""Sub-classes of ``training.recipes.base.Recipe``; ``config.EXPERIMENTS`` has the schema of each one's experiments."""

losses = Registry("loss", within("losses", {
    "feature_loss": "adversarial:feature_loss",
    "gen_loss": "adversarial:generator_loss",
    "disc_loss": "adversarial:discriminator_loss",
    "l1_mel_loss": "spectral:mel_loss",
    "stft_loss": "spectral:multi_resolution_stft_loss",
    "spectrum_loss": "spectral:compressed_spectrum_loss",
    "lmos": "enhancement:lmos",
    "pesq": "enhancement:pesq",
    "utmos": "enhancement:utmos",  # of UTMOSv2
    "utmos_v1": "enhancement:utmos",  # of the strong learner of 2022
    "si_sdr": "enhancement:si_sdr",
    "acoustic": "acoustic:acoustic_losses",
    "flow": "flow:flow_losses",
    "forward_sum": "alignment:forward_sum_loss",
    "binarisation": "alignment:binarisation_loss",
}), "losses")  # fmt: skip
"""Functions of tensors, which say by the names of their arguments what they want (``speechlab.losses``). One's own may
compare ``estimate`` with ``reference``, waveforms (batch, 1, samples), and gives a scalar."""

adversarial_losses = Registry("adversarial loss", within("losses", {
    "least_squares": "adversarial:LEAST_SQUARES",
    "hinge": "adversarial:HINGE",
}), "adversarial_losses")  # fmt: skip
"""``losses.adversarial.AdversarialLoss``: what discriminators and the generator learn from each other."""

optimisers = Registry("optimiser", within("training", {
    "adamw": "optimisers:adamw",
    "adam": "optimisers:adam",
    "radam": "optimisers:radam",
    "sgd": "optimisers:sgd",
}), "optimisers")  # fmt: skip
"""Functions ``(parameters, OptimiserConfig) -> torch.optim.Optimizer``."""

metrics = Registry("metric", within("metrics", {
    "mcd": "cepstra:MelCepstralDistortion",
    "mcd_dtw": "cepstra:WarpedMelCepstralDistortion",
    "l1_mel_diff": "log_spectra:L1MelDifference",
    "lsd": "log_spectra:LogSpectralDistance",
    "wb_pesq": "pesq:WidebandPesq",
    "nb_pesq": "pesq:NarrowbandPesq",
    "f0_rmse": "pitch:PitchError",
    "si_sdr": "si_sdr:SiSdr",
    "stoi": "stoi:Stoi",
    "estoi": "stoi:ExtendedStoi",
    "wer_pocketsphinx": "words:WordErrorRate",
    "distillmos": "distillmos:DistillMos",
    "dnsmos": "dnsmos:PlainDnsmos",
    "legacy_dnsmos": "dnsmos:LegacyDnsmos",
    "wv-mos": "mos_predictors:WvMosMetric",
    "utmos_v1": "mos_predictors:UtmosV1",
    "mosnet": "mosnet:MosNetMetric",
    "speaker_similarity": "speaker:SpeakerSimilarity",
    "utmos": "utmosv2:UtmosV2",
    "utmos_average": "utmosv2:UtmosV2Average",
    "wer_whisper": "whisper:WhisperErrorRate",
}), "metrics", {"utmosv2": "utmos"})  # fmt: skip
"""Sub-classes of ``metrics.base.Metric``."""

corpora = Registry("corpus", within("data", {
    "embedded": "embedded.corpus:load_embedded",
    "folder": "corpora.folder:load_folder",
    "folders": "corpora.folders:load_folders",
    "ljspeech": "corpora.ljspeech:load_ljspeech",
    "ruslan": "corpora.ruslan:load_ruslan",
    "vctk": "corpora.vctk:load_vctk",
    "mel_dataset": "corpora.vctk:load_mel_dataset",
}), "corpora")  # fmt: skip
"""Functions ``(CorpusConfig) -> Corpus``."""

pair_sets = Registry("dataset", within("data", {
    "embedded": "embedded.pairs:load_embedded",
    "folders": "pairs.folders:load_folders",
    "mel_dataset": "pairs.plain:load_mel_dataset",
    "finally_dataset": "pairs.plain:load_finally_dataset",
    "vctk": "pairs.vctk:load_vctk",
    "voicebank": "pairs.voicebank:load_voicebank",
    "vctk-demand": "pairs.voicebank:load_vctk_demand",
    "augmented_daps": "pairs.daps:load_daps",
    "augmented_libritts-r": "pairs.libritts_r:load_libritts_r",
}), "datasets")  # fmt: skip
"""Functions ``(PairsConfig) -> PairSet``: pairs of degraded and clean speech."""

augmentations = Registry("augmentation", within("data.augmentations", {
    "noise": "noise:Noise",
    "impulse_response": "impulse_response:ImpulseResponse",
    "acrusher": "effects:Acrusher",
    "crystalizer": "effects:Crystalizer",
    "vibrato": "effects:Vibrato",
    "flanger": "effects:Flanger",
    "codec": "codec:Codec",
}), "augmentations")  # fmt: skip
"""Sub-classes of ``data.augmentations.base.Augmentation``."""

references = Registry("kind of reference checkpoint", within("compat", {
    "hifigan-generator": "hifigan:load_generator",
    "hifigan-mpd": "hifigan:load_period_discriminator",
    "hifigan-msd": "hifigan:load_scale_discriminator",
    "fastspeech2": "fastspeech:load_fastspeech2",
    "glowtts": "glowtts:load_glowtts",
    "ms-stft-discriminator": "ms_stft:load_discriminator",
    "hifipp-mel": "hifipp:load_vocoder",
    "hifipp-a2a": "hifipp:load_enhancer",
    "finally": "hifipp:load_finally",
    "vocos": "vocos:load_generator",
    "vocos-mrd": "vocos:load_discriminator",
}))  # fmt: skip
"""Functions ``(state dict, config) -> module``."""

KINDS = {
    kind.group: kind
    for kind in (
        models, trainers, losses, adversarial_losses, optimisers, metrics, corpora, pair_sets, augmentations,
    )
}  # fmt: skip
"""What a person can add to, by the name that ``speechlab list`` has for it."""
