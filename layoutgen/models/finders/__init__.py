"""What finds things in pixels: subjects, faces, a clip's frame."""
