"""Copy as text: cleaning, measuring by given widths, breaking. No font file is opened here."""
