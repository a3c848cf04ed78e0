"""The outside world, one noun a file: storage, images, fonts, manifests, snapshots."""
