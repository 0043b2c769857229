"""DNSMOS: predicted MOS of noisy and enhanced speech, without a reference (arXiv:2010.15258, arXiv:2110.01763).

Two networks read windows of 9.01 s at steps of 1 s, and their answers are averaged. P.808 predicts an overall MOS;
P.835 predicts separate scores of the speech (SIG), the background (BAK) and the whole (OVR), each corrected by a
polynomial. They run by onnxruntime; the package ``speechmos`` carries the networks. The level matters: systems that are
compared must be levelled alike.
"""

from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import numpy as np

from speechlab.files import sha256
from speechlab.metrics.base import Metric, Unmeasurable
from speechlab.metrics.pretrained import RATE, require_package, require_speech

WINDOW_S = 9.01
N_WINDOW = 144_160  # samples
LOUDEST = 1.1  # of full scale: what a resampler makes of a full-scale recording; more is a mistake of scale
PLAIN = {
    "sig": (-0.08397278, 1.22083953, 0.0052439),
    "bak": (-0.13166888, 1.60915514, -0.39604546),
    "ovr": (-0.06766283, 1.11546468, 0.04602535),
}
PERSONALISED = {
    "sig": (-0.01019296, 0.02751166, 1.19576786, -0.24348726),
    "bak": (-0.04976499, 0.44276479, -0.1644611, 0.96883132),
    "ovr": (-0.00533021, 0.005101, 1.18058466, -0.11236046),
}


def windows_of(waveform: np.ndarray) -> list[np.ndarray]:
    """Cut a waveform (samples,) into windows (144160,) at steps of 1 s, the very ones that the reference code takes.

    A short waveform is doubled until it fills a window. The reference code leaves out a window that needs the last,
    incomplete second, and those whose end it rounds down by a sample: from 7 to 23 s, and some from 119 s on.
    They are left out here, too, so that scores agree with published ones.
    """
    while len(waveform) < N_WINDOW:
        waveform = np.concatenate([waveform, waveform])
    starts = range(max(1, len(waveform) // RATE - 9))
    ends = {start: int((start + WINDOW_S) * RATE) for start in starts}
    return [waveform[start * RATE : end] for start, end in ends.items() if end - start * RATE == N_WINDOW]


def p808_features(window: np.ndarray) -> np.ndarray:
    """Compute the log-mel (frames, 120) that the P.808 network reads; it ends 10 ms before the window does."""
    import librosa

    power = librosa.feature.melspectrogram(y=window[:-160], sr=RATE, n_fft=321, hop_length=160, n_mels=120)
    return ((librosa.power_to_db(power, ref=np.max) + 40) / 40).T.astype(np.float32)


def load_session(path: Path):
    """Load an ONNX network that computes in one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


class Dnsmos(Metric):
    """What both variants share."""

    folder: ClassVar[str]  # of the P.835 network in the package
    polynomials: ClassVar[dict[str, tuple[float, ...]]]
    unit = "MOS 1-5"
    sample_rate = RATE

    def prepare(self) -> None:
        """Load the two networks.

        Raises:
            Unavailable: a package is missing.
        """
        require_package("onnxruntime", "pip install onnxruntime")
        package = require_package("speechmos", "pip install speechmos")
        root = Path(package.__path__[0])
        paths = [root / "dnsmos_models" / "model_v8.onnx", root / self.folder / "sig_bak_ovr.onnx"]
        self.p808, self.p835 = (load_session(path) for path in paths)
        self.hashes = " and ".join(sha256(path)[:12] for path in paths)

    def compute(self, estimate, reference, sample_rate, text) -> dict[str, float]:
        """Average the answers to all windows.

        Raises:
            Unmeasurable: silence, less than 0.2 s, or samples beyond 1.1 of full scale.
        """
        require_speech(estimate, longest_s=None)
        peak = float(np.abs(estimate).max())
        if peak > LOUDEST:
            raise Unmeasurable(
                f"the peak is {peak:.3g} of full scale, and DNSMOS hears levels; save the audio in [-1, 1]"
            )
        answers = np.array([self.answers_to(window) for window in windows_of(estimate)])
        return dict(zip(self.outputs, answers.mean(axis=0).tolist(), strict=True))

    def answers_to(self, window: np.ndarray) -> list[float]:
        """Give P808, SIG, BAK and OVR of one window (144160,)."""
        (p808,) = self.p808.run(None, {"input_1": p808_features(window)[None]})
        (p835,) = self.p835.run(None, {"input_1": np.ascontiguousarray(window[None], np.float32)})
        mapped = [np.polyval(self.polynomials[name], raw) for name, raw in zip(PLAIN, p835[0], strict=True)]
        return [float(p808[0, 0]), *map(float, mapped)]


class PlainDnsmos(Dnsmos):
    """DNSMOS as usually reported; clean read speech has an OVR of about 3.2 to 3.4."""

    outputs = ("dnsmos_p808", "dnsmos_sig", "dnsmos_bak", "dnsmos_ovr")
    folder = "dnsmos_models"
    polynomials = PLAIN

    @property
    def version(self) -> str:
        """The package that carries the networks, and their hashes; known once they are loaded."""
        return f"networks of speechmos {version('speechmos')}, {self.hashes}"


class LegacyDnsmos(Dnsmos):
    """Personalised DNSMOS, which also marks down other voices: what torchmetrics gives with ``personalized=True``."""

    outputs = ("legacy_dnsmos_p808", "legacy_dnsmos_sig", "legacy_dnsmos_bak", "legacy_dnsmos_ovr")
    folder = "pdnsmos_models"
    polynomials = PERSONALISED

    @property
    def version(self) -> str:
        """Whose networks, their hashes, and by whose formula; known once they are loaded."""
        networks = f"personalised networks of speechmos {version('speechmos')}, {self.hashes}"
        return f"{networks}, formula of torchmetrics' DNSMOS"
