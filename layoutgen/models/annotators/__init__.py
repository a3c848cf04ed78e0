"""What reads posters: OCR, vision-language models, both joined."""
