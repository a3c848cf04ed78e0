"""Planners: where product and copy go before there is a picture."""
