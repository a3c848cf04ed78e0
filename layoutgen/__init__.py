"""layoutgen lays out product catalogues: images and copy in, Parquet layout tables out."""

__version__ = "0.1.0"
