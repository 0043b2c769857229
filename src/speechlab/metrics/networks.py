"""All metrics that ask a trained network: importing this registers them, and loads none."""

from speechlab.metrics import distillmos, dnsmos, mos_predictors, mosnet, speaker, utmosv2, whisper

__all__ = ["distillmos", "dnsmos", "mos_predictors", "mosnet", "speaker", "utmosv2", "whisper"]
