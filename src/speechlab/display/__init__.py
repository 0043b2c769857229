"""Pictures, players, panels and reports; the only place that imports matplotlib and ipywidgets."""
