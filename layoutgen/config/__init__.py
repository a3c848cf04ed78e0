"""Every setting, its default and a sentence; no setting is read from anywhere else."""
