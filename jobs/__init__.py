"""One file, one `ray job submit`: each module here is a command."""
