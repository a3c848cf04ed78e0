"""What users hand in: manifests in every form, and folders of images. What we write is `io.tables`'."""
