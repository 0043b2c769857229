"""Blocks that two or more models use; a block moves here with its second user, not before."""
