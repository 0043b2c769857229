"""The schema of every experiment: frozen dataclasses whose defaults are the papers' sizes.

YAML files hold only differences with these defaults; see ``load_experiment`` for how they are merged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

from speechlab.errors import SpeechlabError
from speechlab.registry import Registry


class Range(NamedTuple):
    """Between which numbers a value lies; ``above`` and ``below``: the bound itself is not allowed."""

    low: float
    high: float
    above: bool = False
    below: bool = False

    def __contains__(self, value: Any) -> bool:
        """Tell whether a number is allowed; NaN never is."""
        over = self.low < value if self.above else self.low <= value
        return over and (value < self.high if self.below else value <= self.high)

    def __str__(self) -> str:
        low = f"{'above' if self.above else 'at least'} {self.low:,}".replace(",", " ")
        return f"{low} and {'below' if self.below else 'at most'} {self.high:,}".replace(",", " ")


class Items(NamedTuple):
    """How many items a list has."""

    low: int
    high: int

    def __contains__(self, value: Any) -> bool:
        return self.low <= len(value) <= self.high

    def __str__(self) -> str:
        return f"a list of {self.low} to {self.high} items"


Count = Annotated[int, Range(1, 10**9)]  # of what there must be at least one
Number = Annotated[int, Range(0, 10**9)]  # of what there may be none
Width = Annotated[int, Range(1, 16_384)]  # channels of a layer
Depth = Annotated[int, Range(1, 256)]  # layers
Kernel = Annotated[int, Range(1, 1_024)]  # frames or tokens that a convolution sees
Share = Annotated[float, Range(0, 1)]
Positive = Annotated[float, Range(0, 1, above=True)]
Dropout = Annotated[float, Range(0, 1, below=True)]
Weight = Annotated[float, Range(0, 1e6)]  # of a loss
Hertz = Annotated[float, Range(0, 384_000)]
Speed = Annotated[float, Range(0.1, 10)]
Decibel = Annotated[float, Range(-200, 200)]
WindowLength = Annotated[int, Range(1, 2**20)]  # samples
SegmentLength = Annotated[int, Range(1, 2**28)]  # samples
Lufs = Annotated[float, Range(-70, 0)]
Temperature = Annotated[float, Range(0, 1_000, above=True)]
Window = Annotated[int, Range(0, 10_000)]
Factor = Annotated[float, Range(0, 100)]
Scale = Annotated[float, Range(0, 64, above=True)]  # of a network's width
Utterances = Annotated[int, Range(64, 10**9)]
Windows = Annotated[tuple[Annotated[int, Range(16, 65_536)], ...], Items(1, 32)]  # samples
Names = Annotated[tuple[str, ...], Items(1, 32)]
Folders = Annotated[tuple[str, ...], Items(0, 10_000)]


@cache
def bounds_of(schema: type) -> dict[str, Any]:
    """Give the annotated type of each field of a config dataclass: the one place where its range stands."""
    return get_type_hints(schema, include_extras=True)


def broken_bounds(kind: Any, value: Any) -> Iterator[str]:
    """Give, for a value and all items in it, what it must be and is not."""
    for bound in getattr(kind, "__metadata__", ()):
        if value not in bound:
            yield f"must be {bound}, got {value!r}"
    inner = get_args(get_args(kind)[0] if hasattr(kind, "__metadata__") else kind)
    if isinstance(value, tuple | list) and inner:
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        for each, item in zip(kinds, value, strict=False):
            yield from broken_bounds(each, item)


class Bounded:
    """A config whose numbers lie within the ranges of their fields, however it is made."""

    def __post_init__(self) -> None:
        for name, kind in bounds_of(type(self)).items():  # type: ignore[arg-type]  # mypy looks for an instance's hash
            for problem in broken_bounds(kind, getattr(self, name)):
                raise SpeechlabError(f"{name} {problem}")


SCALES = ("log", "coqui")  # of mels


@dataclass(frozen=True)
class AudioSpec(Bounded):
    """Mel analysis shared by acoustic models and vocoders; stamped into features, checkpoints and exports."""

    sample_rate: Annotated[int, Range(1_000, 768_000)] = 22_050  # Hz
    n_fft: Annotated[int, Range(2, 2**20)] = 1024  # samples
    win_length: WindowLength = 1024  # samples, periodic Hann
    hop_length: WindowLength = 256  # samples, 11.6 ms
    n_mels: Annotated[int, Range(1, 4_096)] = 80
    f_min: Hertz = 0.0  # Hz
    f_max: Hertz = 8_000.0  # a vocoder only reads mels cut at its own f_max
    log_floor: Positive = 1e-5  # mel magnitudes below are raised to it before the logarithm
    centring: bool = False  # false: frame t is centred on sample hop * t + hop / 2, and frames == samples // hop
    scale: str = "log"  # of magnitudes: natural logarithm; coqui: report 002's decibels, squeezed into [-4, 4]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.f_max > self.sample_rate / 2:
            raise SpeechlabError(
                f"f_max must be at most half the sample rate, {self.sample_rate / 2:g} Hz, got {self.f_max:g}"
            )
        if self.scale not in SCALES:
            raise SpeechlabError(f"scale is one of {', '.join(SCALES)}, got {self.scale!r}")
        if self.f_min >= self.f_max:
            raise SpeechlabError(f"f_min must be below f_max, {self.f_max:g} Hz, got {self.f_min:g}")
        for name in ("win_length", "hop_length"):
            if getattr(self, name) > self.n_fft:
                raise SpeechlabError(f"{name} must be at most n_fft, {self.n_fft}, got {getattr(self, name)}")

    @property
    def frame_rate(self) -> float:
        """Mel frames per second."""
        return self.sample_rate / self.hop_length

    @property
    def padding(self) -> int:
        """Samples reflected on each side before the STFT."""
        return self.n_fft // 2 if self.centring else (self.n_fft - self.hop_length) // 2

    def require(self, other: "AudioSpec", mine: str, theirs: str) -> None:
        """Raise unless both parts were made for the same analysis; the message prints both columns."""
        if self == other:
            return
        rows = [f"{'':>12}  {mine:>14}  {theirs:>14}"]
        for item in fields(self):
            a, b = getattr(self, item.name), getattr(other, item.name)
            rows.append(f"{item.name:>12}  {a!s:>14}  {b!s:>14}" + ("" if a == b else "   <- differs"))
        table = "\n".join(rows)
        raise SpeechlabError(f"{mine} and {theirs} were made for different audio; use a matching pair\n{table}")


@dataclass(frozen=True)
class CorpusConfig(Bounded):
    """Which recordings to learn from."""

    name: str = "embedded"  # a registered corpus: embedded, ljspeech, folder, folders
    path: str = ""  # its folder (of folders: several, with commas); empty: its place under SPEECHLAB_DATA
    language: str = "en"
    n_utterances: Number = 0  # use the first so many; 0 uses all
    n_validation: Number = 40  # utterances kept out of training, where the corpus itself has no split
    remove_offset: bool = True  # subtract each file's mean (DC)
    loudness: Lufs = 0.0  # LUFS to which each file is brought, peaks kept under 0.95; 0 keeps the recorded level
    voice: str = "en-us"  # embedded corpus only: the synthesiser's voice
    text_column: str = ""  # of a metadata file: number, from 1, or name of the transcript's; empty: it is recognised
    validation_path: str = ""  # folder of recordings to validate on; empty: of the corpus so many are kept out


@dataclass(frozen=True)
class TextConfig(Bounded):
    """What a model reads."""

    frontend: str = (
        "phonemes"  # or graphemes: letters as they are written; stressed_graphemes: Russian ones with stress
    )
    blanks: bool = True  # a blank between any two tokens


@dataclass(frozen=True)
class OptimiserConfig(Bounded):
    """An optimiser and its learning-rate schedule, counted in optimiser steps."""

    learning_rate: Annotated[float, Range(0, 10)] = 2e-4  # the peak, for every schedule
    betas: tuple[Dropout, Dropout] = (0.8, 0.99)
    epsilon: Positive = 1e-8
    weight_decay: Factor = 0.01
    schedule: str = "constant"  # constant, noam, noam_by_epoch, exponential or cosine; all of them warm up first
    warmup_steps: Number = 0
    decay: Positive = 0.999  # exponential only: factor per epoch, or
    decay_every: Number = 0  # per so many steps
    name: str = "adamw"  # or adam, radam, sgd


@dataclass(frozen=True)
class TrainingConfig(Bounded):
    """What the engine does around a recipe's step."""

    steps: Count = 100_000  # optimiser steps
    batch_size: Annotated[int, Range(1, 1_000_000)] = 16
    accumulate: Count = 1  # batches per optimiser step
    clip_norm: Annotated[float, Range(0, 1e9)] = 0.0  # 0: gradients are not clipped; their norm is logged all the same
    precision: str = "auto"  # auto, fp32, bf16 or fp16
    ema_decay: Dropout = 0.0  # 0: no moving average of the weights
    seed: Annotated[int, Range(0, 2**63 - 1)] = 1234
    n_workers: Annotated[int, Range(0, 1_024)] = 2  # processes that prepare batches
    n_threads: Annotated[int, Range(0, 4_096)] = 0  # CPU threads for the computation; 0 leaves PyTorch's choice
    log_every: Count = 10
    render_every: Count = 1000  # the same sentences or clips, kept for the time-travel player
    validate_every: Count = 1000
    checkpoint_every: Count = 1000
    keep_checkpoints: Count = 3
    max_skipped_steps: Count = 5  # non-finite losses in a row before the run stops with a diagnosis
    wandb: str = "disabled"  # disabled, offline or online


@dataclass(frozen=True)
class HiFiGANSizes(Bounded):
    """HiFi-GAN generator (arXiv:2010.05646, table 4); the defaults are V1."""

    preset: str = "v1"  # v1, v2 or v3
    name: str = "hifigan_gen"  # of the registered model; one's own has sizes, and a trainer, of its own


@dataclass(frozen=True)
class AlignerSizes(Bounded):
    """Learned aligner (arXiv:2108.10447, section 2)."""

    channels: Width = 256
    key_kernel: Kernel = 1  # the reference's 3 lets a key absorb its neighbours: alignments come out about 50 ms late
    temperature: Temperature = 0.05  # the reference's 0.0005 is for mels that are not standardised


@dataclass(frozen=True)
class FastSpeechSizes(Bounded):
    """FastSpeech 1 and 2 (arXiv:1905.09263, arXiv:2006.04558)."""

    channels: Width = 256
    n_heads: Annotated[int, Range(1, 256)] = 2
    encoder_layers: Depth = 4
    decoder_layers: Depth = 4
    filter_channels: Width = 1024
    kernel_sizes: tuple[Kernel, Kernel] = (9, 1)
    dropout: Dropout = 0.1
    predictor_channels: Width = 256
    predictor_kernel: Kernel = 3
    predictor_dropout: Dropout = 0.5
    n_bins: Annotated[int, Range(2, 65_536)] = 256  # of pitch and of energy (FastSpeech 2)
    postnet: bool = True
    pre_norm: bool = False  # true: Pre-LN, steadier without warm-up


@dataclass(frozen=True)
class GlowTTSSizes(Bounded):
    """Glow-TTS (arXiv:2005.11129, appendix A.1)."""

    channels: Width = 192
    n_heads: Annotated[int, Range(1, 256)] = 2
    encoder_layers: Depth = 6
    filter_channels: Width = 768
    kernel_size: Kernel = 3
    dropout: Dropout = 0.1
    window: Window = 4  # tokens within which attention knows where a token is; 0: it does not know
    predictor_channels: Width = 256
    n_flows: Depth = 12
    flow_channels: Width = 192
    flow_kernel: Kernel = 5
    flow_layers: Depth = 4
    flow_dropout: Dropout = 0.05
    bounded_scale: bool = True  # log-scales of the couplings stay within (-2, 2); the published ones have no bound


@dataclass(frozen=True)
class DiscriminatorConfig(Bounded):
    """Which discriminators the vocoder is trained against, and how wide they are."""

    names: Names = ("mpd", "msd")
    width: Scale = 1.0  # factor on the reference's channels
    widths: Annotated[tuple[Scale, ...], Items(0, 32)] = ()  # of each by itself, times ``width``; empty: 1 each
    weights: Annotated[tuple[Weight, ...], Items(0, 32)] = ()  # of each in the losses; empty: 1 each

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("widths", "weights"):
            if getattr(self, name) and len(getattr(self, name)) != len(self.names):
                raise SpeechlabError(
                    f"discriminator.{name} must have one number for each of {', '.join(self.names)},"
                    f" got {len(getattr(self, name))}"
                )


@dataclass(frozen=True)
class PairsConfig(Bounded):
    """Which clean recordings to learn from, and how their degraded counterparts come about."""

    name: str = "folders"  # a registered dataset: folders, voicebank, vctk, augmented_libritts-r, ...
    path: str = ""  # a downloaded dataset's folder; empty: its place under SPEECHLAB_DATA
    clean: Folders = ()  # dataset folders: of clean speech, at any depth
    noisy: str = ""  # dataset folders: degraded recordings with the names of the clean ones; empty: made from them
    n_files: Number = 0  # use the first so many of each split; 0 uses all
    n_validation: Number = 40  # files kept out of training, of speakers kept out where these are known
    speeds: tuple[Speed, Speed] = (1.0, 1.0)  # between which a recording is played faster or slower: more voices
    remove_noise_floor: bool = False  # of the targets: a quiet recording's own noise is to be removed too
    validation: str = ""  # dataset, such as vctk-demand, or folder of clean speech, to validate on; empty: of this one


@dataclass(frozen=True)
class DegradationConfig(Bounded):
    """What befalls clean speech on its way into a file; numbers are drawn for each item (FINALLY's by default)."""

    noises: Folders = ()  # folders of noise; none: simulated
    noise_probability: Share = 1.0
    snr_db: tuple[Decibel, Decibel] = (10.0, 20.0)
    noise_tilt_db: tuple[Decibel, Decibel] = (0.0, 0.0)  # per octave, given to the spectra of noises
    babble: Folders = ()  # folders of speech, of which several voices at once are a noise too
    babble_share: Share = 0.2  # of the noises, where there is speech for it
    rooms: Folders = ()  # folders of impulse responses; none: simulated
    room_probability: Share = 0.8
    microphones: Folders = ()  # folders of impulse responses; none: no microphones
    microphone_probability: Share = 1.0
    effects: Factor = 1.0  # factor on the probabilities of acrusher, crystalizer, vibrato and flanger; 0: none
    codec_probability: Share = 0.45
    order: str = "physical"  # or reference: noise, microphone, room
    band_hz: tuple[
        Annotated[int, Range(100, 384_000)], ...
    ] = ()  # low-passed to one of these; bandwidth extension is to bring the rest back
    band_method: str = "random"  # default (resampled), decimate (Chebyshev), or one of both at random


@dataclass(frozen=True)
class ValidationConfig(Bounded):
    """By which metrics a run is scored while it trains, beside the numbers that its recipe always gives."""

    metrics: Annotated[tuple[str, ...], Items(0, 32)] = ()  # by name: speechlab list metrics
    n_clips: Count = 8  # held-out clips that they measure, those of the recipe's renders where there is no more


@dataclass(frozen=True)
class LossConfig(Bounded):
    """One loss of a generator, by name, and its factor in the sum."""

    name: str = ""  # speechlab list losses; or one's own, package.module:function
    weight: Weight = 1.0


Losses = Annotated[tuple[LossConfig, ...], Items(0, 32)]


@dataclass(frozen=True)
class Experiment(Bounded):
    """What every experiment has; subclasses add what they learn from, and one per recipe its own parts."""

    name: str = ""
    recipe: str = ""
    audio: AudioSpec = field(default_factory=AudioSpec)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    initial: str = ""  # run or checkpoint whose weights to start from; empty: random weights


@dataclass(frozen=True)
class SpeechExperiment(Experiment):
    """Learns from a corpus of recordings, with or without transcripts."""

    corpus: CorpusConfig = field(default_factory=CorpusConfig)


@dataclass(frozen=True)
class AlignerExperiment(SpeechExperiment):
    """Train the aligner alone, then export durations."""

    recipe: str = "aligner"
    model: AlignerSizes = field(default_factory=AlignerSizes)
    optimiser: OptimiserConfig = field(
        default_factory=lambda: OptimiserConfig(1e-3, (0.9, 0.98), 1e-9, 1e-6, "constant")
    )
    binarisation_start: Number = 6_000  # step at which the bin loss begins
    binarisation_full: Number = 18_000  # step at which it reaches weight 1


@dataclass(frozen=True)
class FastSpeechExperiment(SpeechExperiment):
    """Train FastSpeech (no pitch, no energy) on given durations."""

    recipe: str = "fastspeech"
    model: FastSpeechSizes = field(default_factory=lambda: FastSpeechSizes(postnet=False))
    optimiser: OptimiserConfig = field(
        default_factory=lambda: OptimiserConfig(1e-3, (0.9, 0.98), 1e-9, 0.0, "noam", 4000)
    )
    aligner: str = ""  # experiment or run that gives the durations; empty: the corpus's true timings
    duration_loss: str = "mse"  # or l1, of their logarithms


@dataclass(frozen=True)
class FastSpeech2Experiment(FastSpeechExperiment):
    """Train FastSpeech 2 on given durations, pitch and energy."""

    recipe: str = "fastspeech2"
    model: FastSpeechSizes = field(default_factory=FastSpeechSizes)
    energy_scale: str = "linear"  # or log: of the magnitudes that are predicted


@dataclass(frozen=True)
class GlowTTSExperiment(SpeechExperiment):
    """Train Glow-TTS, which finds the durations by itself."""

    recipe: str = "glowtts"
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(batch_size=32, clip_norm=5.0))
    model: GlowTTSSizes = field(default_factory=GlowTTSSizes)
    text: TextConfig = field(default_factory=TextConfig)
    optimiser: OptimiserConfig = field(
        default_factory=lambda: OptimiserConfig(1e-3, (0.9, 0.998), 1e-9, 1e-6, "noam", 4000)
    )
    n_initialisation: Utterances = 64  # utterances from which the flow's norms are set; fewer set them badly
    dequantisation: Factor = 0.01  # standard deviation of noise on standardised mels: silence must vary
    noise_scale: Factor = 0.333  # standard deviation of the latent when the model speaks


@dataclass(frozen=True)
class HiFiGANExperiment(SpeechExperiment):
    """Train a HiFi-GAN vocoder (arXiv:2010.05646), optionally generator-only at first."""

    recipe: str = "hifigan_trainer"
    model: HiFiGANSizes = field(default_factory=HiFiGANSizes)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    optimiser: OptimiserConfig = field(default_factory=lambda: OptimiserConfig(schedule="exponential"))
    segment_length: SegmentLength = 8192  # samples; a multiple of the hop
    generator_only_steps: Number = 0  # mel and multi-resolution STFT losses alone until then
    mel_weight: Weight = 45.0
    feature_weight: Weight = 2.0
    stft_weight: Weight = 0.0  # multi-resolution STFT loss; used in the generator-only phase too
    acoustic_model: str = ""  # run of a FastSpeech on whose teacher-forced mels to fine-tune; empty: real mels
    adversarial_loss: str = "least_squares"  # summed over the networks; or hinge, averaged over each family of them
    losses: Losses = ()  # of the generator, instead of all weights here, such as [{name: gen_loss, weight: 1}]


@dataclass(frozen=True)
class VocosSizes(Bounded):
    """Vocos generator (arXiv:2306.00814, section 4); the defaults are the paper's 13.5 M parameters."""

    name: str = "vocos_gen"  # source_vocos_gen begins from a source of harmonics and noise, along the mel's pitch
    channels: Width = 512
    intermediate_channels: Width = 1536
    n_layers: Depth = 8


@dataclass(frozen=True)
class VocosExperiment(HiFiGANExperiment):
    """Train a Vocos vocoder (arXiv:2306.00814): the vocoder recipe with another generator and other losses."""

    recipe: str = "vocos_trainer"
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(steps=1_000_000))
    model: VocosSizes = field(default_factory=VocosSizes)  # type: ignore[assignment]  # of another generator
    discriminator: DiscriminatorConfig = field(
        default_factory=lambda: DiscriminatorConfig(names=("mpd", "mrd"), weights=(1.0, 0.1))
    )
    optimiser: OptimiserConfig = field(default_factory=lambda: OptimiserConfig(5e-4, (0.8, 0.9), schedule="cosine"))
    segment_length: SegmentLength = 16_384
    feature_weight: Weight = 1.0
    adversarial_loss: str = "hinge"


@dataclass(frozen=True)
class HiFiPPSizes(Bounded):
    """HiFi++ (arXiv:2203.13086); the defaults are the paper's 1.7 M parameters."""

    name: str = "a2a_hifi++_gen"  # hears the degraded waveform; hifi++_gen hears its mel alone
    channels: Width = 128
    spectral_widths: tuple[Width, ...] = (8, 16, 24, 32, 64)
    spectral_depth: Depth = 5
    wave_widths: tuple[Width, ...] = (10, 20, 40, 80)
    wave_depth: Depth = 4
    mask_widths: tuple[Width, ...] = (8, 12, 24, 32)
    mask_depth: Depth = 4


DEGRADERS = ("noises", "babble", "rooms", "microphones")
"""Fields of :class:`DegradationConfig` that name folders of recordings."""


@dataclass(frozen=True)
class EnhancementExperiment(Experiment):
    """Learns from pairs of degraded and clean speech."""

    audio: AudioSpec = field(default_factory=lambda: AudioSpec(sample_rate=16_000))  # of the input
    data: PairsConfig = field(default_factory=PairsConfig)
    degradation: DegradationConfig = field(default_factory=DegradationConfig)
    segment_length: SegmentLength = 8192  # samples of the input's rate; a multiple of 4096 keeps all grids


@dataclass(frozen=True)
class HiFiPPExperiment(EnhancementExperiment):
    """Train HiFi++ against three equal discriminators, optionally generator-only at first."""

    recipe: str = "hifi++_trainer"
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(steps=80_000, batch_size=32))
    model: HiFiPPSizes = field(default_factory=HiFiPPSizes)
    discriminator: DiscriminatorConfig = field(default_factory=lambda: DiscriminatorConfig(("ssd",)))
    optimiser: OptimiserConfig = field(default_factory=lambda: OptimiserConfig(schedule="exponential"))
    generator_only_steps: Number = 0
    mel_weight: Weight = 45.0
    feature_weight: Weight = 2.0
    stft_weight: Weight = 0.0  # multi-resolution STFT loss
    spectrum_weight: Weight = 0.0  # compressed spectrum loss: keeps the phase of the input
    si_sdr_weight: Weight = 0.0  # a decibel of SI-SDR
    pesq_weight: Weight = 0.0  # a point of PESQ, which is then no longer an independent metric
    adversarial_loss: str = "least_squares"  # summed over the networks; or hinge, averaged over each family of them
    losses: Losses = ()  # of the generator, instead of all weights here, such as [{name: gen_loss, weight: 1}]


@dataclass(frozen=True)
class DeepFilterSizes(Bounded):
    """Filters over a few frames, from a small U-Net; the defaults are the bundled denoiser's 2.6 M parameters."""

    name: str = "deep_filter_gen"
    widths: tuple[Width, ...] = (16, 24, 32, 48)  # of the encoder, each at half as many bins
    channels: Width = 256  # of the blocks over time
    intermediate_channels: Width = 512
    dilations: tuple[Width, ...] = (1, 2, 4, 8, 1, 2, 4, 8)
    n_taps: Annotated[int, Range(1, 31)] = 3


@dataclass(frozen=True)
class DeepFilterExperiment(HiFiPPExperiment):
    """Train a denoiser that filters the spectrogram: HiFi++'s recipe with another generator and other losses."""

    recipe: str = "deep_filter_trainer"
    model: DeepFilterSizes = field(default_factory=DeepFilterSizes)  # type: ignore[assignment]  # of another generator
    discriminator: DiscriminatorConfig = field(default_factory=lambda: DiscriminatorConfig(("mpd", "mrd"), 0.25))
    optimiser: OptimiserConfig = field(default_factory=lambda: OptimiserConfig(1e-3, (0.9, 0.99), schedule="cosine"))
    segment_length: SegmentLength = 32_768
    generator_only_steps: Number = 100_000_000
    mel_weight: Weight = 0.0
    feature_weight: Weight = 1.0
    spectrum_weight: Weight = 100.0
    si_sdr_weight: Weight = 0.1
    adversarial_loss: str = "hinge"


@dataclass(frozen=True)
class FinallySizes(Bounded):
    """FINALLY (arXiv:2410.05920); the widths of a size are in ``models/finally_gan.py``."""

    size: str = "base"  # tiny (to try things out), small (a CPU), base, or large: 144.4 M parameters
    sample_rate: Annotated[int, Range(16_000, 48_000)] = 16_000  # Hz, of the output: 16 000, or 48 000 in stage 3
    wavlm: str = "wavlm-large"  # weights of the WavLM whose features it reads; tiny: a very small one, not trained


@dataclass(frozen=True)
class STFTDiscriminatorConfig(Bounded):
    """MS-STFT discriminator (arXiv:2210.13438)."""

    filters: Width = 64  # of every layer
    n_ffts: Windows = (2048, 1024, 512, 256, 128)  # samples: windows, one sub-discriminator each


@dataclass(frozen=True)
class FinallyStage1Experiment(EnhancementExperiment):
    """FINALLY, stage 1: learn by regression what is said."""

    recipe: str = "finally_stage1_trainer"
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(steps=100_000, batch_size=32))
    model: FinallySizes = field(default_factory=FinallySizes)
    optimiser: OptimiserConfig = field(
        default_factory=lambda: OptimiserConfig(schedule="exponential", decay=0.996, decay_every=200)
    )
    context_length: SegmentLength = 65_536  # samples of the degraded recording around a segment that WavLM hears
    sub_batch_size: Count = 8  # segments the discriminators see at once: bounds all memory but the generator's
    lmos_feature: str = "conv"  # of WavLM, that the loss compares: conv, conv_ln or layer1
    lmos_weight: Weight = 1.0
    losses: Losses = ()  # of the generator, instead of all weights here, such as [{name: gen_loss, weight: 1}]


@dataclass(frozen=True)
class FinallyStage2Experiment(FinallyStage1Experiment):
    """FINALLY, stage 2: against discriminators, at 16 kHz."""

    recipe: str = "finally_stage2_trainer"
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(steps=30_000, batch_size=32))
    optimiser: OptimiserConfig = field(
        default_factory=lambda: OptimiserConfig(schedule="exponential", decay=0.995, decay_every=200)
    )
    discriminator: STFTDiscriminatorConfig = field(default_factory=STFTDiscriminatorConfig)
    discriminator_optimiser: OptimiserConfig = field(
        default_factory=lambda: OptimiserConfig(
            2.111e-4, (0.5, 0.999), schedule="exponential", decay=0.995, decay_every=200
        )
    )
    n_discriminator_steps: Annotated[int, Range(1, 1_000)] = 2  # for each step of the generator
    lmos_weight: Weight = 20.0
    adversarial_weight: Weight = 0.4
    feature_weight: Weight = 20.0  # of the relative feature loss
    pesq_weight: Weight = 0.0
    utmos_weight: Weight = 0.0


@dataclass(frozen=True)
class FinallyStage3PretrainExperiment(FinallyStage1Experiment):
    """FINALLY, before stage 3: teach the new 48 kHz head by regression, so that it does not spoil the rest."""

    recipe: str = "finally_stage3_pretrainer"
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(steps=8_000, batch_size=32))
    model: FinallySizes = field(default_factory=lambda: FinallySizes(sample_rate=48_000))
    freeze_backbone: bool = False  # train the 48 kHz head alone


@dataclass(frozen=True)
class FinallyStage3Experiment(FinallyStage2Experiment):
    """FINALLY, stage 3: against discriminators at 48 kHz, and for the ear as PESQ and UTMOS predict it."""

    recipe: str = "finally_stage3_trainer"
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(steps=40_000, batch_size=32))
    model: FinallySizes = field(default_factory=lambda: FinallySizes(sample_rate=48_000))
    optimiser: OptimiserConfig = field(
        default_factory=lambda: OptimiserConfig(schedule="exponential", warmup_steps=2000, decay=0.995, decay_every=200)
    )
    discriminator: STFTDiscriminatorConfig = field(
        default_factory=lambda: STFTDiscriminatorConfig(n_ffts=(4096, 2048, 1024, 512, 256))
    )
    freeze_backbone: bool = False  # train the 48 kHz head alone
    lmos_weight: Weight = 0.5
    adversarial_weight: Weight = 5.0
    feature_weight: Weight = 15.0
    pesq_weight: Weight = 2.0  # a point of PESQ
    utmos_weight: Weight = 20.0  # a point of UTMOS; needs its weights: speechlab weights get utmos-v1


EXPERIMENTS = Registry(
    "recipe",
    {
        kind().recipe: kind
        for kind in (
            AlignerExperiment,
            FastSpeechExperiment,
            FastSpeech2Experiment,
            GlowTTSExperiment,
            HiFiGANExperiment,
            VocosExperiment,
            HiFiPPExperiment,
            DeepFilterExperiment,
            FinallyStage1Experiment,
            FinallyStage2Experiment,
            FinallyStage3PretrainExperiment,
            FinallyStage3Experiment,
        )
    },
    "schemas",
)
"""The schema of each trainer's experiments; ``registry.trainers`` has the trainers themselves."""


def to_dict(config: Any) -> dict[str, Any]:
    """Turn a config dataclass into plain dictionaries and lists, as stored in a checkpoint's card."""
    return {item.name: to_plain(getattr(config, item.name)) for item in fields(config)}


def to_plain(value: Any) -> Any:
    """Plain counterpart of one config value."""
    if hasattr(value, "__dataclass_fields__"):
        return to_dict(value)
    return [to_plain(item) for item in value] if isinstance(value, tuple) else value
