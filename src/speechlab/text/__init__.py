"""From written text to phonemes: normalisation, stress, symbols; English and Russian."""
