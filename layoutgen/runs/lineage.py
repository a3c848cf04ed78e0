"""Events of a run for catalogues of lineage, by OpenLineage's own client: start, complete, fail, with what was read and
what was written.

Where they go is the client's own configuration: `OPENLINEAGE_URL` and its like of the environment, or
`openlineage.yml`. An event that can't be sent is a warning and stops nothing. Source: https://openlineage.io/spec/.
"""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from layoutgen.io.objects.locations import locate

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunState
    from openlineage.client.facet_v2.schema_dataset import SchemaDatasetFacetFields

log = logging.getLogger("layoutgen")

_PRODUCER = "https://pypi.org/project/layoutgen"
_NAMESPACE = uuid.UUID("1f8a1a52-6c1b-4f3e-9a52-0d2f6c1f5a77")  # of ids made of a table and a run's name


class Lineage:
    """The events of one run of `job` in a `namespace`, from `source` to `output`; `read` are the columns of the
    manifest's rows, `written` those of the published ones. An empty namespace sends nothing."""

    def __init__(self, namespace: str, job: str, run_id: str, source: str, output: str) -> None:
        self._namespace, self._job, self._run_id = namespace, job, run_id
        self._source, self._output = source, output

    @cached_property
    def _client(self) -> Any:
        from openlineage.client import OpenLineageClient

        return OpenLineageClient()

    @contextmanager
    def of_run(self) -> Iterator["Lineage"]:
        """Say that the run began, and where an exception ends it that it failed, with the exception's words."""
        self.send("START")
        try:
            yield self
        except BaseException as error:
            self.send("FAIL", error=f"{type(error).__name__}: {error}")
            raise

    def send(
        self,
        state: str,
        *,
        written: pa.Schema | None = None,
        files: list[dict[str, Any]] | None = None,
        error: str | None = None,
    ) -> None:
        """Send an event of a `state` of OpenLineage's; `written` and `files` are the columns of the published rows and
        the manifest's entries of their files."""
        if not self._namespace:
            return
        try:
            self._client.emit(self._event(state, written, files or [], error))
        except Exception as fault:  # noqa: BLE001 whatever the client or its transport raises, the run goes on
            log.warning("lineage: the event %s of run %s can't be sent: %s", state, self._run_id, fault)

    def _event(self, state: str, written: pa.Schema | None, files: list[dict[str, Any]], error: str | None) -> Any:
        from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
        from openlineage.client.facet_v2 import (
            dataset_version_dataset,
            error_message_run,
            job_type_job,
            output_statistics_output_dataset,
            processing_engine_run,
            schema_dataset,
        )

        run: dict[str, Any] = {
            "processing_engine": processing_engine_run.ProcessingEngineRunFacet(version("layoutgen"), "layoutgen")
        }
        if error:
            run["errorMessage"] = error_message_run.ErrorMessageRunFacet(error, "PYTHON")
        facets: dict[str, Any] = {}
        counts: dict[str, Any] = {}
        if written is not None:
            facets["schema"] = schema_dataset.SchemaDatasetFacet(_fields(written))
            facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(self._run_id)
            rows, size = (sum(file[name] for file in files) for name in ("rows", "bytes"))
            counts["outputStatistics"] = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                rowCount=rows, size=size, fileCount=len(files)
            )
        return RunEvent(
            eventType=RunState[state],
            eventTime=datetime.now(UTC).isoformat(),
            producer=_PRODUCER,
            run=Run(run_uuid(self._output, self._run_id), run),
            job=Job(
                self._namespace,
                f"layoutgen.{self._job}",
                {"jobType": job_type_job.JobTypeJobFacet("BATCH", "LAYOUTGEN", "JOB")},
            ),
            inputs=[InputDataset(*dataset(self._source))],
            outputs=[OutputDataset(*dataset(self._output), counts, facets=facets)],
        )


def run_uuid(output: str, run_id: str) -> str:
    """The id of a run in events: the same for a run that goes on."""
    return str(uuid.uuid5(_NAMESPACE, f"{output}\n{run_id}"))


def dataset(uri: str) -> tuple[str, str]:
    """Namespace and name of what is at a URI, as OpenLineage names files and objects."""
    place = locate(uri)
    if isinstance(place, Path):
        return "file", str(place.absolute())
    bucket, key = place
    return f"s3://{bucket}", key or "/"


def _fields(schema: pa.Schema | pa.StructType) -> list["SchemaDatasetFacetFields"]:
    from openlineage.client.facet_v2.schema_dataset import SchemaDatasetFacetFields

    found = []
    for position, field in enumerate(schema, 1):
        kind, name = field.type, str(field.type)
        if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
            kind, name = kind.value_type, "array"
        inner = _fields(kind) if pa.types.is_struct(kind) else None
        doc = (field.metadata or {}).get(b"doc", b"").decode() or None
        found.append(SchemaDatasetFacetFields(field.name, name if inner or name == "array" else str(kind), doc, position, inner))
    return found
