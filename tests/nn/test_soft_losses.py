"""Losses against answers: certain answers are labels; the least loss is at the answer, at any temperature."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from twofold.core.control import Problem  # noqa: E402 - torch may be absent
from twofold.nn.losses import make_loss  # noqa: E402
from twofold.nn.soft_losses import make_soft_loss  # noqa: E402

PROBLEMS = [Problem("binary", 2), Problem("multiclass", 3)]


def scores_of(problem, n=40):
    g = np.random.default_rng(0)
    return torch.tensor(g.normal(size=(n, 1 if problem.task == "binary" else problem.n_classes)))


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.task)
def test_certain_answers_are_labels(problem):
    scores = scores_of(problem)
    y = torch.tensor(np.random.default_rng(1).integers(0, problem.n_classes, len(scores)))
    answers = torch.nn.functional.one_hot(y, problem.n_classes).double()
    told, known = make_soft_loss(problem, 1.0)(scores, answers), make_loss(problem)(scores, y)
    np.testing.assert_allclose(told.numpy(), known.numpy(), atol=1e-4)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.task)
def test_the_loss_is_least_where_the_answer_is_given(problem, temperature):
    scores = scores_of(problem).requires_grad_()
    if problem.task == "binary":
        p = torch.sigmoid(scores.detach())
        answers = torch.hstack([1 - p, p])
    else:
        answers = torch.softmax(scores.detach(), dim=1)
    make_soft_loss(problem, temperature)(scores, answers).sum().backward()
    np.testing.assert_allclose(scores.grad.numpy(), 0.0, atol=1e-4)
