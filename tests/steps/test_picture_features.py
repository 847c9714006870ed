"""Hand-made features of pictures equal those of scikit-image."""

import numpy as np
import pytest
from skimage import color, feature, filters

from twofold.bundle.graph_files import load_graph, save_graph
from twofold.core.table import Table
from twofold.features.extractor import make_extractor
from twofold.steps import picture_features
from twofold.steps.base import INPUT, Graph, Node
from twofold.steps.cells import pack_array
from twofold.steps.colours import Colours, hue_saturation_value
from twofold.steps.edges import Edges, magnitude, sobel
from twofold.steps.hog import Hog
from twofold.steps.lbp import LocalPatterns, brighter_points
from twofold.steps.picture_features import tile_histograms, tile_means, tiles
from twofold.steps.pictures import grey

STEPS = (Hog, LocalPatterns, Colours, Edges)
NAMES = ("colours", "edges", "hog", "lbp")


def pictures(side, n=12):
    """Return pictures with even ground, slopes and noise."""
    rng = np.random.default_rng(side)
    slope = np.indices((side, side)).sum(axis=0)[:, :, None] * 100 // side
    found = np.stack([slope * (k % 3) + rng.integers(0, 1 + 12 * k, (side, side, 3)) for k in range(n)])
    found[0] = 255
    found[1, side // 2 :] = 0
    return np.clip(found, 0, 255).astype(np.uint8)


def table_of(cells):
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return Table({"photo": column}, len(cells), {})


@pytest.mark.parametrize(("side", "cells"), [(32, 4), (64, 4), (64, 8), (50, 4), (24, 2)])
def test_hog_equals_scikit_image(side, cells):
    length = side // cells
    for ours, picture in zip(Hog("photo", side, cells).describe(pictures(side)), pictures(side), strict=True):
        theirs = feature.hog(picture, 9, (length, length), (2, 2), "L2-Hys", channel_axis=-1)
        assert np.abs(ours - theirs).max() < 1e-5


@pytest.mark.parametrize(("turned", "method"), [(False, "nri_uniform"), (True, "uniform")])
def test_local_patterns_equal_scikit_image(turned, method):
    levels = np.floor(grey(pictures(40)) + 0.5).astype(np.float32)
    step = LocalPatterns("photo", 40, turned=turned)
    ours = step._codes[brighter_points(levels)]
    for codes, level in zip(ours, levels, strict=True):
        theirs = feature.local_binary_pattern(level.astype(np.uint8), 8, 1, method)
        assert (codes == theirs).mean() > 0.999  # a tie may be rounded otherwise
    assert step.n_codes == len(step.pattern_words)


def test_sobel_equals_scikit_image():
    levels = grey(pictures(33)) / np.float32(255)
    down, across = sobel(levels)
    for place, level in enumerate(levels):
        assert np.abs(down[place] - filters.sobel_h(level)).max() < 1e-6
        assert np.abs(across[place] - filters.sobel_v(level)).max() < 1e-6
        assert np.abs(magnitude(down, across)[place] - filters.sobel(level)).max() < 1e-6


def test_hue_saturation_and_value_equal_scikit_image():
    ours = np.stack(hue_saturation_value(pictures(20).astype(np.float32) / 255), axis=-1)
    assert np.abs(ours - color.rgb2hsv(pictures(20))).max() < 1e-6


@pytest.mark.parametrize(("side", "grid"), [(8, 2), (9, 2), (10, 4), (3, 4), (1, 2)])
def test_tiles_are_means_over_their_pixels(side, grid):
    rng = np.random.default_rng(0)
    values = rng.random((5, side, side, 2), dtype=np.float32)
    codes = rng.integers(0, 3, (5, side, side))
    tile, _ = tiles(side, grid)
    for place in np.unique(tile):
        inside = tile == place
        assert np.allclose(tile_means(values, grid)[:, place], values[:, inside].mean(axis=1), atol=1e-6)
        weighed = (values[..., 0] * (codes == 1))[:, inside].mean(axis=1)
        assert np.allclose(tile_histograms(codes, 3, grid, values[..., 0])[:, place, 1], weighed, atol=1e-6)


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize("side", [1, 2, 5, 31, 64])
def test_every_size_gives_finite_features(kind, side):
    step = kind("photo", side)
    made = step.describe(pictures(side))
    assert made.shape == (12, step.width)
    assert made.dtype == np.float32
    assert np.isfinite(made).all()


@pytest.mark.parametrize("kind", STEPS)
def test_pictures_are_described_each_by_itself(kind, monkeypatch):
    cells = [pack_array(picture) for picture in pictures(32)]
    step = kind("photo", 32)
    whole = step.run(table_of(cells))
    monkeypatch.setattr(picture_features, "AT_ONCE", 3 * 32 * 32)
    assert (step.run(table_of(cells)) == whole).all()
    assert (step.run(table_of(cells[::-1]))[::-1] == whole).all()
    assert (step.run(table_of(cells[4:5])) == whole[4:5]).all()


@pytest.mark.parametrize("name", NAMES)
def test_missing_and_unreadable_cells_are_rows_of_nan(name):
    cells = [pack_array(picture) for picture in pictures(32, 3)]
    table = table_of([cells[0], None, b"broken", cells[1]])
    extractor = make_extractor(name)
    step = extractor.make("photo", table, 0)
    made = step.run(table)
    assert np.isnan(made[1:3]).all()
    assert np.isfinite(made[[0, 3]]).all()
    assert [problem.row for problem in table.complaints] == [2]
    for nothing in ([None, None], []):
        assert extractor.make("photo", table_of(nothing), 0).run(table_of(nothing)).shape[0] == len(nothing)
        assert step.run(table_of(nothing)).shape == (len(nothing), step.width)


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_step_gives_the_same_features(name, tmp_path):
    table = table_of([pack_array(picture) for picture in pictures(32, 3)])
    graph = Graph((Node(make_extractor(name).make("photo", table, 0), (INPUT,), "cells"),))
    save_graph(graph, tmp_path / "graph")
    again = load_graph(tmp_path / "graph")
    assert (again.run({INPUT: table}, "cells") == graph.run({INPUT: table}, "cells")).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_has_a_name_of_its_own(name):
    extractor = make_extractor(f"{name}@48")
    step = extractor.make("photo", table_of([]), 0)
    assert step.side == 48
    assert len(set(extractor.names(step))) == step.width


def test_all_features_together_are_few_enough_for_trees():
    steps = [make_extractor(name).make("photo", table_of([]), 0) for name in NAMES]
    assert 500 <= sum(step.width for step in steps) <= 900


@pytest.mark.parametrize(
    ("size", "side"), [(8, 32), (28, 32), (32, 32), (48, 64), (64, 64), (100, 128), (3000, 128)]
)
def test_the_side_follows_from_the_pictures(size, side):
    cells = [pack_array(np.zeros((size, size), dtype=np.uint8))] * 3
    assert make_extractor("hog").make("photo", table_of(cells), 0).side == side


def test_names_say_where_a_feature_lies():
    step = LocalPatterns("photo", 32)
    picture = np.full((1, 32, 32, 3), 90, dtype=np.uint8)
    row = dict(zip(make_extractor("lbp").names(step), step.describe(picture)[0], strict=True))
    assert max(row, key=row.get) == "texture of even ground or a dark spot, top left"
    step = Colours("photo", 32)
    picture[:] = (255, 0, 0)
    row = dict(zip(make_extractor("colours").names(step), step.describe(picture)[0], strict=True))
    assert row["red 3, green 0, blue 0 of 0 to 3"] == 1
    assert row["hue 0 to 0.125, top left"] == 1
    assert row["mean of red, row 1, column 1"] == 1
    assert row["deviation of red, row 1, column 1"] == 0
    step = Edges("photo", 32)
    picture[:, :, :16] = 0
    row = dict(zip(make_extractor("edges").names(step), step.describe(picture)[0], strict=True))
    slopes = {name: value for name, value in row.items() if name.startswith("slopes at ")}
    assert max(slopes, key=slopes.get).startswith("slopes at 11°")
