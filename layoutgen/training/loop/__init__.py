"""What all training shares: order, feeding, engines, saving, logs. No model is built here."""
