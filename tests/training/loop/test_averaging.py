"""The average of weights follows them, and is lent without a trace."""

import torch
from torch import nn

from layoutgen.training.loop.averaging import Average


def test_it_follows_by_its_decay_and_forgets_early_weights_sooner():
    module = nn.Linear(2, 1)
    module.bias.requires_grad_(False)
    average = Average(module, decay=0.5)
    expected = module.weight.detach().clone()
    for step in range(30):
        with torch.no_grad():
            module.weight.add_(1.0)
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * module.weight
    assert torch.allclose(average.weights["weight"], expected)
    assert set(average.weights) == {"weight"}
    assert average.steps == 30


def test_what_was_lent_comes_back_also_after_an_error():
    module = nn.Linear(2, 1)
    average = Average(module, decay=0.9, steps=5, weights={"weight": torch.ones(1, 2), "bias": torch.zeros(1)})
    own = module.weight.detach().clone()
    try:
        with average.lent():
            assert torch.equal(module.weight, torch.ones(1, 2))
            raise KeyError
    except KeyError:
        pass
    assert torch.equal(module.weight, own)
    assert torch.equal(average.weights["weight"], torch.ones(1, 2))
