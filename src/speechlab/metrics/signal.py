"""All metrics computed from the signal or by packages that bring all they need: importing this registers them."""

from speechlab.metrics import cepstra, log_spectra, pesq, pitch, si_sdr, stoi, words

__all__ = ["cepstra", "log_spectra", "pesq", "pitch", "si_sdr", "stoi", "words"]
