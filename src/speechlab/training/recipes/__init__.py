"""One module per trainer; importing them registers their names."""

from speechlab.training.recipes import aligner, fastspeech, finally_gan, glowtts, hifipp, vocoder  # noqa: F401
from speechlab.training.recipes.base import Recipe, recipes

__all__ = ["Recipe", "recipes"]
