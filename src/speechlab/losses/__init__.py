"""Functions of tensors that a recipe sums with visible weights: spectral, adversarial, acoustic and alignment losses."""
