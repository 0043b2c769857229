"""The embedded corpus: its sentences, how they are rendered, and the rendered ones as a corpus and as pairs."""
