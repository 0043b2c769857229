"""The pictures of the notebooks: mels, alignments, pitch and energy, training curves. Axes are in seconds and Hz."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from speechlab.config import AudioSpec
from speechlab.display.figures import COLOURS, INK, Plot, draw_mel, small_pictures, style_axes, style_legend, to_numpy
from speechlab.errors import SpeechlabError

TITLES = {  # of what is logged, where the name alone does not say it
    "adversarial": "adversarial loss", "alignment/sharpness": "alignment sharpness",
    "binarisation": "binarisation loss",
    "boundary_bias_ms": "boundary bias, ms", "boundary_error_ms": "boundary error, ms",
    "discriminator/loss": "discriminator loss", "discriminator/loss_per_network": "loss per discriminator",
    "distillmos": "DistillMOS", "duration": "duration loss", "duration_error_ms": "duration error, ms",
    "energy": "energy loss", "feature": "feature matching", "forward_sum": "forward-sum loss",
    "griffin_lim_mel_l1": "mel L1 of Griffin-Lim", "input_mel_l1": "mel L1 of the input",
    "input_si_sdr": "SI-SDR of the input, dB", "L_D": "discriminator loss $L_D$", "L_adv": "adversarial loss $L_{adv}$",
    "lmos_features": "LMOS, features", "lmos_spectrum": "LMOS, spectrum", "loss": "total loss", "mel": "mel loss",
    "mel_l1": "mel L1, ln magnitude", "mel_l1_true_prosody": "mel L1, true prosody",
    "negative_log_likelihood": "neg. log-likelihood, nats", "pesq": "PESQ loss", "pitch": "pitch loss",
    "predicted_duration_error_ms": "predicted duration error, ms", "si_sdr": "SI-SDR, dB",
    "spectrum": "compressed-spectrum loss", "steps_per_second": "steps a second", "stft": "multi-resolution STFT loss",
    "stoi": "STOI", "wb_pesq": "wide-band PESQ",
}  # fmt: skip
LONGEST_GAP_S = 120.0  # between two records of a log; what is longer was a pause in the training, not training


def as_mel(mel: Any, spec: AudioSpec) -> np.ndarray:
    """Take (n_mels, frames) or (1, n_mels, frames), tensor or array, as (n_mels, frames)."""
    values = to_numpy(mel)
    if values.ndim == 3 and values.shape[0] == 1:
        values = values[0]
    if values.ndim != 2 or values.shape[0] != spec.n_mels:
        raise SpeechlabError(f"a mel to show must be ({spec.n_mels}, frames), got {tuple(values.shape)}; pass one mel")
    return values


def colour_scale(mels: Iterable[np.ndarray], spec: AudioSpec) -> tuple[float, float]:
    """Lowest and highest log-mel of the common colour scale: percentiles, for outliers must not dim the rest."""
    values = np.concatenate([mel.ravel() for mel in mels])
    values = values[np.isfinite(values)]
    if not values.size:
        raise SpeechlabError("a mel to show holds no finite value; look at the health of the training that made it")
    high = float(np.percentile(values, 99.9))
    low = max(float(np.log(spec.log_floor)), float(np.percentile(values, 0.5)))
    return min(low, high - 1.0), high


def show_mels(mels: Mapping[str, Any] | Any, spec: AudioSpec) -> Plot:
    """Draw log-mels under one another on one time axis and one colour scale.

    Args:
        mels: name to (n_mels, frames), or one mel.
    """
    if not isinstance(mels, Mapping):
        mels = {"mel": mels}
    arrays = {name: as_mel(mel, spec) for name, mel in mels.items()}
    scale = colour_scale(arrays.values(), spec)
    end_s = max(mel.shape[1] for mel in arrays.values()) / spec.frame_rate
    plot = Plot(9, 0.5 + 1.75 * len(arrays))
    rows = np.atleast_1d(plot.subplots(len(arrays), 1, sharex=True))
    for axes, (name, mel) in zip(rows, arrays.items(), strict=True):
        image = draw_mel(axes, mel, spec, scale)
        axes.set_xlim(0, end_s)
        style_axes(axes, name)
    rows[-1].set_xlabel("seconds")
    add_colour_bar(plot, image, rows, "ln magnitude")
    return plot


def add_colour_bar(plot: Plot, image: Any, rows: Any, label: str) -> None:
    """Put one colour bar beside all rows."""
    bar = plot.colorbar(image, ax=list(rows), aspect=30, pad=0.01)
    bar.set_label(label, color=INK, fontsize=9)
    bar.ax.tick_params(colors=INK, labelsize=8)
    bar.outline.set_visible(False)


def draw_phones(axes: Axes, symbols: Sequence[str], durations: np.ndarray, spec: AudioSpec) -> None:
    """Mark where each phone starts, and write its symbol above, on two heights where they would collide."""
    edges_s = np.concatenate([[0], np.cumsum(durations)]) / spec.frame_rate
    low, high = axes.get_ylim()
    axes.vlines(edges_s, low, high, color="#ffffff", linewidth=0.7, alpha=0.8)
    shown = 0
    for symbol, start, end in zip(symbols, edges_s[:-1], edges_s[1:], strict=True):
        if end <= start:
            continue
        height = 1.02 + 0.09 * (shown % 2)
        axes.text((start + end) / 2, height, symbol, transform=axes.get_xaxis_transform(), ha="center", va="bottom",
                  fontsize=8, color=INK)  # fmt: skip
        shown += 1


def check_durations(symbols: Sequence[str], durations: Any, n_frames: int) -> np.ndarray:
    """Whole frames per symbol, after checking that they fit the symbols and the mel."""
    frames = to_numpy(durations).reshape(-1).astype(np.int64)
    if len(frames) != len(symbols) or frames.sum() != n_frames:
        raise SpeechlabError(
            f"{len(symbols)} symbols and {n_frames} mel frames need as many durations with that sum, "
            f"got {len(frames)} with the sum {frames.sum()}; cut the padding off"
        )
    return frames


def show_alignment(mel: Any, symbols: Sequence[str], durations: Any, spec: AudioSpec, soft: Any = None) -> Plot:
    """Draw the phones on the mel, and below it how sure the aligner was.

    Args:
        mel: (n_mels, frames).
        durations: frames per symbol, (symbols,), their sum is the number of mel frames.
        soft: alignment probabilities, (symbols, frames) or (frames, symbols); not drawn where it is ``None``.
    """
    mel = as_mel(mel, spec)
    frames = check_durations(symbols, durations, mel.shape[1])
    heights = [1.9] if soft is None else [1.9, 0.5 + 0.07 * len(symbols)]
    plot = Plot(9, 0.9 + sum(heights))
    rows = np.atleast_1d(plot.subplots(len(heights), 1, sharex=True, height_ratios=heights))
    draw_mel(rows[0], mel, spec, colour_scale([mel], spec))
    draw_phones(rows[0], symbols, frames, spec)
    style_axes(rows[0])
    rows[0].spines[:].set_visible(False)
    if soft is not None:
        draw_soft_alignment(rows[1], soft, symbols, mel.shape[1], spec)
    rows[-1].set_xlabel("seconds")
    return plot


def draw_soft_alignment(axes: Axes, soft: Any, symbols: Sequence[str], n_frames: int, spec: AudioSpec) -> None:
    """Draw alignment probabilities, one row per symbol from top to bottom, brighter where more certain."""
    probabilities = to_numpy(soft).squeeze()
    if probabilities.shape == (n_frames, len(symbols)):
        probabilities = probabilities.T
    if probabilities.shape != (len(symbols), n_frames):
        raise SpeechlabError(f"the alignment must be ({len(symbols)}, {n_frames}), got {probabilities.shape}")
    extent = (0, n_frames / spec.frame_rate, len(symbols) - 0.5, -0.5)
    axes.imshow(probabilities, aspect="auto", extent=extent, cmap="magma", vmin=0, vmax=1, interpolation="nearest")
    step = -(-len(symbols) // 26)
    axes.set_yticks(range(0, len(symbols), step), symbols[::step])
    axes.set_ylabel("phones")
    style_axes(axes)
    axes.tick_params(axis="y", labelsize=6.5)


def show_pitch_energy(pitch: Any, energy: Any, spec: AudioSpec, mel: Any = None) -> Plot:
    """Draw pitch and energy over seconds, under the mel where it is given.

    Args:
        pitch: Hz per frame, (frames,), zero or not finite where unvoiced (a gap in the line); or name to such an array.
        energy: per frame, (frames,); or name to such an array.
    """
    heights = [1.5, 1.1] if mel is None else [1.8, 1.5, 1.1]
    plot = Plot(9, 0.5 + sum(heights))
    rows = plot.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    if mel is not None:
        mel = as_mel(mel, spec)
        draw_mel(rows[0], mel, spec, colour_scale([mel], spec))
        style_axes(rows[0])
    voiced = {name: np.where(values > 0, values, np.nan) for name, values in named_curves(pitch, "pitch").items()}
    draw_curves(rows[-2], voiced, spec, "pitch, Hz")
    draw_curves(rows[-1], named_curves(energy, "energy"), spec, "energy")
    rows[-1].set_ylim(bottom=0)
    rows[-1].set_xlabel("seconds")
    return plot


def named_curves(values: Any, name: str) -> dict[str, np.ndarray]:
    """One curve or several by name, as (frames,) arrays."""
    curves = values if isinstance(values, Mapping) else {name: values}
    return {key: to_numpy(curve).reshape(-1) for key, curve in curves.items()}


def draw_curves(axes: Axes, curves: Mapping[str, np.ndarray], spec: AudioSpec, label: str) -> None:
    """Draw per-frame curves at the frames' centres."""
    for colour, (name, curve) in zip(COLOURS, curves.items(), strict=False):
        seconds = (np.arange(len(curve)) + 0.5) / spec.frame_rate
        axes.plot(seconds, curve, color=colour, linewidth=1.4, label=name)
    axes.set_xlim(0, max(len(curve) for curve in curves.values()) / spec.frame_rate)
    axes.set_ylabel(label)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    style_axes(axes, grid=True)
    if len(curves) > 1:
        style_legend(axes)


def read_log(log: Any) -> list[dict[str, Any]]:
    """Rows of a training log: from a run folder, or the rows themselves."""
    from speechlab.training import logs

    if not isinstance(log, str | Path):
        return list(log)
    if not (Path(log) / "log.jsonl").is_file():
        raise SpeechlabError(f"there is no training log in {log}; name the folder of a run")
    return logs.read_log(Path(log))


def curves_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Steps and values of every number in the log by name; after a resumption the later value of a step counts."""
    values: dict[str, dict[int, float]] = {}
    for row in rows:
        for name, value in row.items():
            if name not in ("step", "time") and isinstance(value, int | float) and not isinstance(value, bool):
                values.setdefault(name, {})[row["step"]] = value
    return {
        name: (np.array(sorted(points)), np.array([points[step] for step in sorted(points)], dtype=float))
        for name, points in values.items()
    }


def show_curves(log: Any, metrics: Sequence[str] | None = None, marks: Mapping[int, str] | None = None) -> Plot:
    """Draw training curves, one small picture per metric, over optimiser steps.

    Args:
        log: a run folder, or rows ``{"step": ..., "<metric>": ...}``.
        metrics: which ones; ``None`` draws all that vary, at most twelve.
        marks: step to a colour, drawn as vertical lines.
    """
    curves = curves_of(read_log(log))
    if metrics is None:
        metrics = [name for name, (_, values) in curves.items() if len(np.unique(values)) > 1]
        metrics = (metrics or list(curves))[:12]
    missing = [name for name in metrics if name not in curves]
    if missing or not metrics:
        raise SpeechlabError(
            f"the log has no {', '.join(missing) or 'numbers'}; it has: {', '.join(curves) or 'nothing'}"
        )
    plot, rows = small_pictures(len(metrics), 1.75)
    for axes, name in zip(chain(*rows), metrics, strict=True):
        draw_metric(axes, *curves[name], name)
        for step, colour in (marks or {}).items():
            axes.axvline(step, color=colour, linewidth=1, alpha=0.7)
    first, last = (pick(curves[name][0][place] for name in metrics) for pick, place in ((min, 0), (max, -1)))
    for axes in chain(*rows):
        axes.set_xlim(first - 0.04 * (last - first) - 0.5, last + 0.04 * (last - first) + 0.5)
    for axes in rows[-1]:
        axes.set_xlabel("step")
    return plot


def title_of(name: str) -> str:
    """Say in words, with its unit, what is logged under a name."""
    part, _, inner = name.rpartition("/")
    if part == "validation":
        return f"{title_of(inner)}, held-out"
    if part == "gradient_norm":
        return f"gradient norm, {inner}"
    return TITLES.get(name, name.replace("_", " ").replace("/", ", "))


def running_mean(values: np.ndarray, span: int) -> np.ndarray:
    """Average over so many neighbours, fewer at the ends; what is not finite is left out."""
    finite, kernel = np.isfinite(values), np.ones(span)
    weights = np.convolve(finite.astype(float), kernel, "same")
    return np.convolve(np.where(finite, values, 0.0), kernel, "same") / np.maximum(weights, 1)


def draw_metric(axes: Axes, steps: np.ndarray, values: np.ndarray, name: str) -> None:
    """Draw one metric: the values faint, their running average strong; logarithmic where they span two decades."""
    finite = np.isfinite(values)
    if len(values) <= 30:
        axes.plot(steps, values, color=COLOURS[0], linewidth=1.2, marker=".")
    else:
        axes.plot(steps, values, color=COLOURS[0], linewidth=0.8, alpha=0.35)
        axes.plot(steps, running_mean(values, max(3, len(values) // 25)), color=COLOURS[0], linewidth=1.5)
    for step in steps[~finite]:
        axes.axvline(step, color="#e5484d", linewidth=1)
    positive = values[finite & (values > 0)]
    if positive.size == finite.sum() > 0 and positive.max() > 100 * positive.min():
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    style_axes(axes, title_of(name), grid=True)
