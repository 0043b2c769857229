"""Adversarial losses, least-squares (HiFi-GAN, arXiv:2010.05646, section 2.3) and hinge (Vocos), and feature matching.

A discriminator returns one ``(scores, features)`` pair per sub-discriminator; these functions take such lists.
Weights belong to the recipe: nothing here is multiplied by a lambda.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from speechlab.errors import SpeechlabError

Judgements = Sequence[tuple[Tensor, Sequence[Tensor]]]
"""(scores, features) of each sub-discriminator."""


def discriminator_loss(real: Judgements, fake: Judgements) -> Tensor:
    """Ask for 1 on real audio and 0 on generated audio (eq. 1).

    A discriminator that answers 0 to everything pays exactly 1 per sub-discriminator.

    Args:
        real: discriminator outputs for recorded audio; scores of any shape.
        fake: outputs for the same generator outputs, detached from the generator.

    Returns:
        Scalar, summed over sub-discriminators.
    """
    losses = [
        (1 - real_scores.float()).square().mean() + fake_scores.float().square().mean()
        for (real_scores, _), (fake_scores, _) in zip(real, fake, strict=True)
    ]
    return torch.stack(losses).sum()


def generator_loss(fake: Judgements) -> Tensor:
    """Ask the generated audio to be scored 1 (eq. 2); scalar, summed over sub-discriminators."""
    return torch.stack([(1 - scores.float()).square().mean() for scores, _ in fake]).sum()


def hinge_discriminator_loss(real: Judgements, fake: Judgements) -> Tensor:
    """Ask for at least 1 on real audio and at most -1 on generated audio (Vocos, arXiv:2306.00814, section 3.4).

    Beyond these margins nothing is asked, so a discriminator that is right has no gradient.

    Returns:
        Scalar, summed over sub-discriminators; one that answers 0 to everything pays exactly 2.
    """
    losses = [
        (1 - real_scores.float()).clamp_min(0).mean() + (1 + fake_scores.float()).clamp_min(0).mean()
        for (real_scores, _), (fake_scores, _) in zip(real, fake, strict=True)
    ]
    return torch.stack(losses).sum()


def hinge_generator_loss(fake: Judgements) -> Tensor:
    """Ask the generated audio to be scored at least 1; scalar, summed over sub-discriminators."""
    return torch.stack([(1 - scores.float()).clamp_min(0).mean() for scores, _ in fake]).sum()


class AdversarialLoss(NamedTuple):
    """A pair of losses, and what the discriminator's is where nothing can be told apart, for one network."""

    discriminator: Callable[[Judgements, Judgements], Tensor]
    generator: Callable[[Judgements], Tensor]
    undecided: float
    averaged: bool  # over a family's networks, not summed


LEAST_SQUARES = AdversarialLoss(discriminator_loss, generator_loss, undecided=0.5, averaged=False)
HINGE = AdversarialLoss(hinge_discriminator_loss, hinge_generator_loss, undecided=2.0, averaged=True)


def feature_loss(real: Judgements, fake: Judgements, mode: Literal["sum", "relative"] = "sum") -> Tensor:
    """Compare the discriminators' inner activations on recorded and generated audio (eq. 4).

    ``sum`` is HiFi-GAN's, and grows with the number of maps. ``relative`` is EnCodec's (arXiv:2210.13438, section
    3.4), which the weights of FINALLY expect: each map counts in proportion to its own size. Here that is the size for
    one recording, not for the batch, so that a batch can be taken in parts. No gradient flows to the real side: it
    would only teach the generator's step to move the discriminator.

    Args:
        real: discriminator outputs for recorded audio; features (batch, ...).
        fake: outputs for generated audio, the same shapes.
        mode: ``sum`` or ``relative``.

    Returns:
        Scalar. ``sum``: mean absolute difference of every feature map, summed over maps and sub-discriminators.
        ``relative``: that difference over the real map's mean absolute value, averaged over all.

    Raises:
        SpeechlabError: there is no such mode.
    """
    pairs = [
        (real_map.detach().float(), fake_map.float())
        for (_, real_features), (_, fake_features) in zip(real, fake, strict=True)
        for real_map, fake_map in zip(real_features, fake_features, strict=True)
    ]
    if mode == "sum":
        return torch.stack([(real_map - fake_map).abs().mean() for real_map, fake_map in pairs]).sum()
    if mode == "relative":
        return torch.stack([_relative_difference(real_map, fake_map) for real_map, fake_map in pairs]).mean()
    raise SpeechlabError(f"feature_loss has no mode {mode!r}; choose sum or relative")


def _relative_difference(real_map: Tensor, fake_map: Tensor) -> Tensor:
    difference = (real_map - fake_map).abs().flatten(1).mean(1)  # (batch,)
    return (difference / real_map.abs().flatten(1).mean(1).clamp_min(1e-5)).mean()
