"""What proposes layouts without denoising: rules, vision-language models."""
