"""The public names: exactly these, and each of them is there."""

import amfdaq


def test_the_public_names_are_these() -> None:
    assert amfdaq.__all__ == sorted(amfdaq.__all__)
    assert set(amfdaq.__all__) == set(amfdaq._HOMES)


def test_every_public_name_can_be_had_and_is_documented() -> None:
    for name in amfdaq.__all__:
        assert getattr(amfdaq, name).__doc__, name
