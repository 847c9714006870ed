"""Losses of single rows."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from twofold.core.control import Problem
from twofold.nn.loop import Loss


def make_loss(problem: Problem) -> Loss:
    """Return the loss of a problem: one number a row, from scores of shape (n, q) or (n, members, q).

    Members are judged one by one, each as if it were alone.
    """
    kinds: dict[str, Loss] = {"binary": _binary, "multiclass": _multiclass, "regression": _squared}
    return kinds[problem.task]


def _binary(scores: Any, y: Any) -> Any:
    logits = scores[..., 0]
    goals = y.to(scores.dtype).reshape(-1, *[1] * (scores.ndim - 2)).expand(logits.shape)
    losses = F.binary_cross_entropy_with_logits(logits, goals, reduction="none")
    return losses if losses.ndim == 1 else losses.mean(dim=1)


def _multiclass(scores: Any, y: Any) -> Any:
    if scores.ndim == 2:
        return F.cross_entropy(scores, y, reduction="none")
    members = scores.shape[1]
    losses = F.cross_entropy(scores.flatten(0, 1), y.repeat_interleave(members), reduction="none")
    return losses.reshape(-1, members).mean(dim=1)


def _squared(scores: Any, y: Any) -> Any:
    apart = (scores[..., 0] - y.reshape(-1, *[1] * (scores.ndim - 2))) ** 2
    return apart if apart.ndim == 1 else apart.mean(dim=1)


def mean_of_members(scores: Any, task: str) -> Any:
    """Turn scores (n, members, q) into scores (n, q) of the members' mean answer."""
    if task == "regression":
        return scores.mean(dim=1)
    if task == "multiclass":
        return torch.logsumexp(torch.log_softmax(scores, dim=-1), dim=1)  # cross entropy normalises
    chance = torch.sigmoid(scores).mean(dim=1)
    return torch.logit(chance, eps=1e-7)
