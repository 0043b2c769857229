"""Scales of mel magnitudes: the natural logarithm of neural vocoders, and the decibels of report 002."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class CoquiScale:
    """Mel scale of report 002 (the defaults of Coqui's AudioProcessor): decibels squeezed into [-4, 4].

    Everything below ``min_level_db + ref_level_db`` = -80 dB becomes the constant -4, and everything above +20 dB
    the constant 4. HiFi-GAN reads natural logarithms on another band and framing: not these.
    """

    gain: float = 20.0  # dB per factor of ten
    ref_level_db: float = 20.0
    min_level_db: float = -100.0
    max_norm: float = 4.0

    def encode(self, mel: Tensor) -> Tensor:
        """Scale mel magnitudes (not their logarithm) of any shape to [-max_norm, max_norm]."""
        decibels = self.gain * torch.log10(mel.clamp(min=1e-8)) - self.ref_level_db
        scaled = (decibels - self.min_level_db) / -self.min_level_db  # 0 at the floor, 1 at the top
        return (scaled * 2 * self.max_norm - self.max_norm).clamp(-self.max_norm, self.max_norm)

    def decode(self, scaled: Tensor) -> Tensor:
        """Give mel magnitudes back; what ``encode`` clipped stays clipped."""
        unit = (scaled.clamp(-self.max_norm, self.max_norm) + self.max_norm) / (2 * self.max_norm)
        decibels = unit * -self.min_level_db + self.min_level_db + self.ref_level_db
        return 10 ** (decibels / self.gain)
