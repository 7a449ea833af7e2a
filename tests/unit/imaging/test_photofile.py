"""A photo is lent when it is decoded, given back at once, and named when it cannot be read."""

import errno
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.errors import BadPhoto, NotFound, Unavailable
from inspection.imaging.album import Album, decode, decode_tone
from inspection.imaging.decode import read_grey
from inspection.imaging.ortho import View
from inspection.imaging.photofile import LentPhoto, at_hand, opened
from inspection.pipeline.lending import lent
from inspection.store.blobs import FolderBlobs
from tests.support.lendingdesk import LendingDesk

SIZE = {"width_px": 64, "height_px": 48}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "DJI_0001.png"
    pixels = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), pixels)
    return path


def test_whatever_decodes_a_photo_takes_it_lent_and_sees_the_same(picture: Path) -> None:
    desk = LendingDesk()
    photo = desk.photo(picture)
    assert np.array_equal(decode(photo, **SIZE), decode(picture, **SIZE))
    assert np.array_equal(decode_tone(photo, **SIZE), decode_tone(picture, **SIZE))
    assert np.array_equal(read_grey(photo), read_grey(picture))
    assert (desk.names, desk.lent_now) == ([picture.name] * 3, 0)


def test_an_album_has_a_photo_lent_as_often_as_it_decodes_it(picture: Path) -> None:
    desk = LendingDesk()
    view = View(sha256="a", path=desk.photo(picture), photo_from_plane=np.eye(3), **SIZE)
    album = Album([view, view])
    for _ in range(3):
        album.photo(0)
        album.tone(0)
    assert (len(desk.names), desk.lent_most, desk.lent_now) == (2, 1, 0)


def test_what_is_wrong_names_the_photo_not_the_place_where_it_was_lent(tmp_path: Path) -> None:
    cached = tmp_path / "5f2a"
    cached.write_bytes(b"no picture")
    photo = LentPhoto(name="DJI_0001.JPG", lend=lambda: opened(cached))
    for read in (lambda: decode(photo, **SIZE), lambda: read_grey(photo)):
        with pytest.raises(BadPhoto, match=r"DJI_0001\.JPG") as told:
            read()
        assert "5f2a" not in str(told.value)


def test_nothing_is_asked_of_the_store_before_a_photo_is_read(tmp_path: Path) -> None:
    photo = lent(FolderBlobs(tmp_path / "nothing"), "photos/ab/abc.jpg")
    assert photo.name == "abc.jpg"
    with pytest.raises(NotFound, match=r"there is no blob 'photos/ab/abc\.jpg'"):
        read_grey(photo)


class TestAtHand:
    """Programs that go by paths find all photos side by side, and nothing is held open."""

    def test_they_lie_under_their_names_and_go_afterwards(
        self, picture: Path, tmp_path: Path
    ) -> None:
        desk, folder = LendingDesk(), tmp_path / "photos"
        with at_hand([desk.photo(picture), picture], folder) as paths:
            assert paths == [folder / picture.name, picture]
            assert paths[0].read_bytes() == picture.read_bytes()
            assert desk.lent_now == 0
            assert paths[0].samefile(picture)  # no second copy on the disk
        assert not folder.exists() and picture.exists()

    def test_where_nothing_can_be_linked_it_is_copied(
        self, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.EXDEV, "Invalid cross-device link")

        monkeypatch.setattr("os.link", refuse)
        with at_hand([LendingDesk().photo(picture)], tmp_path / "photos") as (path,):
            assert path.read_bytes() == picture.read_bytes()
            assert not path.samefile(picture)

    def test_a_folder_that_cannot_be_made_is_said(self, picture: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with (
            pytest.raises(Unavailable, match=r"photo DJI_0001\.png cannot be laid into"),
            at_hand([LendingDesk().photo(picture)], tmp_path / "file" / "photos"),
        ):
            pass

    def test_a_photo_that_is_gone_is_said_and_leaves_nothing(
        self, picture: Path, tmp_path: Path
    ) -> None:
        gone = lent(FolderBlobs(tmp_path / "blobs"), "photos/ab/abc.jpg")
        with (
            pytest.raises(NotFound),
            at_hand([LendingDesk().photo(picture), gone], tmp_path / "photos"),
        ):
            pass
        assert not (tmp_path / "photos").exists()
