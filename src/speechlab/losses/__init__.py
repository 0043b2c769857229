"""Functions of tensors that a recipe weighs and sums: spectral, adversarial, acoustic and alignment losses."""
