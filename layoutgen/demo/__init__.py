"""What `make demo` needs: a drawn catalogue and a local S3 server."""
