"""Words as things to compare: stems, and the words that say nothing by themselves."""

from __future__ import annotations

import re

WORD = re.compile(r"\w+(?:['’]\w+)*")

EMPTY = frozenset(
    """a an the and or but nor of to in on at by for with from into onto upon up down out off over
    under through across behind before after between near along around about above below against
    toward towards until till since during within without away back as is are was were be been being
    am do does did done doing has have had having it its this that these those there here you your
    yours yourself i me my mine we us our he him his himself she her hers herself they them their
    who whom whose what when where which why how not no nor so if then than too very just only even
    still again once more most some any all both each every few many much one ones two other another
    same such own can could will would shall should may might must now ever never always soon
    say says said saying tell tells told ask asks asked go goes went going gone come comes came
    coming get gets got take takes took make makes made look looks looked looking see sees saw seen
    know knows knew think thinks thought seem seems seemed feel feels felt turn turns turned let
    lets keep keeps kept begin begins began start starts try tries tried want wants give gives gave
    put puts like well long little old man woman men people thing things something nothing anything
    everything someone anyone everyone way time moment day night hand hands eye eyes head face voice
    word words left right first last next while because though although yes oh""".split()
)


def stem(word: str) -> str:
    """`word`, folded, without its commonest endings, so that "opens" answers "open"."""
    word = word.casefold().replace("’", "'").removesuffix("'s")
    for end in ("ing", "ed", "es", "s"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            word = word.removesuffix(end)
            break
    return word.removesuffix("e")


EMPTY_STEMS = frozenset(stem(word) for word in EMPTY)


def stems(text: str) -> list[str]:
    """The stems of a text's words, in order, without those that say nothing."""
    found = (stem(word) for word in WORD.findall(text))
    return [one for one in found if one not in EMPTY_STEMS and len(one) > 1]
