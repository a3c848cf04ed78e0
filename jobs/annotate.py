"""Posters in, annotation table out: fetch, annotate and write alone, to make training data.

python -m jobs.annotate --input s3://bucket/posters/ --output s3://bucket/annotations
"""

from jobs.command import main
from jobs.output import end
from layoutgen.config.jobs import AnnotateConfig
from layoutgen.pipelines import run_annotations

if __name__ == "__main__":
    end(lambda: main("annotate", __doc__ or "", AnnotateConfig, run_annotations))
