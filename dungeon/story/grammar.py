"""Small English words by what they do in a line that a player types."""

from __future__ import annotations

from dungeon.story.verbs import VERBS, base_of

TAILS = frozenset("m re ve ll d".split())

ADVERBS = frozenset(
    """never always just only also still then now not both all each too even almost already soon
    often once again perhaps maybe sometimes really quite rather simply instead first
    finally""".split()
)
LY_VERBS = frozenset("fly reply apply rely bully rally supply comply sally ally multiply".split())
LEADS = frozenset(
    """and then now so but next again still finally suddenly instead meanwhile afterwards later
    today tonight here maybe perhaps please first also therefore thus hence however otherwise anyway
    besides eventually well""".split()
)
SUBJECTS = frozenset(
    """the a an he she it they there this that these those his her its their my our your one
    someone somebody something everyone everybody everything anyone anybody nobody nothing all some
    both each every another many few several most no""".split()
)
WHEN = frozenset("when while if as after before once until because since that".split())
BESIDE = frozenset("with without in at on from by despite using near".split())
PLACES = frozenset(
    """north south east west northeast northwest southeast southwest left right forward forwards
    backward backwards home upstairs downstairs""".split()
)
TOWARDS = frozenset(
    """to into onto through up down towards toward over across inside outside under behind out
    back along around past""".split()
)
AFTER_VERB = frozenset(
    """the a an my your his her its their our this that these those me you him them it us myself
    yourself some every each both all no at to into onto on off up down out in through over under
    with for away back around""".split()
)
CLAUSE = frozenset(
    """that if whether and or but because when while as so then until before after where what how
    why who think say know hope wish believe guess see feel than""".split()
)
JOINS = frozenset("and then or but".split())
OWNING = frozenset("is are was were be been become of than as not all with like".split())
AFTER_MINE = frozenset(
    """now alone too and but or not again forever by to if already next with from instead back off
    on in at""".split()
)
NUMBERED = frozenset("letter numeral vitamin".split())


def leads(low: str) -> bool:
    """Whether a sentence may begin with it before its subject: "then", "quickly"."""
    return low in LEADS or (low.endswith("ly") and len(low) > 4 and low not in LY_VERBS)


def is_adverb(low: str) -> bool:
    """Whether it may stand between a subject and its verb."""
    return low in ADVERBS or (low.endswith("ly") and low not in LY_VERBS and low not in VERBS)


def is_doing(low: str) -> bool:
    """Whether it is a verb in -ing."""
    return low.endswith("ing") and len(low) > 5 and low not in VERBS


def is_third(low: str) -> bool:
    """Whether it is a known verb as it stands with "he"."""
    known = bool(base_of(low)) and low not in VERBS
    return known or low in ("is", "was", "are", "were", "isn't", "wasn't", "aren't", "weren't")
