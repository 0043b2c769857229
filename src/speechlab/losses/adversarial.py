"""Least-squares adversarial losses and feature matching (HiFi-GAN, arXiv:2010.05646, section 2.3).

A discriminator returns one ``(scores, features)`` pair per sub-discriminator; these functions take such lists.
Weights belong to the recipe: nothing here is multiplied by a lambda.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

Judgements = Sequence[tuple[Tensor, Sequence[Tensor]]]
"""(scores, features) of each sub-discriminator."""


def discriminator_loss(real: Judgements, fake: Judgements) -> Tensor:
    """Ask for 1 on real audio and 0 on generated audio (eq. 1).

    A discriminator that answers 0 to everything pays exactly 1 per sub-discriminator.

    Args:
        real: judgements of recorded audio; scores of any shape.
        fake: judgements of the same generator outputs, detached from the generator.

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


def feature_loss(real: Judgements, fake: Judgements) -> Tensor:
    """Compare the discriminators' inner activations on recorded and generated audio (eq. 4).

    No gradient flows to the real side: it would only teach the generator's step to move the discriminator.

    Returns:
        Scalar: mean absolute difference of every feature map, summed over maps and sub-discriminators.
    """
    losses = [
        (real_map.detach().float() - fake_map.float()).abs().mean()
        for (_, real_features), (_, fake_features) in zip(real, fake, strict=True)
        for real_map, fake_map in zip(real_features, fake_features, strict=True)
    ]
    return torch.stack(losses).sum()
