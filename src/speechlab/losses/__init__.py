"""Functions of tensors that a recipe weighs and sums: spectral, adversarial, acoustic and alignment losses.

Those that ``speechlab.registry`` names an experiment may choose, with their weights: ``losses: [{name: lmos, weight:
20}]``. Such a loss says by the names of its arguments what it wants to be given: ``estimate`` and ``reference``
waveforms (batch, 1, samples), their ``sample_rate``, a discriminator's judgements ``real`` and ``fake``, or tools of a
trainer, such as ``mel`` and ``wavlm``. It returns a scalar to be minimised, or several by name, which are summed.
"""
