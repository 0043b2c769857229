"""All metrics that ask a trained network: importing this registers them, and loads none."""

from speechlab.metrics import dnsmos

__all__ = ["dnsmos"]
