"""Pairs of degraded and clean speech for enhancement: named datasets, and crops of them for training."""

from speechlab.data.pairs.base import Pair, PairSet, keep_out, load_pairs
from speechlab.data.pairs.crops import EnhancementBatch, EnhancementDataset, collate_enhancement

__all__ = ["EnhancementBatch", "EnhancementDataset", "Pair", "PairSet", "collate_enhancement", "keep_out", "load_pairs"]
