"""Order in which a slot gets a writer's messages from the network."""

import pytest

import mailslot
from mailslot import Reader


def test_is_kept_by_default(slot):
    reader = Reader(slot)
    assert (reader.info().order, mailslot.info(slot).order) == ("kept", "kept")


def test_may_be_as_it_comes(slot):
    reader = Reader(slot, order="as_it_comes")
    assert (reader.info().order, mailslot.info(slot).order) == ("as_it_comes", "as_it_comes")


def test_says_what_it_can_be(slot):
    with pytest.raises(ValueError, match="as_it_comes"):
        Reader(slot, order="sorted")
