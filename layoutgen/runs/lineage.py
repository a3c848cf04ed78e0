"""Events of a run for catalogues of lineage, by OpenLineage's own client: start, complete, fail, with what was read and
what was written.

Where they go is the client's own configuration: `OPENLINEAGE_URL` and its like of the environment, or
`openlineage.yml`. An event that can't be sent is a warning and stops nothing. Source: https://openlineage.io/spec/.
"""

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from layoutgen.io.objects.locations import locate

log = logging.getLogger("layoutgen")

_PRODUCER = "urn:layoutgen"
_NAMESPACE = uuid.UUID("1f8a1a52-6c1b-4f3e-9a52-0d2f6c1f5a77")  # of ids made of a table and a run's name


class Lineage:
    """The events of one run of `job` in a `namespace`, from `source`, whose rows have the columns `read` (None: not
    known), to `output`, whose rows have the columns `written`. An empty namespace sends nothing."""

    def __init__(
        self,
        namespace: str,
        job: str,
        run_id: str,
        source: str,
        output: str,
        *,
        read: pa.Schema | None,
        written: pa.Schema,
    ) -> None:
        self._namespace, self._job, self._run_id = namespace, job, run_id
        self._source, self._output, self._read, self._written = source, output, read, written

    @cached_property
    def _client(self) -> Any:
        from openlineage.client import OpenLineageClient

        return OpenLineageClient()

    @contextmanager
    def of_run(self) -> Iterator["Lineage"]:
        """Say that the run began, and where an exception ends it that it failed, with the exception's words."""
        self._send("START", {}, {})
        try:
            yield self
        except BaseException as error:
            self._fail(f"{type(error).__name__}: {error}")
            raise

    def end(self, refusals: Sequence[str], manifest: Callable[[], Mapping[str, Any]]) -> None:
        """Say that the run is published, with the files that its `manifest` names, or why it is refused."""
        if refusals:
            self._fail("refused: " + "; ".join(refusals))
        elif self._namespace:
            files = manifest()["files"]
            rows, size = (sum(file[name] for file in files) for name in ("rows", "bytes"))
            self._send("COMPLETE", {}, {"rowCount": rows, "size": size, "fileCount": len(files)})

    def _fail(self, why: str) -> None:
        self._send("FAIL", {"message": why, "programmingLanguage": "PYTHON"}, {})

    def _send(self, state: str, error: Mapping[str, Any], statistics: Mapping[str, Any]) -> None:
        if not self._namespace:
            return
        try:
            self._client.emit(self._event(state, error, statistics))
        except Exception as fault:  # noqa: BLE001 whatever the client or its transport raises, the run goes on
            log.warning("lineage: %s of run %s can't be sent: %s", state, self._run_id, fault)

    def _event(self, state: str, error: Mapping[str, Any], statistics: Mapping[str, Any]) -> Any:
        from openlineage.client import event_v2 as events
        from openlineage.client import facet_v2 as facets

        about: dict[str, Any] = {
            "processing_engine": facets.processing_engine_run.ProcessingEngineRunFacet(
                version("layoutgen"), "layoutgen"
            )
        }
        if error:
            about["errorMessage"] = facets.error_message_run.ErrorMessageRunFacet(**error)
        job: dict[str, Any] = {"jobType": facets.job_type_job.JobTypeJobFacet("BATCH", "LAYOUTGEN", "JOB")}
        reads: dict[str, Any] = {"schema": _columns(self._read)} if self._read is not None else {}
        writes: dict[str, Any] = {
            "schema": _columns(self._written),
            "version": facets.dataset_version_dataset.DatasetVersionDatasetFacet(self._run_id),
        }
        counts: dict[str, Any] = {}
        if statistics:
            statistic = facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(**statistics)
            counts["outputStatistics"] = statistic
        return events.RunEvent(
            eventType=events.RunState[state],
            eventTime=datetime.now(UTC).isoformat(),
            producer=_PRODUCER,
            run=events.Run(run_uuid(self._output, self._run_id), about),
            job=events.Job(self._namespace, f"layoutgen.{self._job}", job),
            inputs=[events.InputDataset(*dataset(self._source), facets=reads)],
            outputs=[events.OutputDataset(*dataset(self._output), counts, facets=writes)],
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


def _columns(schema: pa.Schema) -> Any:
    from openlineage.client.facet_v2 import schema_dataset

    return schema_dataset.SchemaDatasetFacet([_column(field, number) for number, field in enumerate(schema, 1)])


def _column(field: pa.Field, number: int) -> Any:
    """A column as the facet has it: lists are `array`, what they hold is the one field inside, `_element`."""
    from openlineage.client.facet_v2 import schema_dataset

    name, inner = str(field.type), []
    if pa.types.is_list(field.type) or pa.types.is_fixed_size_list(field.type):
        name, inner = "array", [pa.field("_element", field.type.value_type)]
    elif pa.types.is_struct(field.type):
        name, inner = "struct", list(field.type)
    fields = [_column(part, position) for position, part in enumerate(inner, 1)] or None
    doc = (field.metadata or {}).get(b"doc", b"").decode() or None
    return schema_dataset.SchemaDatasetFacetFields(field.name, name, doc, number, fields)
