"""PlanNet: where the product and every element go, denoised before there is a picture."""
