"""Figures that goodwill promises, measured; each module's ``run()`` gives rows for docs/benchmarks.md."""
