"""Posters on grounds that are made for them: what must hold of a finished one."""
