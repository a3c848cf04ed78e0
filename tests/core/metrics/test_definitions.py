import pytest

from layoutgen.core.metrics import cgl, definitions, own, pku, ralf
from layoutgen.core.metrics.definitions import METRICS, PROTOCOLS, TELLING


@pytest.mark.parametrize(
    ("module", "names"),
    [(pku, pku.GRAPHIC + pku.CONTENT), (ralf, ralf.GRAPHIC + ralf.CONTENT), (cgl, cgl.GRAPHIC + cgl.CONTENT)],
)
def test_every_metric_is_documented_in_its_protocol_with_its_direction(module, names):
    for name in names:
        assert f"**{name}**" in module.__doc__, name
    assert "(lower" in module.__doc__
    assert "(higher" in module.__doc__


def test_our_own_metrics_are_documented():
    for name in own.NAMES:
        assert f"**{name}**" in own.__doc__ or f"`{name}`" in own.__doc__ or f"`_{name.split('_')[-1]}`" in own.__doc__


def test_no_two_metrics_share_a_column_and_every_protocol_has_some():
    assert {definition.protocol for definition in METRICS.values()} == set(PROTOCOLS)
    assert set(TELLING) <= set(METRICS)
    assert all(name == f"{one.protocol}_{one.name}" for name, one in METRICS.items())


def test_pooled_metrics_are_those_whose_docstring_says_so():
    assert definitions.METRICS["pku_val"].pooled
    assert not definitions.METRICS["pku_ove"].pooled
    assert definitions.METRICS["cgl_r_und"].pooled
