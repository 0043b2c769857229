"""Corpora, pairs of degraded and clean speech, the feature cache, datasets and augmentations."""
