"""Whether a trained model serves: gate, sheets, promotion."""
