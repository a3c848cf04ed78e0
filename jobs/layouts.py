"""The nightly job: product images and copy in, placed layouts out.

python -m jobs.layouts --input s3://bucket/catalogue.parquet --output s3://bucket/layouts
ray job submit -- python -m jobs.layouts --input … --output …
"""

import sys

from jobs.command import main
from layoutgen.config import LayoutsConfig
from layoutgen.pipelines import run_layouts

if __name__ == "__main__":
    sys.exit(main("layouts", __doc__ or "", LayoutsConfig, run_layouts))
