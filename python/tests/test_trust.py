"""Trust that a slot requires of its writers. Messages from other machines: tests/netns/test_trust.py."""

import pytest

import mailslot
from mailslot import Reader, Writer


@pytest.mark.parametrize("require", ["none", "domain", "local"])
def test_messages_of_this_machine_are_trusted_whatever_is_required(slot, require):
    reader = Reader(slot, require=require)
    Writer(slot).put("hello")
    message = reader.get_message(1000)
    assert (message.value, message.trust) == ("hello", "local")
    assert (reader.info().require, mailslot.info(slot).require) == (require, require)
    assert reader.info().lost.not_trusted == 0


def test_nothing_is_required_by_default(slot):
    assert Reader(slot).info().require == "none"


def test_says_what_it_can_be(slot):
    with pytest.raises(ValueError, match="none.*domain.*local"):
        Reader(slot, require="much")
