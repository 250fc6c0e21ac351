"""How English verbs change with who does a thing and with when it is done.

Regular rules, the irregular verbs that stories use, and a list of what players type first, so
that a verb can be told from a noun ("take the sword and run" against "the sword and shield").
Nothing here mends spelling: an unknown word is inflected by rule.
"""

from __future__ import annotations

import re

_IRREGULAR = """
be:was become:became begin:began bend:bent bet:bet bind:bound bite:bit bleed:bled blow:blew
break:broke breed:bred bring:brought build:built burst:burst buy:bought cast:cast catch:caught
choose:chose cling:clung come:came cost:cost creep:crept cut:cut deal:dealt dig:dug do:did draw:drew
dream:dreamt drink:drank drive:drove eat:ate fall:fell feed:fed feel:felt fight:fought find:found
flee:fled fling:flung fly:flew forbid:forbade forget:forgot forgive:forgave freeze:froze get:got
give:gave go:went grind:ground grow:grew hang:hung have:had hear:heard hide:hid hit:hit hold:held
hurt:hurt keep:kept kneel:knelt know:knew lay:laid lead:led lean:leant leap:leapt learn:learnt
leave:left lend:lent let:let lie:lay light:lit lose:lost make:made mean:meant meet:met
mislead:misled overhear:overheard pay:paid put:put quit:quit read:read rid:rid ride:rode ring:rang
rise:rose run:ran say:said see:saw seek:sought sell:sold send:sent set:set sew:sewed shake:shook
shed:shed shine:shone shoot:shot show:showed shrink:shrank shut:shut sing:sang sink:sank sit:sat
sleep:slept slide:slid sling:slung slit:slit sneak:sneaked speak:spoke spend:spent spin:spun
spit:spat split:split spread:spread spring:sprang stand:stood steal:stole stick:stuck sting:stung
stink:stank strike:struck string:strung strive:strove swear:swore sweep:swept swim:swam swing:swung
take:took teach:taught tear:tore tell:told think:thought throw:threw thrust:thrust tread:trod
understand:understood undo:undid wake:woke wear:wore weave:wove weep:wept win:won wind:wound
withdraw:withdrew wring:wrung write:wrote
"""
# What can hardly be anything else after "and".
_ALWAYS = """
accept admire admit agree allow announce apologise apologize appear apply approach arrest arrive ask
assemble attach avoid awaken beckon become beg begin believe bind blow borrow break breathe bring
build bury buy carry catch charm check choose clamber clean climb close collect come confess
confront consider convince count cower crawl creep crouch cross cry dance dare decide defend deliver
demand deny descend destroy dig disarm discover dismount distract dive do drag draw drop duck eat
eavesdrop embrace enter escape examine explain explore fall feed feel fetch fight fill find finish
flee fling fly follow forget forgive free gather get give glance go grab greet grow hang hear help
hate hesitate hide hit hold hug ignore imagine inspect insert insist investigate invite join jump
keep kick kill kiss kneel know lay lead lean leap learn leave let lie lift listen lock look lose
make march meet memorise memorize mend mention mount mutter need nod notice obey offer open order
pace pay peek peer persuade pick plead pour pray prepare pretend promise protect pull push put
question quit raise reach read realise realize refuse release remain remember remove repair repeat
reply rescue respond return reveal ride run save say scan scream search see seize sell send serve
set shake shout show shut sing sit slap sleep slide slip smash smell smile sneak sniff snatch speak
spend spit squeeze stab stand stare start stay steal step stop stretch strike struggle study
surrender swear sweep swim take talk taste tear tell thank think throw tie tiptoe touch translate
travel try turn unbolt uncover understand undo undress unfold unlock unroll unscrew untie use visit
wait wake walk wander want warn wave wear whisper win wipe wish wonder write yell yield
"""
# Verbs as often as nouns: only what follows tells.
_SOMETIMES = """
act aim answer attack bait bandage bargain bark bath bathe bet bite blink block board bow brace
brush call calm camp cast challenge charge chase chat cheer circle claim climb cook cough cover
curse cut dash drink drive dress face fan fire fish flirt fly gesture growl guard gulp hail hammer
hand haul head heal hunt hurry knock land laugh light like load love lunge mark measure mine mount
mourn move mumble murmur nail name note oil pack paint pat phone place plan play point poke poison
press punch race rage reason rest ring roar roll rope row rub rush sail salute saw shield shoot
shove shrug sigh sip skip slash slice smoke snap snarl spell spin splash spray spread spy strip
stroke swallow swap swing tap tease test thrust toast toss trace track trade trail trap trick trip
trust twist vow wash watch water weep wedge whistle wink work wrap wrestle
"""
_DOUBLED = frozenset(
    "admit commit compel control equip excel forbid forget occur omit patrol permit prefer propel "
    "quarrel rebel refer regret submit transfer travel unzip unplug untrap eavesdrop kidnap".split()
)
_NO_PAST = frozenset(
    "bed bleed breed embed exceed feed heed kneed need proceed seed shed speed succeed weed".split()
)

PAST = dict(pair.split(":") for pair in _IRREGULAR.split())
"""The past of each irregular verb, by its base."""

SURE = frozenset(_ALWAYS.split())
"""Words that are verbs wherever a verb can stand."""

VERBS = SURE | frozenset(_SOMETIMES.split()) | PAST.keys()
"""Every verb that is known by name; the rules inflect any other."""

_PASTS = frozenset(PAST.values()) - VERBS
_VOWELS = re.compile(r"[aeiouy]+")


def third(verb: str) -> str:
    """The form for he, she, it: "goes", "tries", "watches"."""
    if verb in ("be", "have"):
        return "is" if verb == "be" else "has"
    if verb[-1:] == "y" and verb[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ies"
    if verb.endswith(("s", "x", "z", "ch", "sh")) or (
        verb[-1:] == "o" and verb[-2:-1] not in "aeiou"
    ):
        return f"{verb}es"
    return f"{verb}s"


def past(verb: str) -> str:
    """The simple past: "went", "tried", "stopped"; "was" of "be"."""
    if verb in PAST:
        return PAST[verb]
    if verb.endswith("e"):
        return f"{verb}d"
    if verb[-1:] == "y" and verb[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ied"
    if verb.endswith("c"):
        return f"{verb}ked"
    if _doubles(verb):
        return f"{verb}{verb[-1]}ed"
    return f"{verb}ed"


def _doubles(verb: str) -> bool:
    """Whether the last letter is doubled: one short syllable, or a known longer word."""
    if verb in _DOUBLED:
        return True
    sounds = verb.replace("qu", "kw")
    return (
        len(_VOWELS.findall(sounds)) == 1
        and re.fullmatch(r".*[^aeiou][aeiou][^aeiouwxy]", sounds) is not None
    )


def is_past(word: str) -> bool:
    """Whether `word` can only be a past: "went", "opened"; not "put" or "saw"."""
    return word in _PASTS or (word.endswith("ed") and len(word) > 3 and word not in _NO_PAST)


_THIRDS = {third(verb): verb for verb in VERBS}


def base_of(word: str) -> str:
    """The known verb whose form for he, she, it is `word`; "" where there is none."""
    return _THIRDS.get(word, "")
