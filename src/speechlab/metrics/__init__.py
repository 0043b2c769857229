"""Quality metrics: what they measure, how sure a number is, and ``speechlab.score``, which asks them all."""

from importlib import import_module

from speechlab.registry import Registry

METRIC_MODULES = ("signal", "networks")


def load_metrics() -> Registry:
    """Return the registry of all metrics, name to class; the modules that fill it are imported when first asked."""
    for module in METRIC_MODULES:
        import_module(f"speechlab.metrics.{module}")
    from speechlab.metrics.base import metrics

    return metrics
