"""Posters made for their products: images and copy in; products cut out, planned with their copy, and set in painted
scenes out. A row whose product can't be cut out is laid out on its photo, as jobs.layouts does.

python -m jobs.posters --input s3://bucket/catalogue.parquet --output s3://bucket/posters
ray job submit -- python -m jobs.posters --input … --output …
"""

from jobs.command import main
from jobs.output import end
from layoutgen.config.posters import PostersConfig
from layoutgen.pipelines import run_posters

if __name__ == "__main__":
    end(lambda: main("posters", __doc__ or "", PostersConfig, run_posters))
