"""The nightly job: product images and copy in, placed layouts out.

python -m jobs.layouts --input s3://bucket/catalogue.parquet --output s3://bucket/layouts
ray job submit -- python -m jobs.layouts --input … --output …
"""

from jobs.command import main
from jobs.output import end
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.pipelines import run_layouts

if __name__ == "__main__":
    end(lambda: main("layouts", __doc__ or "", LayoutsConfig, run_layouts))
