"""Signal processing without learned weights: read, write, resample, mel, Griffin-Lim, loudness, bands."""
