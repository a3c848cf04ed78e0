"""From settings to models, on the worker that needs them. No other code reads settings of models."""
