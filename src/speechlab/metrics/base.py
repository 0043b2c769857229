"""What a quality metric is: a name, a unit, what it needs, and a function of one recording (and its reference)."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from speechlab.errors import SpeechlabError


class Unavailable(SpeechlabError):
    """A metric cannot be computed here: weights or a package are missing. Names the one command that gets them."""


class Unmeasurable(SpeechlabError):
    """A metric has no value for one item, such as silence. Says why; the item is counted and left out of the mean."""


class Metric:
    """One quality metric; made once per process, asked once per item.

    A sub-class sets the attributes and writes :meth:`compute`; one that loads weights does it in :meth:`prepare`.
    Its name stands in ``speechlab.registry``, or is given by ``@metrics.register(name)``.
    """

    outputs: ClassVar[tuple[str, ...]]  # its rows in a table: ("wb_pesq",) or ("dnsmos_p808", "dnsmos_sig", ...)
    unit: ClassVar[str] = ""  # such as dB, cents, %, or the ends of a scale: MOS 1-5
    higher_is_better: ClassVar[bool] = True
    sample_rate: ClassVar[int | None] = None  # Hz at which audio is wanted; None: the reference's, else the estimate's
    needs_reference: ClassVar[bool] = False
    needs_text: ClassVar[bool] = False
    any_length: ClassVar[bool] = False  # whether estimate and reference may differ in length (else both are cut)
    weights: ClassVar[str] = ""  # that it needs: speechlab weights list
    only_by_name: ClassVar[bool] = False  # not asked where no metric is named
    n_workers: ClassVar[int | None] = None  # processes that may compute it at once; None: as many as there are cores

    def prepare(self) -> None:
        """Load what is needed.

        Raises:
            Unavailable: something is missing; answers at once, without asking the network.
        """

    @property
    def version(self) -> str:
        """What computes it, such as ``pesq 0.0.4``; with the first digits of the weights' hash where there are any."""
        raise NotImplementedError

    def compute(
        self, estimate: np.ndarray, reference: np.ndarray | None, sample_rate: int, text: str | None
    ) -> float | Mapping[str, float]:
        """Measure one item.

        Args:
            estimate: float32 samples in [-1, 1], (samples,), finite, not empty, at ``sample_rate``.
            reference: the same of the reference, cut to the same length unless ``any_length``; None where not needed.
            sample_rate: the metric's own, or the pair's where that is None.
            text: what is said; None where not needed.

        Returns:
            The value, or, of a metric with several outputs, a value for each.

        Raises:
            Unmeasurable: this item has no value.
        """
        raise NotImplementedError
