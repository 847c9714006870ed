"""Learn to recommend, and suggest items."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from twofold import shell
from twofold.cli.app import EXITS, Json, Seed, Threads, Verify, answer, app

_FIT = "twofold recommend ratings.csv --user userId --item movieId --time timestamp --out films"


@app.command(epilog=f"Example: {_FIT}. {EXITS}")
def recommend(
    data: Annotated[str, typer.Argument(help="A table with one row for each user and item.")],
    user: Annotated[str, typer.Option(help="The column of users.")],
    item: Annotated[str, typer.Option(help="The column of items.")],
    time: Annotated[str | None, typer.Option(help="The column of times; rows in order without.")] = None,
    rating: Annotated[str | None, typer.Option(help="The column of ratings.")] = None,
    liked: Annotated[
        float | None,
        typer.Option(help="Ratings from here on count; the median unless told."),
    ] = None,
    items: Annotated[str | None, typer.Option(help="A table of items: titles, genres, numbers.")] = None,
    users: Annotated[str | None, typer.Option(help="A table of users: numbers, categories.")] = None,
    division: Annotated[str, typer.Option(help="How the future is cut off: auto, time or last.")] = "auto",
    network: Annotated[bool, typer.Option("--network/--no-network", help="Train the two towers.")] = True,
    budget: Annotated[str, typer.Option(help="Wall clock that the towers' training follows.")] = "120s",
    seed: Seed = 0,
    jobs: Threads = 1,
    out: Annotated[Path, typer.Option(help="Folder for the model.")] = Path("twofold-recommend"),
    as_json: Json = False,
) -> None:
    """Learn what users want next: popularity, neighbours, EASE, two towers, and their re-ranked union."""
    options: dict[str, Any] = {
        "user": user,
        "item": item,
        "time": time,
        "rating": rating,
        "liked": liked,
        "network": network,
        "division": division,
        "budget": budget,
        "random_state": seed,
        "n_jobs": jobs,
    }
    told = shell.recommend(data, out, items, users, options)
    answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold suggest films 1,50,260 --k 10. {EXITS}")
def suggest(
    folder: Annotated[Path, typer.Argument(help="A folder that `recommend` wrote, or a bundle.")],
    history: Annotated[str, typer.Argument(help="Items, oldest first, with commas; @FILE: one a line.")],
    k: Annotated[int, typer.Option(help="Items to suggest.")] = 10,
    known: Annotated[list[str] | None, typer.Option(help="Of the user: column=value; repeat it.")] = None,
    items: Annotated[str | None, typer.Option(help="The table of items, to tell them by name.")] = None,
    verify: Verify = None,
    as_json: Json = False,
) -> None:
    """Suggest items that are not in a history, the best first."""
    told = shell.suggest(folder, history, k, known or [], items, verify)
    answer(told.data, told.text, as_json)
