"""That a film is one APNG of all moments, small, in time, and the same for the same frames."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from optframe import Figure, Frames, UsageError
from optframe.drawing import film as animation
from optframe.drawing.film import write_animation

FRAMES = Frames(pd.DataFrame(), pd.DataFrame(), {})


@dataclass(frozen=True)
class Growing(Figure):
    """A square that grows, in a colour of its own, with a speckled wall beside it."""

    share: float = 1.0
    moments: int = 5
    speckled: bool = False
    empty: bool = False

    def title(self):
        return "Growing"

    def missing(self, frames):
        return "nothing grows" if self.empty else None

    def size(self, frames):
        return (2.0, 1.0)

    def data(self, frames):
        return pd.DataFrame({"share": [self.share]})

    def draw(self, axes, frames):
        axes.set_axis_off()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.axvspan(0, 0.5 * self.share, color="#D55E00", lw=0)
        if self.speckled:
            noise = np.random.default_rng(round(99 * self.share)).random((200, 200, 3))
            axes.imshow(noise, extent=(0.5, 1, 0, 1), aspect="auto")

    def animation(self, frames):
        for share in np.linspace(0, 1, self.moments):
            yield replace(self, share=share)


class Still(Growing):
    animation = None


def test_a_film_has_all_moments_in_their_time_and_the_last_one_stays(tmp_path):
    path = write_animation(Growing(), FRAMES, tmp_path / "film.png", seconds=6.0)
    assert path == tmp_path / "film.png"
    with Image.open(path) as film:
        assert film.format == "PNG"
        assert film.size == (200, 100)
        assert film.default_image
        assert film.n_frames == 1 + 5
        assert film.info["loop"] == 0
        widths, times = [], []
        for index in range(film.n_frames):
            film.seek(index)
            pixels = np.asarray(film.convert("RGB")).astype(int)
            widths.append(np.sum((pixels == (0xD5, 0x5E, 0)).all(axis=-1).any(axis=0)))
            if index:
                times.append(film.info["duration"])
    full = widths[0]  # whoever plays no films sees the end
    np.testing.assert_allclose(widths[1:], np.linspace(0, full, 5), atol=2)
    assert full > 50
    assert times == [1000, 1000, 1000, 1000, 2000]


def test_a_short_film_is_not_all_end(tmp_path):
    with Image.open(write_animation(Growing(), FRAMES, tmp_path / "film.apng", seconds=2)) as film:
        film.seek(5)
        assert film.info["duration"] == 800  # 1.5 s for five, and a quarter of 2 s


def test_the_same_frames_give_the_same_bytes(tmp_path):
    first, second = (
        write_animation(Growing(speckled=True), FRAMES, tmp_path / name).read_bytes()
        for name in ("first.png", "second.png")
    )
    assert first == second


def test_a_film_that_is_too_large_has_fewer_pixels(tmp_path, monkeypatch):
    figure = Growing(speckled=True)
    large = write_animation(figure, FRAMES, tmp_path / "film.png").stat().st_size
    monkeypatch.setattr(animation, "MOST_BYTES", large // 3)
    path = write_animation(figure, FRAMES, tmp_path / "film.png")
    assert path.stat().st_size <= large // 3
    with Image.open(path) as film:
        assert film.width < 200
        assert film.width / film.height == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize(
    ("figure", "name", "message"),
    [
        (Growing(), "film.gif", r"film\.gif: found '\.gif', expected \.png or \.apng"),
        (Still(), "film.png", "Growing: it has no animation"),
        (Growing(empty=True), "film.png", "Growing: nothing grows"),
    ],
)
def test_what_is_no_film_is_said(tmp_path, figure, name, message):
    with pytest.raises(UsageError, match=message):
        write_animation(figure, FRAMES, tmp_path / name)
    assert not (tmp_path / name).exists()


@dataclass(frozen=True)
class Holding(Growing):
    """It shows the first moment three times and the second one twice, as the same objects."""

    def animation(self, frames):
        first, second, third = (replace(self, share=share) for share in (0.2, 0.5, 1.0))
        yield from (first, first, first, second, second, third)


def test_a_moment_that_lasts_is_drawn_once(tmp_path, monkeypatch):
    drawn = []
    draw = animation.picture
    monkeypatch.setattr(animation, "picture", lambda *given: drawn.append(given) or draw(*given))
    path = write_animation(Holding(), FRAMES, tmp_path / "film.png", seconds=7.0)
    assert len(drawn) == 3
    with Image.open(path) as film:
        assert film.n_frames == 1 + 3
        times = []
        for index in range(1, film.n_frames):
            film.seek(index)
            times.append(film.info["duration"])
    assert times == [3000, 2000, 2000]
