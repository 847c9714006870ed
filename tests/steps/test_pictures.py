"""Pictures are read whatever they are, and what cannot be read is missing with a reason."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from twofold.core import optional
from twofold.core.errors import MissingExtraError
from twofold.core.table import Table
from twofold.steps import picture_files
from twofold.steps.cells import CellError, pack_array
from twofold.steps.picture_files import read_pixels, read_size
from twofold.steps.pictures import decode, grey, picture_cell, sizes
from twofold.steps.pixels import Pixels

SIDE = 16
RED = (200, 30, 40)


def encoded(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def table_of(*cells):
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return Table({"photo": column}, len(cells), {})


def read_one(cell):
    """Return the pixels of a cell that has to be readable."""
    table = table_of(cell)
    pixels, present = decode(table, "photo", SIDE)
    assert present[0], table.complaints
    return pixels[0]


def reason_for(cell):
    """Return why a cell cannot be read; next to it, another cell is read all the same."""
    good = encoded(Image.new("RGB", (5, 5), RED))
    table = table_of(cell, good)
    _, present = decode(table, "photo", SIDE)
    assert present.tolist() == [False, True]
    (problem,) = table.complaints
    assert (problem.column, problem.row) == ("photo", 0)
    return problem.reason


def scene(width=60, height=40):
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP", "TIFF", "PPM"])
def test_lossless_formats_give_the_same_pixels(form):
    image = scene().quantize(64).convert("RGB")
    expected = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=int)
    assert np.abs(read_one(encoded(image, form)) - expected).max() <= 1


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_lossy_formats_give_nearly_the_same_pixels(form):
    expected = np.asarray(scene().resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=int)
    assert np.abs(read_one(encoded(scene(), form, quality=95)) - expected).mean() < 4


def test_a_path_is_the_file_that_it_names(tmp_path):
    scene().save(tmp_path / "a.png")
    assert (read_one(str(tmp_path / "a.png")) == read_one(encoded(scene()))).all()


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("RGB", (1, 1), RED), RED),
        (Image.new("L", (9, 4), 77), (77, 77, 77)),
        (Image.new("1", (9, 4), 1), (255, 255, 255)),
        (Image.new("RGBA", (9, 4), (*RED, 255)), RED),
        (Image.new("RGBA", (9, 4), (*RED, 0)), (255, 255, 255)),
        (Image.new("LA", (9, 4), (0, 0)), (255, 255, 255)),
        (Image.new("RGB", (9, 4), RED).quantize(4), RED),
        (Image.fromarray(np.full((4, 9), 77 * 257, dtype=np.uint16)), (77, 77, 77)),
    ],
    ids=["1x1", "grey", "one bit", "opaque", "clear", "clear grey", "palette", "16 bit"],
)
def test_every_mode_becomes_red_green_and_blue(image, expected):
    assert (read_one(encoded(image)) == expected).all()


def test_transparent_colour_of_a_palette_is_white():
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 0, *RED])
    assert (read_one(encoded(image, transparency=0)) == 255).all()


def test_cmyk_and_deep_tiff_are_read():
    cmyk = encoded(Image.new("RGB", (9, 9), RED).convert("CMYK"), "JPEG", quality=95)
    assert np.abs(read_one(cmyk).astype(int) - RED).max() <= 3
    floats = encoded(Image.fromarray(np.full((5, 5), 0.5, dtype=np.float32)), "TIFF")
    assert (read_one(floats) == 128).all()


def test_an_animated_gif_is_its_first_picture():
    frames = [Image.new("RGB", (7, 7), colour) for colour in (RED, (0, 0, 255), (0, 255, 0))]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.abs(read_one(data).astype(int) - RED).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_pictures_stand_upright(orientation, form):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "subsampling": 0} if form == "JPEG" else {}
    data = encoded(scene(SIDE, SIDE), form, exif=exif, **options)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert (read_one(data) == np.asarray(upright)).all()


def test_a_large_picture_is_shrunk_by_seeing_every_pixel():
    checks = (np.indices((1600, 1600)).sum(axis=0) % 2 * 255).astype(np.uint8)
    for form in ("PNG", "JPEG"):
        pixels = read_one(encoded(Image.fromarray(checks), form))
        assert np.abs(pixels.astype(int) - 127).max() < 12


@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "bool", "float32", "float64", "int64"])
def test_arrays_of_every_allowed_kind_are_read(channels, dtype):
    array = np.full((6, 5, *channels), 1, dtype=dtype)
    array = array * {"uint8": 255, "uint16": 65_535, "int64": 255}.get(dtype, 1)
    assert (read_one(pack_array(array.astype(dtype))) == 255).all()


def test_floats_beyond_one_are_taken_for_levels():
    assert (read_one(pack_array(np.full((4, 4), 128.0))) == 128).all()
    assert (
        read_one(pack_array(np.array([[-50.0, 300.0]]).repeat(4, axis=0)))[:, [0, -1], 0] == [0, 255]
    ).all()


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 8, 8), dtype=np.uint8), r"shape \(3, 8, 8\); allowed are"),
        (np.zeros(8, dtype=np.uint8), "allowed are the shapes"),
        (np.zeros((0, 4), dtype=np.uint8), "allowed are the shapes"),
        (np.full((4, 4), np.nan), "not finite"),
        (np.full((4, 4), -3), "holds -3"),
        (np.full((4, 4), 1j), "complex128; allowed are"),
    ],
)
def test_other_arrays_are_refused_with_what_is_allowed(array, words):
    with pytest.raises(CellError, match=words):
        read_pixels(pack_array(array), SIDE)


def test_what_is_no_picture_is_missing_with_a_reason(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "notes.png").write_text("no picture at all", encoding="utf-8")
    assert "no bytes" in reason_for(str(tmp_path / "empty.png"))
    assert "no bytes" in reason_for(b"")
    assert "allowed are PNG, JPEG" in reason_for(str(tmp_path / "notes.png"))
    assert "no such file" in reason_for(str(tmp_path / "nowhere.png"))
    assert reason_for(str(tmp_path))
    assert "allowed are PNG, JPEG" in reason_for(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_truncated_files_never_raise(form):
    data = encoded(scene(), form)
    for stop in np.linspace(1, len(data) * 0.6, 25).astype(int):
        assert "allowed are" in reason_for(data[:stop])


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_damaged_files_never_raise(form):
    rng = np.random.default_rng(1)
    data = np.frombuffer(encoded(scene(20, 20), form), dtype=np.uint8)
    cells = []
    for _ in range(60):
        hurt = data.copy()
        hurt[rng.integers(0, len(data), 4)] = rng.integers(0, 256, 4)
        cells.append(hurt.tobytes())
    table = table_of(*cells)
    _, present = decode(table, "photo", SIDE)
    assert (~present).sum() == len(table.complaints)


def huge_png(width, height):
    """Return a small file that says it were this large."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))


@pytest.mark.parametrize("size", [(8_000, 5_000), (5_000, 8_001), (12_000, 8_000), (100_000, 100_000)])
def test_forty_megapixels_are_refused_before_they_are_decoded(size, monkeypatch):
    monkeypatch.setattr(picture_files, "_shrink", None)
    with pytest.raises(CellError, match="40,000,000"):
        read_pixels(huge_png(*size), SIDE)


def test_a_picture_just_below_the_limit_is_looked_at():
    assert read_size(huge_png(7_999, 5_000)) == (7_999, 5_000)


def test_arrays_have_the_same_limit(monkeypatch):
    monkeypatch.setattr(picture_files, "MOST_PIXELS", 100)
    with pytest.raises(CellError, match="fewer than 100"):
        read_pixels(pack_array(np.zeros((10, 10), dtype=np.uint8)), SIDE)


@pytest.mark.parametrize("path", ["a\0b.png", "x" * 5_000, "\ud800.png"])
def test_a_path_that_cannot_be_is_missing_with_a_reason(path):
    assert reason_for(path)
    assert len(sizes(table_of(path), "photo")) == 0


def test_an_array_that_says_it_is_huge_is_refused():
    data = pack_array(np.zeros((4, 4), dtype=np.uint8))
    assert reason_for(data.replace(b"(4, 4), }      ", b"(99999, 99999),}"[:15]))
    assert reason_for(data[:-3])
    assert reason_for(data[:20])


def test_without_pillow_the_remedy_is_named(monkeypatch):
    data = encoded(scene())

    def nowhere(name):
        raise ModuleNotFoundError(name=name.partition(".")[0])

    monkeypatch.setattr(optional.importlib, "import_module", nowhere)
    for cell in (data, pack_array(np.zeros((4, 4), dtype=np.uint8))):
        with pytest.raises(MissingExtraError, match=r"pip install 'twofold\[image\]'"):
            decode(table_of(cell), "photo", SIDE)
    assert picture_cell(data) == data


def test_a_column_without_pictures_and_an_empty_table():
    pixels, present = decode(table_of(None, None), "photo", SIDE)
    assert pixels.shape == (2, SIDE, SIDE, 3)
    assert not present.any()
    assert decode(table_of(), "photo", SIDE)[0].shape == (0, SIDE, SIDE, 3)
    assert sizes(table_of(None, b"?"), "photo").shape == (0, 2)


def test_threads_change_nothing(monkeypatch):
    cells = [encoded(scene(40 + k, 30)) for k in range(70)] + [b"broken", None]
    monkeypatch.setenv("TWOFOLD_THREADS", "1")
    alone, _ = decode(table_of(*cells), "photo", SIDE)
    monkeypatch.setenv("TWOFOLD_THREADS", "3")
    table = table_of(*cells)
    together, present = decode(table, "photo", SIDE)
    assert (alone == together).all()
    assert present.sum() == 70
    assert [problem.row for problem in table.complaints] == [70]


def test_a_column_is_read_once_for_a_size():
    table = table_of(encoded(scene()))
    assert decode(table, "photo", SIDE)[0] is decode(table, "photo", SIDE)[0]


def test_raw_pixels_are_planes_and_missing_rows_are_nan():
    step = Pixels("photo", 2)
    made = step.run(table_of(pack_array(np.full((3, 3, 3), RED, dtype=np.uint8)), None))
    assert made[0].reshape(step.shape)[:, 1, 1].tolist() == list(RED)
    assert np.isnan(made[1]).all()


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, "", " ", "NA", "null"])
def test_nothing_is_missing(value):
    assert picture_cell(value) is None


def test_cells_from_what_people_bring(tmp_path):
    array = np.asarray(scene())
    path = tmp_path / "a.png"
    scene().save(path)
    data = path.read_bytes()
    cells = [path, str(path), data, bytearray(data), scene(), Image.open(path), array, array.tolist()]
    cells += [{"bytes": data, "path": None}, {"bytes": None, "path": str(path)}, array / 255.0]
    for cell in map(picture_cell, cells):
        assert isinstance(cell, (str, bytes))
        assert (read_one(cell) == read_one(data)).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16"])
def test_opened_pictures_of_every_mode_become_cells(mode):
    assert read_one(picture_cell(Image.new(mode, (6, 6)))).shape == (SIDE, SIDE, 3)


def test_an_opened_picture_keeps_its_orientation():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(scene(SIDE, SIDE), exif=exif)
    assert (read_one(picture_cell(Image.open(io.BytesIO(data)))) == read_one(data)).all()


@pytest.mark.parametrize("value", [17, 2.5, object(), np.array("x"), ["a", None], np.zeros((2, 2, 2, 2))])
def test_what_can_be_no_picture_is_said_so_when_it_is_read(value):
    assert reason_for(picture_cell(value))


def test_a_truncated_opened_picture_is_said_so_when_it_is_read():
    data = encoded(scene(200, 200), "JPEG")
    assert reason_for(picture_cell(Image.open(io.BytesIO(data[: len(data) // 2]))))


def test_grey_is_what_pillow_makes_of_it():
    assert np.abs(grey(np.asarray(scene())) - np.asarray(scene().convert("L"), dtype=int)).max() < 1
