"""One module per trainer, and what they have in common; ``speechlab.registry`` knows their names."""
