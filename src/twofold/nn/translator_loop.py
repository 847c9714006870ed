"""Training a translator: batches of sentences of like length, one rate that rises and falls, and a clock."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from twofold.core.budget import Budget
from twofold.core.random import make_generator
from twofold.nn.loop import warm_cosine
from twofold.nn.translator import BEGIN, END, PAD, Sizes, TranslatorNetwork

Tokens = Sequence[list[int]]
POOLED = 16
"""Batches whose sentences are sorted by length together."""


@dataclass(frozen=True)
class Schedule:
    """How a translator is trained.

    Parameters
    ----------
    epochs : int
        At most; fewer when the time is short, and the schedule is drawn out over those.
    learning_rate : float
        The largest.
    batch : int
        Sentences of a step.
    smoothing : float
        Share of the truth that is spread over all tokens (Szegedy et al. 2016).
    """

    epochs: int = 6
    learning_rate: float = 2e-3
    batch: int = 64
    smoothing: float = 0.1


def padded(sentences: Tokens, first: list[int], last: list[int], most: int) -> torch.Tensor:
    """Return sentences as a matrix, cut to `most` tokens, between what begins and what ends them.

    Examples
    --------
    >>> padded([[7], [8, 9]], [], [END], 5).tolist()
    [[7, 3, 0], [8, 9, 3]]
    """
    room = most - len(first) - len(last)
    rows = [[*first, *sentence[:room], *last] for sentence in sentences]
    out = np.full((len(rows), max(map(len, rows))), PAD, dtype=np.int64)
    for row, tokens in enumerate(rows):
        out[row, : len(tokens)] = tokens
    return torch.from_numpy(out)


def batches(lengths: np.ndarray, size: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield places of sentences, shuffled, those of a batch of like length."""
    order = generator.permutation(len(lengths))
    found: list[np.ndarray] = []
    for start in range(0, len(order), POOLED * size):
        pool = order[start : start + POOLED * size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        found += [pool[at : at + size] for at in range(0, len(pool), size)]
    for place in generator.permutation(len(found)):
        yield found[place]


def pair_loss(network: TranslatorNetwork, source: Tokens, target: Tokens, smoothing: float) -> torch.Tensor:
    """Return the mean loss of a token."""
    most = network.sizes.places
    read = padded(source, [], [END], most)
    whole = padded(target, [BEGIN], [END], most)
    scores = network(read, whole[:, :-1])
    return F.cross_entropy(
        scores.flatten(0, 1), whole[:, 1:].flatten(), ignore_index=PAD, label_smoothing=smoothing
    )


def train_translator(
    source: Tokens, target: Tokens, sizes: Sizes, schedule: Schedule, *, budget: Budget, seed: int
) -> tuple[TranslatorNetwork, int]:
    """Train a translator on pairs of sentences.

    Parameters
    ----------
    source, target : sequences of lists of int
        Tokens, without the ones that mark the ends.
    sizes : Sizes
    schedule : Schedule
    budget : Budget
        The schedule ends with it.
    seed : int

    Returns
    -------
    network : TranslatorNetwork
    steps : int
        That were made.
    """
    torch.set_num_threads(budget.cores)
    generator = make_generator(seed, "translator")
    lengths = np.array([len(a) + len(b) for a, b in zip(source, target, strict=True)])
    total = schedule.epochs * math.ceil(len(lengths) / schedule.batch)
    began, seconds = time.monotonic(), max(0.05, budget.left())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = TranslatorNetwork(sizes)
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=0.0, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        network.train()
        done, progress = 0, 0.0
        while progress < 1:
            for rows in batches(lengths, schedule.batch, generator):
                progress = max(done / total, (time.monotonic() - began) / seconds)
                if progress >= 1:
                    break
                for group in optimizer.param_groups:
                    group["lr"] = schedule.learning_rate * warm_cosine(progress)
                loss = pair_loss(
                    network, [source[row] for row in rows], [target[row] for row in rows], schedule.smoothing
                )
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                done += 1
    network.eval()
    return network, done


def learn_translator(
    source: Tokens, target: Tokens, sizes: Sizes, schedule: Schedule, *, budget: Budget, seed: int
) -> tuple[bytes, bytes]:
    """Train a translator, and return it as the two ONNX models of `twofold.nn.onnx_translator`.

    Parameters
    ----------
    source, target, sizes, schedule, budget, seed
        As of `train_translator`.
    """
    from twofold.nn.onnx_translator import write_next, write_reader

    network, _ = train_translator(source, target, sizes, schedule, budget=budget, seed=seed)
    return write_reader(network), write_next(network)
