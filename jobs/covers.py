"""Video covers: images or clips and copy in, layouts out, each with the acceptance check's verdict.

python -m jobs.covers --input s3://bucket/covers.jsonl --output s3://bucket/covers
"""

from jobs.command import main
from jobs.output import end
from layoutgen.config.jobs import CoversConfig
from layoutgen.pipelines import run_covers

if __name__ == "__main__":
    end(lambda: main("covers", __doc__ or "", CoversConfig, run_covers))
