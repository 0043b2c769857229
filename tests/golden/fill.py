"""Deterministic parameters and inputs for the golden cases in this folder.

Every tensor is drawn from ``numpy.random.RandomState`` (a frozen stream) seeded by the CRC-32 of
its name, so a case needs no stored weights: names and shapes are enough.
"""

import math
import zlib

import numpy as np


def uniform(name: str, shape, seed: str = "") -> np.ndarray:
    """float32 values in [-1, 1), a function of ``seed + name`` and ``shape`` only."""
    rng = np.random.RandomState(zlib.crc32((seed + name).encode()))
    return rng.uniform(-1.0, 1.0, size=tuple(shape)).astype(np.float32)


def parameters(entries, seed: str = "") -> dict[str, np.ndarray]:
    """State dict for ``entries`` = [[name, shape, kind], ...] in reference naming.

    kind: 'weight' (scaled by 1/sqrt(fan_in)), 'bias' (x0.1), 'gain' (weight_g: the L2 norm of its
    weight_v over every axis but the first), 'scale' (1 + 0.1 u, normalisation layers),
    'orthogonal' (Q of a QR decomposition), 'unit' (u as it is), 'zero', 'one'. A kind may carry a
    factor: 'weight*0.5' halves the value.
    """
    state: dict[str, np.ndarray] = {}
    for name, shape, kind in entries:
        u = uniform(name, shape, seed)
        kind, _, factor = kind.partition("*")
        u = u * np.float32(factor or 1.0)
        if kind == "weight":
            fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else int(shape[0])
            state[name] = u * np.float32(math.sqrt(3.0 / max(fan_in, 1)))
        elif kind == "bias":
            state[name] = u * np.float32(0.1)
        elif kind == "scale":
            state[name] = np.float32(1.0) + np.float32(0.1) * u
        elif kind == "orthogonal":
            q = np.linalg.qr(u.astype(np.float64))[0]
            if np.linalg.det(q) < 0:
                q[:, 0] *= -1
            state[name] = q.astype(np.float32)
        elif kind == "unit":
            state[name] = u
        elif kind == "zero":
            state[name] = np.zeros(tuple(shape), np.float32)
        elif kind == "one":
            state[name] = np.ones(tuple(shape), np.float32)
        elif kind == "gain":
            state[name] = None  # filled below, once its weight_v is known
        else:
            raise ValueError(f"unknown kind {kind!r} for {name}")
    for name, shape, kind in entries:
        if kind == "gain":
            v = state[name[: -len("weight_g")] + "weight_v"]
            norm = np.sqrt((v.astype(np.float64) ** 2).sum(axis=tuple(range(1, v.ndim)), keepdims=True))
            state[name] = norm.astype(np.float32).reshape(tuple(shape))
    return state


def tone(samples: int, sample_rate: int, seed: str = "tone") -> np.ndarray:
    """(samples,) float32 test waveform in [-0.9, 0.9]: eight drifting harmonics and a little noise."""
    t = np.arange(samples) / sample_rate
    f0 = 140.0 + 30.0 * np.sin(2 * np.pi * 1.3 * t)
    phase = 2 * np.pi * np.cumsum(f0) / sample_rate
    wave = sum(np.sin(k * phase) / k for k in range(1, 9)) * (0.3 + 0.2 * np.sin(2 * np.pi * 2.1 * t))
    return np.clip(0.5 * wave + 0.01 * uniform(seed, (samples,)), -0.9, 0.9).astype(np.float32)


def summary(array) -> dict:
    """Shape, mean, standard deviation, L2 norm and 64 evenly spaced values of an array."""
    flat = np.asarray(array, dtype=np.float64).reshape(-1)
    index = np.linspace(0, flat.size - 1, num=min(64, flat.size)).round().astype(int)
    return {
        "shape": list(np.asarray(array).shape),
        "mean": float(flat.mean()),
        "std": float(flat.std()),
        "l2": float(np.sqrt((flat**2).sum())),
        "index": index.tolist(),
        "value": [float(x) for x in flat[index]],
    }
