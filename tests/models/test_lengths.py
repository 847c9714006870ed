"""Networks are trained at two lengths, and the better one is kept."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from twofold.core.budget import Budget  # noqa: E402 - torch may be missing
from twofold.core.control import Control  # noqa: E402
from twofold.nn import lengths  # noqa: E402
from twofold.nn.loop import Outcome, Recipe, four_cycles  # noqa: E402

RECIPE = Recipe(0.01, (0.9, 0.99), 0.0, 64, 200, 60, four_cycles)


def run(monkeypatch, outcomes, *, watched="rows", recipe=RECIPE, control=None):
    """Train with made-up outcomes; return what was asked for and what was kept."""
    asked, waiting = [], list(outcomes)

    def train(network, loss, rows, watched, recipe, control):
        asked.append((recipe.epochs, control.budget.seconds, network.item()))
        return waiting.pop(0)

    monkeypatch.setattr(lengths, "train", train)
    control = control or Control(Budget(100.0), seed=7)
    _, outcome = lengths.train_to_length(lambda: torch.rand(1), None, None, watched, recipe, control)
    return asked, outcome


def test_a_network_that_wants_more_epochs_gets_all_the_time(monkeypatch):
    asked, outcome = run(monkeypatch, [Outcome(12, 12, 0.5), Outcome(150, 200, 0.3)])
    assert [epochs for epochs, _, _ in asked] == [12, 200]
    assert asked[0][1] <= 15.0 < asked[1][1]
    assert outcome.epoch == 150


def test_a_network_that_learned_by_heart_gets_few_more_and_may_stay_at_the_short_one(monkeypatch):
    asked, outcome = run(monkeypatch, [Outcome(3, 12, 0.3), Outcome(5, 24, 0.4)])
    assert [epochs for epochs, _, _ in asked] == [12, 24]
    assert outcome == Outcome(3, 12, 0.3)


def test_both_lengths_begin_alike(monkeypatch):
    asked, _ = run(monkeypatch, [Outcome(12, 12, 0.5), Outcome(150, 200, 0.3)])
    assert asked[0][2] == asked[1][2]


@pytest.mark.parametrize(
    "how",
    [{"watched": None}, {"control": Control(Budget(100.0), rounds=30)}],
    ids=["unwatched", "prescribed"],
)
def test_without_rows_to_watch_or_with_prescribed_rounds_there_is_one_length(monkeypatch, how):
    asked, outcome = run(monkeypatch, [Outcome(30, 30, np.inf)], **how)
    assert len(asked) == 1
    assert outcome.epoch == 30
