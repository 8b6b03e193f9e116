"""The columns of tunings and of winners, as frames and exported files have them."""

from __future__ import annotations

from functools import partial

from optframe.contracts.column import Column

__all__ = ["TUNINGS", "WINNERS"]

_text, _integer, _real = (partial(Column, sql=sql) for sql in ("TEXT", "INTEGER", "REAL"))

_TUNED = (
    _text("contender", meaning="what was tuned: the name that its settings are compared under"),
    _text("problem", meaning="the problem's label"),
    _text("sampler", meaning="the sampler's label; 'none' where the problem draws no records"),
    _integer("study", meaning="which repetition of the whole tuning, from 0"),
)

_REASON = _text("reason", meaning="why there is no winner; empty if there is one")

TUNINGS = (
    *_TUNED,
    _text("space", meaning="the space of each tuned field, in the tuner's order", unit="JSON"),
    _text("tuner", meaning="how settings were proposed, run and chosen", unit="JSON"),
    _integer("seed", meaning="what the proposals were drawn from"),
    _integer("closed", meaning="whether the search has ended"),
    _text("winner", meaning="number and setting of what was chosen", unit="JSON"),
    _REASON,
    _text("proposals", meaning="the rounds, each a list of settings", unit="JSON"),
)
"""The columns of `Results.tunings`."""

WINNERS = (
    *_TUNED,
    _text("optimizer", meaning="the label of the setting that was chosen, as in trials"),
    _integer("number", meaning="its place in the tuner's order, from 0"),
    _text("setting", meaning="its value of each tuned field", unit="JSON"),
    _real("value", meaning="what it was chosen by; less is better, see the column tuner"),
    _real("broken", meaning="the share of its tuning runs that broke down", unit="fraction"),
    _integer("tried", meaning="how many settings were proposed", unit="settings"),
    _integer("runs", meaning="how many runs the search made", unit="runs"),
    _real(
        "work", meaning="what all of these runs cost together", unit="gradients over all the data"
    ),
    _real("seconds", meaning="what they took; runs of a batch share its seconds", unit="s"),
    _REASON,
)
"""The columns of `Results.winners`."""
