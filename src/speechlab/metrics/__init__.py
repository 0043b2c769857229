"""Quality metrics: what they measure, how sure a number is, and ``speechlab.score``, which asks them all."""
