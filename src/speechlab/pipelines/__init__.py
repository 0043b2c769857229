"""Models ready for use: voices, vocoders and enhancers that load, run, stream and export."""
