"""Paints the built-in style picture, a moonlit bay under a swirling sky in thick oil strokes.

``nst/sources/data/night.jpg`` is the output of ``nst paint nst/sources/data/night.jpg``.
"""

import argparse
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from nst.base.errors import of_file
from nst.base.files import write_whole

#: Canvas pixels per picture pixel: strokes have hard edges, which the reduction smooths.
OVER = 2
#: Largest JPEG written, in bytes.
MOST_BYTES = 148_000
#: Paints (sRGB, 0 to 255) of the night from dark to light: Prussian blue, ultramarine, cobalt,
#: cerulean, turquoise, pale green, Naples yellow, cadmium yellow, white.
RAMP = np.array([(12, 22, 46), (26, 38, 98), (36, 72, 142), (70, 122, 172), (112, 172, 176),
    (180, 206, 160), (236, 206, 120), (248, 190, 52), (255, 246, 214)], float)  # fmt: skip
#: Paints mixed in here and there: violet, viridian, ochre, jade; and those of the hill and houses.
ACCENTS = np.array([(78, 56, 124), (40, 124, 136), (192, 138, 58), (152, 198, 176)], float)
EARTHS = np.array([(24, 22, 34), (52, 40, 38), (104, 64, 34), (62, 78, 50), (160, 108, 50)], float)
#: The moon and the stars as (x, y, radius), in picture heights.
MOON = (0.40, 0.27, 0.060)
STARS = ((0.09, 0.12, 0.017), (0.17, 0.40, 0.011), (0.66, 0.09, 0.020), (0.81, 0.21, 0.010),
         (1.22, 0.12, 0.022), (1.25, 0.46, 0.013), (0.70, 0.35, 0.010))  # fmt: skip
#: Eddies of the sky as (x, y, reach, turn): turn is 1 clockwise, -1 counter-clockwise.
EDDIES = ((0.40, 0.27, 0.27, 1), (1.00, 0.33, 0.24, -1), (0.05, 0.47, 0.14, -1),
          *((x, y, 0.02 + 2 * radius, 1) for x, y, radius in STARS))  # fmt: skip
#: Brushes from broad to fine: width in pixels of a picture 768 wide, length in widths, layers.
BRUSHES = ((40, 4.0, 4.4), (24, 5.0, 4.5), (14, 6.0, 2.6), (8.5, 7.0, 2.0), (5, 8.0, 1.0))


@dataclass
class Canvas:
    """The scene to paint, by picture pixel (H, W), and the wet paint on it, by canvas pixel."""

    rng: np.random.Generator
    scene: np.ndarray  # (H, W, 3), 0 to 255
    angle: np.ndarray  # direction of the strokes, radians
    region: np.ndarray  # sky 0, far ridge 1, bay 2, hill 3
    color: np.ndarray  # (OVER * H, OVER * W, 3), 0 to 255
    height: np.ndarray  # thickness of the paint, canvas pixels


def ramp(value: np.ndarray) -> np.ndarray:
    """Return the paints (..., 3) of `RAMP` at `value` (...), 0 the darkest and 1 the lightest."""
    places = np.linspace(0, 1, len(RAMP))
    return np.stack([np.interp(value, places, band) for band in RAMP.T], axis=-1)


def stretch(grid: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return `grid` (h, w) smoothly enlarged to `shape`."""
    image = Image.fromarray(grid.astype(np.float32))
    return np.asarray(image.resize(shape[::-1], Image.Resampling.BICUBIC), dtype=float)


def sky(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sky's value on `RAMP` and its stroke angle in radians at x, y in picture heights.

    The bands of light and dark follow the streamlines, as a painter's strokes would.
    """
    stream = y + 0.10 * np.cos(4.5 * x + 2 * y - 1)
    u, v = np.ones_like(x), 0.45 * np.sin(4.5 * x + 2 * y - 1)
    phase, glow = 46 * stream, 0.34 * np.exp(-(((stream - 0.45) / 0.05) ** 2))
    for cx, cy, reach, turn in EDDIES:
        dx, dy = x - cx, y - cy
        far = np.hypot(dx, dy) + 1e-6
        pull = np.exp(-((far / reach) ** 4))
        u = u * (1 - pull) + pull * (-turn * dy + 0.2 * dx) / far
        v = v * (1 - pull) + pull * (turn * dx + 0.2 * dy) / far
        phase = phase * (1 - pull) + pull * (70 * far - turn * np.arctan2(dy, dx))
        glow = glow * (1 - pull) + pull * 0.16 * np.exp(-far / 0.07)
    value = 0.09 + 0.16 * y + 0.13 * np.sin(phase) + glow
    for cx, cy, radius in (MOON, *STARS):
        far = np.maximum(np.hypot(x - cx, y - cy) - radius, 0)
        value = value + 0.66 * np.exp(-far / (0.018 + 0.7 * radius)) * (1 - value)
    return np.clip(value, 0, 0.8), np.arctan2(v, u)


def compose(rng: np.random.Generator, rows: int) -> Canvas:
    """Return a bare canvas with its scene, `rows` picture pixels high and a third wider."""
    shape = (rows, rows * 4 // 3)
    puffs, gusts, folds, clods, bends = (
        stretch(rng.uniform(-1, 1, (n, n + 4)), shape) for n in (12, 16, 14, 20, 7)
    )
    y, x = (np.mgrid[:rows, : shape[1]] + 0.5) / rows
    ridge = 0.70 - 0.05 * np.sin(5.2 * x + 0.6) - 0.022 * np.sin(13 * x) - 0.03 * x
    shore = 0.755 + 0.006 * np.sin(11 * x)
    hill = 0.97 - 0.30 * np.clip((x - 0.52) / 0.75, 0, 1) ** 1.25 + 0.012 * np.sin(15 * x)
    region = np.select([y > hill, y > shore, y > ridge], [3, 2, 1], 0)
    ripple = 0.08 * np.sin(95 * y + 3 * np.sin(9 * x)) + 0.08 * gusts
    reach = 0.035 + 0.32 * np.maximum(y - 0.75, 0)
    path = np.exp(-(((x - MOON[0] - 0.02 * np.sin(40 * y)) / reach) ** 2))
    water = np.clip(0.19 + ripple + path * (0.40 + 2.1 * np.maximum(ripple, -0.1)), 0, 0.95)
    far = 0.6 * ramp(0.14 + 0.12 * folds) + 0.4 * np.array((62, 46, 80))
    mix = np.clip(1.8 + 1.4 * clods + 1.2 * np.sin(60 * (y - hill) + 6 * x), 0, 3.99)
    low, part = mix.astype(int), (mix % 1)[..., None]
    soil = (EARTHS[low] * (1 - part) + EARTHS[low + 1] * part) * (1.6 - 0.75 * y[..., None])
    value, air = sky(x, y)
    where = [region == 3, region == 2, region == 1]
    paints = [soil, ramp(water), far]
    scene = np.select([each[..., None] for each in where], paints, ramp(value + 0.07 * puffs))
    rise, slope = (np.arctan(np.gradient(line, axis=1) * rows) for line in (ridge, hill))
    furrow, wave = slope + 0.5 * bends, 0.12 * np.sin(7 * x + 30 * y)
    angle = np.select(where, [furrow, wave, rise], air)
    ground = (0.4 * scene + 0.3 * EARTHS[2]).repeat(OVER, axis=0).repeat(OVER, axis=1)
    y, x = np.indices(ground.shape[:2])
    weave = 0.5 * np.cos(0.7 * x) + 0.5 * np.cos(0.7 * y)
    return Canvas(rng, scene, angle, region, ground, weave)


def look(grid: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the values (N, ...) of `grid` (H, W, ...) nearest to `points` (N, 2), x and y."""
    column, row = np.clip(points.astype(int), 0, np.array(grid.shape[1::-1]) - 1).T
    return grid[row, column]


def trace(canvas: Canvas, start: np.ndarray, step: float, count: int) -> np.ndarray:
    """Return paths (N, count + 1, 2) from `start` (N, 2) along the scene, in picture pixels.

    A path stands still at an outline, so that no stroke smears it (Hertzmann 1998, "Painterly
    rendering with curved brush strokes of multiple sizes", ends one where the color changes).
    """
    home, paths, heading = look(canvas.region, start), [start], np.zeros_like(start)
    for _ in range(count):
        angle = look(canvas.angle, paths[-1])
        move = 0.7 * np.sign(step) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        heading = move + 0.3 * heading
        heading /= np.hypot(*heading.T)[:, None] + 1e-9
        target = paths[-1] + abs(step) * heading
        inside = look(canvas.region, target) == home
        paths.append(np.where(inside[:, None], target, paths[-1]))
    return np.stack(paths, axis=1)


def lay(canvas: Canvas, path: np.ndarray, width: float, color: np.ndarray) -> None:
    """Draw one stroke of `color` (3,) along `path` (K, 2), x and y, `width` in canvas pixels.

    The stroke is a ribbon of bristles, each of its own thickness, length and share of two
    half-mixed paints; thin ones run out of paint and show what lies below.
    """
    rng = canvas.rng
    gone = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    shape = max(4, int(gone[-1] / 0.6)), max(4, int(width / 0.6))
    along, across = np.linspace(0, gone[-1], shape[0]), np.linspace(-1, 1, shape[1])
    share, turn = along / gone[-1], np.gradient(path, axis=0).T
    x, y, dx, dy = (np.interp(along, gone, each) for each in (*path.T, *turn))
    size = np.hypot(dx, dy) + 1e-9
    bristles, runs = max(3, int(width / 4.0)), int(gone[-1] / (2.5 * width)) + 2
    ridge = rng.uniform(-1, 1, (runs, bristles)) + rng.uniform(-1, 1, bristles)
    ridge = stretch(ridge, shape)
    swell = np.sqrt(1 - (1 - np.minimum(along / (0.5 * width), 1)) ** 2) * (1 - 0.3 * share**3)
    swell *= np.interp(share, np.linspace(0, 1, 6), rng.uniform(0.8, 1.05, 6))
    offset = 0.5 * width * swell[:, None] * across
    px = np.rint(x[:, None] - offset * (dy / size)[:, None]).astype(int)
    py = np.rint(y[:, None] + offset * (dx / size)[:, None]).astype(int)
    ends = stretch(rng.uniform(0.76, 1.0, (1, bristles)), (1, shape[1]))
    dry = rng.uniform(0, 1) * (0.6 + 1.2 * share[:, None])
    wet = (share[:, None] < ends) & (ridge > dry - 2.4)
    wet &= (px >= 0) & (px < canvas.height.shape[1]) & (py >= 0) & (py < canvas.height.shape[0])
    light, dark = color * rng.uniform(1.08, 1.4) + 8, color * rng.uniform(0.56, 0.88)
    if rng.random() < 0.16:
        dark = 0.5 * dark + 0.5 * ACCENTS[rng.integers(len(ACCENTS))]
    tint = np.clip(0.5 + 0.5 * ridge, 0, 1)[wet][:, None]
    thick = width**0.5 * (0.55 - 0.35 * across**6 + 0.5 * ridge + 0.25 * (share[:, None] > 0.9))
    px, py = px[wet], py[wet]
    canvas.color[py, px] = np.clip(light * tint + dark * (1 - tint), 4, 252)
    canvas.height[py, px] = 0.4 * canvas.height[py, px] + thick[wet]


def cover(canvas: Canvas, width: float, length: float, layers: float) -> None:
    """Lay strokes of `width` picture pixels, `length` widths long, `layers` deep, by the scene."""
    rng, (rows, cols) = canvas.rng, canvas.region.shape
    count = int(layers * rows * cols / (width * width * length))
    start = rng.uniform(-0.02, 1.02, (count, 2)) * (cols, rows)
    if width < 0.02 * cols:  # Fine strokes in patches only, so that broad ones stay in sight.
        patches = 0.55 + 0.8 * stretch(rng.uniform(-1, 1, (6, 8)), (rows, cols))
        start = start[rng.random(count) < look(patches, start)]
    # A broad brush follows the broad colors only (Hertzmann blurs the picture for each brush).
    small = Image.fromarray(canvas.scene.astype(np.uint8)).reduce(max(1, int(width * 0.6)))
    seen = np.asarray(small.resize((cols, rows), Image.Resampling.BILINEAR), dtype=float)
    colors = look(seen, start) * rng.normal(1, 0.15, (len(start), 1))
    colors += rng.normal(0, 8, colors.shape)
    ahead, back = (trace(canvas, start, way * width * length / 10, 5) for way in (1, -1))
    paths = np.concatenate([back[:, :0:-1], ahead], axis=1)
    for path, color in zip(paths, colors, strict=True):
        path = path[rng.integers(0, 3) : 11 - rng.integers(0, 3)]
        path = path[np.concatenate([[True], np.any(np.diff(path, axis=0) != 0, axis=1)])]
        if len(path) > 2:
            lay(canvas, path * OVER, width * OVER * rng.uniform(0.7, 1.25), color)


def dab(canvas: Canvas, at: tuple[float, float], angle: float, size: tuple[float, float],
        color: np.ndarray, bend: float = 0.0) -> None:  # fmt: skip
    """Lay one short stroke about `at`, `size` (length, width) in picture pixels, `bend` radians."""
    turn = angle + np.linspace(-0.5, 0.5, 6) * bend
    path = np.cumsum(np.stack([np.cos(turn), np.sin(turn)], axis=1) * size[0] / 6, axis=0)
    path += np.array(at) - path.mean(axis=0)
    lay(canvas, path * OVER, size[1] * OVER, color * canvas.rng.normal(1, 0.08))


def village(canvas: Canvas) -> None:
    """Lay the houses on the hill, walls before roofs before windows, those in front last."""
    rng, spots = canvas.rng, np.argwhere(canvas.region == 3)  # Sorted from far to near.
    for y, x in spots[np.sort(rng.integers(0, len(spots) * 3 // 5, 20))]:
        side = rng.uniform(0.032, 0.046) * len(canvas.region)
        tile = EARTHS[rng.choice([1, 2, 2, 4])]
        wall = 0.5 * RAMP[rng.integers(1, 7)] + 0.35 * EARTHS[rng.integers(1, 5)]
        strokes = [(at, -0.4, 1.57, 0.95, 0.32, wall * (0.9 - 0.7 * at)) for at in (-0.3, 0, 0.3)]
        strokes += [(0.24, up, 0.6, 0.7, 0.3, tile * 0.55) for up in (-0.8, -0.95)]
        strokes += [(-0.24, up, -0.6, 0.7, 0.3, tile + 25) for up in (-0.8, -0.95)]
        panes = rng.choice([-0.2, 0.2], rng.integers(0, 3), replace=False)
        strokes += [(at, -0.36, 1.57, 0.36, 0.2, RAMP[7]) for at in panes]
        for right, down, lean, long, wide, tone in strokes:
            at, size = (x + right * side, y + down * side), (long * side, wide * side)
            dab(canvas, at, lean, size, tone)


def lights(canvas: Canvas, rows: int) -> None:
    """Lay the last and thickest paint, the moon and the stars, from the rim to the middle."""
    rng = canvas.rng
    for x, y, big in np.array((MOON, *STARS)) * rows:
        broad = max(0.2 * big, 0.007 * rows)
        for ring in np.arange(1.05, 0, -0.6 * broad / big):
            for theta in rng.uniform(0, 2 * np.pi, 2 + int(3.2 * ring * big / broad)):
                far = ring * big * rng.uniform(0.85, 1.15)
                size = (min(4.0 * broad, 1.2 * far + broad), broad * rng.uniform(0.7, 1.3))
                tone = ramp(np.clip(1.0 - 0.24 * ring + rng.normal(0, 0.07), 0.5, 1))
                at = (x + far * np.cos(theta), y + far * np.sin(theta))
                dab(canvas, at, theta + np.pi / 2, size, tone, size[0] / (far + 1))
        dab(canvas, (x, y), rng.uniform(0, 3), (2.4 * broad, 1.6 * broad), RAMP[8])


def relief(canvas: Canvas) -> Image.Image:
    """Return `canvas` under a raking light from the upper left, reduced to the picture's size."""
    down, right = np.gradient(canvas.height)
    slope = np.tanh(0.35 * (right + down))[..., None]
    lit = canvas.color * (1 + 0.45 * slope) + 26 * np.maximum(slope - 0.45, 0)
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8)).reduce(OVER)


def paint(width: int = 768, seed: int = 7) -> Image.Image:
    """Return the picture, `width` pixels wide, three quarters as high, the same for one `seed`."""
    canvas = compose(np.random.default_rng(seed), width * 3 // 4)
    for brush, length, layers in BRUSHES:
        cover(canvas, max(2.0, brush * width / 768), length, layers)  # Thinner ones are noise.
    village(canvas)
    lights(canvas, width * 3 // 4)
    return relief(canvas)


def encode(image: Image.Image) -> bytes:
    """Return `image` as the best JPEG of at most `MOST_BYTES` bytes."""
    for quality in range(95, 20, -1):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= MOST_BYTES:
            break
    return buffer.getvalue()


def main() -> None:
    """Paint the picture into the file named on the command line."""
    parser = argparse.ArgumentParser(prog="nst paint", description=__doc__)
    parser.add_argument("out", help="JPEG file to write")
    parser.add_argument("--size", type=int, default=768, help="width in pixels (height is 3/4)")
    parser.add_argument("--seed", type=int, default=7, help="another seed paints other strokes")
    args = parser.parse_args()
    if not 64 <= args.size <= 4096 or args.seed < 0:
        parser.error("--size must be from 64 to 4096 pixels, and --seed at least 0")
    if not args.out.endswith((".jpg", ".jpeg")):
        parser.error(f"the picture is a JPEG, so its file must end in .jpg, not {args.out!r}")
    out, picture = Path(os.path.expanduser(args.out)), encode(paint(args.size, args.seed))
    try:
        if not os.path.lexists(out):
            write_whole(out, picture)
        elif out.read_bytes() != picture:
            sys.exit(f"nst.paint: {out} is there and holds something else: give another name")
    except OSError as error:
        sys.exit(f"nst.paint: {of_file(error)}")


if __name__ == "__main__":
    main()
