"""Chains are those of serving, and the probabilities of their steps are those of the Gaussians they were drawn from."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from layoutgen.core.layout import Canvas, Copy, Role
from layoutgen.models.denoising.boxes.chains import LAST, BoxChains
from layoutgen.models.denoising.boxes.composer import layout_of
from layoutgen.models.denoising.boxes.sampling import sample
from layoutgen.models.denoising.boxes.schedule import KEPT, gaussian
from layoutgen.models.denoising.chains import Move, ddim, divergence, joined, log_prob, repeated
from layoutgen.models.denoising.inputs import Inputs, truth_of
from layoutgen.models.denoising.lines import lines_of
from layoutgen.models.denoising.networks import FAMILIES
from tests.models.denoising import tiny

CANVAS = Canvas(720, 1080)
COPIES = (Copy("保温杯", ("304不锈钢", "￥199起")), Copy("Kettle", ("1.5 l",), logo="l.png"))


def shown(side: int, number: int = 0) -> Inputs:
    lines = lines_of(COPIES[number], CANVAS, 2.0)
    picture = torch.rand(4, side, side, generator=torch.Generator().manual_seed(number))
    return Inputs(picture, (round(side * 2 / 3), side), lines, truth_of((), lines), logo_aspect=2.0)


@pytest.fixture(params=["radm", "layout_image"])
def policy(request: pytest.FixtureRequest):
    """A family's chains, a network of its, and two layouts as it is shown them."""
    if request.param == "radm":
        return BoxChains(), tiny.network(), [shown(64, 0), shown(64, 1)]
    pytest.importorskip("diffusers")
    from tests.models.denoising.images.test_network import network

    return FAMILIES["layout_image"].chains(), network(), [shown(32, 0), shown(32, 1)]


def rolled(policy, *, steps=4, stochastic=True, seeds=(3, 4)):
    chains, net, inputs = policy
    with torch.no_grad():
        return chains.roll(net, chains.see(net, inputs), inputs, seeds, steps=steps, stochastic=stochastic)


class TestProbabilities:
    @given(st.integers(0, 2**31), st.floats(0.01, 3.0))
    def test_they_are_means_over_what_was_drawn(self, seed, sigma):
        rng = torch.Generator().manual_seed(seed)
        before, after, mean, other = torch.randn(4, 2, 3, 4, generator=rng)
        drawn = torch.tensor([[[1], [0], [1]], [[0], [0], [0]]])
        move = Move(torch.tensor([9, 9]), torch.tensor([4, 4]), before, after, mean, torch.full((2,), sigma), drawn)
        one = Normal(mean[0, [0, 2]], sigma)
        assert torch.allclose(log_prob(move, mean)[0], one.log_prob(after[0, [0, 2]]).mean(), atol=1e-4, rtol=1e-4)
        apart = kl_divergence(one, Normal(other[0, [0, 2]], sigma)).mean()
        assert torch.allclose(divergence(move, mean, other)[0], apart, rtol=1e-4)
        assert log_prob(move, mean)[1] == 0
        assert (divergence(move, mean, mean) == 0).all()

    def test_a_chain_was_as_likely_as_its_gaussians_say(self, policy):
        chains, net, inputs = policy
        for move in rolled(policy).moves:
            with torch.no_grad():
                mean = chains.mean(net, chains.see(net, inputs), move)
            assert torch.allclose(mean, move.mean, atol=1e-4), "asked again, the same network leads to the same place"
            sigma = move.sigma.view(-1, *[1] * (mean.ndim - 1))
            each = Normal(move.mean, sigma).log_prob(move.after)
            whole = (each * move.drawn).flatten(1).sum(1) / move.drawn.expand_as(each).flatten(1).sum(1)
            assert torch.allclose(log_prob(move, mean), whole, atol=1e-3)

    def test_where_noise_was_drawn_it_is_standard(self, policy):
        apart = []
        for move in rolled(policy, steps=8, seeds=(5, 6)).moves:
            sigma = move.sigma.view(-1, *[1] * (move.mean.ndim - 1))
            lots = (move.after - move.mean) / sigma
            apart.append(lots[move.drawn.expand_as(lots) > 0])
        assert torch.cat(apart).std().item() == pytest.approx(1, abs=0.15)

    def test_gradients_reach_the_network(self, policy):
        chains, net, inputs = policy
        move = joined([move.of(1) for move in rolled(policy).moves])
        net.train()
        seen = repeated(chains.see(net, inputs[1:]), [len(move.t)])
        log_prob(move, chains.mean(net, seen, move)).sum().backward()
        assert any(weight.grad is not None and weight.grad.any() for weight in net.parameters())


class TestMoves:
    def test_a_step_is_that_of_the_schedule(self):
        x, x0 = torch.randn(2, 5, 4), torch.randn(2, 5, 4)
        mean, sigma = ddim(x, x0, KEPT[[800, 500]], KEPT[[300, 100]], 1.0)
        for row, (t, u) in enumerate(((800, 300), (500, 100))):
            expected, spread = gaussian(x[row], x0[row], t, u)
            assert torch.allclose(mean[row], expected, atol=1e-5)
            assert sigma[row].item() == pytest.approx(spread, rel=1e-4)

    def test_a_drawn_step_is_that_of_diffusers(self):
        pytest.importorskip("diffusers")
        from layoutgen.models.denoising.images.schedule import schedule

        plan = schedule()
        plan.set_timesteps(8)
        x, x0 = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
        kept = plan.alphas_cumprod
        mean, sigma = ddim(x, x0, kept[[749, 749]], kept[[624, 624]], 1.0)
        for noise in (torch.zeros_like(x), torch.ones_like(x)):
            there = plan.step(x0, 749, x, eta=1.0, variance_noise=noise).prev_sample
            assert torch.allclose(mean + sigma * noise, there, atol=1e-5)

    def test_a_row_of_moves_is_each_row_alone(self, policy):
        moves = rolled(policy).moves
        one = joined([moves[0].of(1), moves[1].of(0)])
        assert one.t.tolist() == [int(moves[0].t[1]), int(moves[1].t[0])]
        assert torch.equal(one.after[0], moves[0].after[1])
        assert torch.equal(one.before[1], moves[1].before[0])


class TestRollouts:
    def test_without_lots_they_are_what_serving_makes(self):
        net, inputs = tiny.network(), [shown(64)]
        chains = BoxChains()
        with torch.no_grad():
            seen = chains.see(net, inputs)
        (layout,) = chains.roll(net, seen, inputs, [7], steps=4, stochastic=False).layouts
        assert layout == layout_of(sample(net, seen, [7], steps=4), 0, inputs[0].lines)[0]
        (drawn,) = chains.roll(net, seen, inputs, [7], steps=4, stochastic=True).layouts
        pairs = [zip(a.box, b.box, strict=True) for a, b in zip(layout, drawn, strict=False)]
        near = [abs(a - b) for pair in pairs for a, b in pair]
        assert 0 < max(near) < 5 * LAST / 2, "with lots only the last answer is another one"

    def test_each_has_the_elements_of_its_copy(self, policy):
        for number, layout in enumerate(rolled(policy).layouts):
            texts = [one.text for one in layout if one.role not in (Role.UNDERLAY, Role.LOGO)]
            assert sorted(texts) == sorted((COPIES[number].title, *COPIES[number].selling_points))

    def test_the_same_seed_gives_the_same_chain(self, policy):
        first, again, other = rolled(policy), rolled(policy), rolled(policy, seeds=(3, 9))
        assert torch.equal(first.moves[-1].after, again.moves[-1].after)
        assert torch.allclose(first.moves[-1].after[0], other.moves[-1].after[0], atol=1e-4)
        assert not torch.allclose(first.moves[-1].after[1], other.moves[-1].after[1], atol=1e-2)

    def test_an_answer_that_is_not_finite_is_no_layout(self, policy):
        chains, net, inputs = policy
        broken = replace(inputs[1], picture=torch.full_like(inputs[1].picture, torch.nan))
        found = rolled((chains, net, [inputs[0], broken]))
        assert found.layouts[0] is not None
        assert found.layouts[1] is None
