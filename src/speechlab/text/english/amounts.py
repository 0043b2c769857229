"""English amounts: money, measures with their units, powers and operators between numbers."""

import re

from speechlab.text.english import numbers
from speechlab.text.english.words import (
    AMBIGUOUS_UNITS,
    CURRENCIES,
    PER,
    SCALES,
    UNITS,
    Match,
    at_end,
    rule,
)

NUMBER = r"(?:\d{1,3}(?:,\d{3})++(?:\.\d++)?|\d++(?:\.\d++)?)"
_SIGN = "|".join(re.escape(code) for code in sorted(CURRENCIES, key=len, reverse=True) if not code.isalpha())
_CODE = "|".join(code for code in CURRENCIES if code.isalpha())
_SCALE = (
    r"\s?(?:(hundred|thousand|million|billion|trillion)|(" + "|".join(sorted(SCALES, key=len, reverse=True)) + r"))\b"
)
_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_NO_NOUN = (  # words after which a unit before them is counted: "5m long", "60W or more"
    "of|and|or|in|on|at|to|for|is|are|was|were|per|long|tall|wide|high|deep|thick|away|later|ago|old|from|with|than|more|"
    "less|apart|each|by|a|an|the|but|if|when|as|into|off|up|down|over|under|every|after|before|so|then|that"
)
_NOUN = re.compile(rf"[ -](?!(?:{_NO_NOUN})\b)[a-z]{{3,}}")
_NO_STREET = r"(?! [A-Z][a-z]+ (?:St|Rd|Ave|Street|Road|Lane|Avenue|Drive)\b)"
_NO_ROOM = r"(?<!\b(?:room|seat|gate|unit|flat|Room|Seat|Gate|Unit|Flat) )(?<![Aa]pt\. )(?<![Aa]pt )(?<!artment )"
_IS_INCH = re.compile(r"$|[,;)]| (?:by|x|long|wide|tall|deep|high|thick)\b")
_ARTICLE = re.compile(r"\b(?:a|an|another)\s*$", re.I)


def _plain(written: str) -> str:
    """Give a number with a decimal point; "12,50" has a decimal comma, "1.5" in a scale may end in ".0"."""
    return re.sub(r",(\d\d)$", r".\1", written)


def _money(sign: str, written: str, scale: str | None, short: str | None, single: bool = False) -> str:
    large, small = CURRENCIES[sign]
    scale = scale or SCALES.get(short or "", "")
    words = numbers.money((large, small), _scaled(written) if scale else written, scale)
    return words.replace(numbers.plural(large), large) if single else words


def _scaled(written: str) -> str:
    return re.sub(r"\.0+$", "", written)


def _before_noun(match: Match) -> bool:
    """Whether an amount describes what follows: "a $5 bill", "a $5 million house"."""
    before = match.string[max(match.start() - 12, 0) : match.start()]
    if match.string.startswith("-a-", match.end()):
        return True
    return bool(_ARTICLE.search(before) and _NOUN.match(match.string, match.end()))


def _sign_before(match: Match) -> str:
    return f" {_money(match[1], _plain(match[2]), match[3], match[4], _before_noun(match))}"


def _sign_after(match: Match) -> str:
    return _money(match[4].upper() if match[4].isalpha() else match[4], _plain(match[1]), match[2], match[3])


def _money_range(match: Match) -> str:
    sign, low, low_scale, low_short, high, scale, short = match.groups()
    low_scale = low_scale or SCALES.get(low_short or "", "")
    scale = scale or SCALES.get(short or "", "")
    first = f" {numbers.quantity(_scaled(low))}{' ' if low_scale else ''}{low_scale} to "
    return first + (_money(sign, high, scale, None) if scale else f"{sign}{high}")


def _unit_name(written: str) -> str | None:
    return UNITS.get(written) or (UNITS.get(written.lower()) if len(written) > 1 else None)


def _measure(match: Match) -> str:
    """Read "5 km", "60W bulb", "10 m/s", "5 m^2", "5 in."; a letter that may be more than a unit is left alone."""
    written, blank, unit, power, per, dot = match.groups()
    name, follows = _unit_name(unit), match.string[match.end() : match.end() + 1]
    glued_noun = bool(_NOUN.match(match.string, match.end())) and not (per or dot or unit.startswith("°"))
    glued = unit in ("A", "K", "J", "N", "in") or (unit == "s" and "." not in written)
    apart = unit != "in" and follows not in ("", ".", ",", ";", ")")
    ambiguous = unit in AMBIGUOUS_UNITS and (apart if blank else glued)
    if (
        name is None
        or unit.lower() in PER
        or (ambiguous and not dot)
        or (unit == "in" and not (dot or power or _IS_INCH.match(match.string, match.end())))
    ):
        return match[0]
    if power:
        name = f"{'square' if power[-1] == '2' else 'cubic'} {name}"
    single = written == "1" or (glued_noun and not power and (not blank or _before_noun(match)))
    words = f"{numbers.quantity(written)} {name if single else numbers.plural(name)}"
    if per and (divisor := _unit_name(per[1:].rstrip("^23"))):
        square = {"2": "square ", "3": "cubic "}.get(per[-1], "")
        words += f" per {divisor} squared" if square == "square " and divisor == "second" else f" per {square}{divisor}"
    elif per:
        words += per
    return words + ("." if dot and at_end(match) else "")


def _part_of_unit(match: Match) -> str:
    """Read "1/4 tsp" and "1 1/2 in."."""
    whole, numerator, denominator, unit, dot = match.groups()
    if not 0 < int(numerator) < int(denominator) or not (name := _unit_name(unit)) or unit.lower() in PER - {name}:
        return match[0]
    part = numbers.fraction(int(numerator), int(denominator))
    end = "." if dot and at_end(match) else ""
    if whole:
        return f"{numbers.count(whole)} and {re.sub('^one ', 'a ', part)} {numbers.plural(name)}{end}"
    return f"{part} {name}{end}"


def _small_change(match: Match) -> str:
    """Read "50p" and "5c"."""
    name = {"p": "penny", "c": "cent"}[match[2]]
    return f"{numbers.count(match[1])} {name if match[1] == '1' else numbers.plural(name)}"


def _prime(match: Match) -> str:
    """Read 8" and 6' as inches and feet, unless the mark closes a quotation."""
    mark, before = match[2], match.string[max(match.start() - 2000, 0) : match.start()]
    if before.count(mark) % 2 if mark == '"' else re.search(r"(?<!\w)'", before):
        return match[0]
    name = {'"': "inch", "'": "foot"}[mark]
    single = match[1] == "1" or _NOUN.match(match.string, match.end())
    return f"{numbers.quantity(match[1])} {name if single else numbers.plural(name)}"


def _times(match: Match) -> str:
    """Read sizes, "3x3" and "1920x1080"; four digits go in pairs."""
    *sides, last = re.split(r"\s?x\s?", match[0])
    is_measure = re.match(rf"\s?(?:{_UNIT})\b(?!\s?x)", match.string[match.end() : match.end() + 20])
    return " by ".join([*map(_side, sides), last if is_measure else _side(last)])


def _side(written: str) -> str:
    return (
        numbers.year(int(written))
        if len(written) == 4 and written.isdigit() and int(written) % 1000
        else numbers.quantity(written)
    )


def _scientific(match: Match) -> str:
    sign = "minus " if match[2] == "-" else ""
    return f"{numbers.quantity(match[1])} E {sign}{numbers.quantity(match[3])}"


def _power(match: Match) -> str:
    known = {"2": " squared", "3": " cubed"}
    if match[1] in known and not match.string[match.start() - 1].isdigit():
        return known[match[1]]
    return f" to the power of {'minus ' if match[1][0] == '-' else ''}{numbers.quantity(match[1].lstrip('-'))}"


def _letter_scale(match: Match) -> str:
    """Read "1.5M users" and "20K"; "4K" and "8K" are screens."""
    if match[2] == "K" and match[1] in ("4", "8"):
        return f"{numbers.quantity(match[1])} K"
    return f"{numbers.quantity(_scaled(match[1]))} {SCALES[match[2]]}"


RULES = [
    rule(r"~\s?(?=[\d$.])", "about "),
    rule(rf"(\d%)\s?-\s?(?={NUMBER}\s?%)", r"\1 to "),
    # money
    rule(r"(?<=\d)/(?=(?:class|ticket|seat|piece|head|game|visit|session|kid|child|adult|room|lesson|user|pair|set)\b)",
         " per "),
    rule(r"\$(\d[\d.,]*+)\s?USD\b", r"US$\1"),
    rule(rf"(?<![\w.])[-](?=\s?(?:{_SIGN})\s?\d)", " minus "),
    rule(rf"({_SIGN})-(?=\d)", r" minus \1"),
    rule(rf"({_SIGN})\s?({NUMBER})(?:{_SCALE})?\s?-\s?(?:{_SIGN})?\s?({NUMBER})(?:{_SCALE})?(?![\d/])", _money_range),
    rule(rf"({_SIGN})\s?(\d{{1,3}}(?:\.\d{{3}})+),(\d\d)(?!\d)", lambda m: f"{m[1]}{m[2].replace('.', ',')}.{m[3]}"),
    rule(rf"({_SIGN})\s?(\d++,\d\d(?!\d)|{NUMBER}|\.\d++)(?:{_SCALE})?", _sign_before),
    rule(rf"\b({_CODE})\s?({NUMBER})(?:{_SCALE})?(?!\d)", _sign_before),
    rule(rf"(?<![\w.,])(\d++,\d\d(?!\d)|{NUMBER})(?:{_SCALE})?\s?({_SIGN}|(?:{_CODE})\b)", _sign_after),
    rule(rf"(?<![\d.,])({NUMBER})\s?¢", lambda m: f"{numbers.quantity(m[1])} {'cent' if m[1] == '1' else 'cents'}"),
    rule(rf"(?<=[a-z])/({'|'.join(sorted([*PER, 'hr', 'mo', 'yr', 'wk', 'kg', 'lb', 'gal'], key=len))})\b",
         lambda m: f" per {UNITS[m[1]]}"),
    # operators between numbers
    rule(r"(?<=\d)\s?/\s?(?=\d+\s?=)", " divided by "),
    rule(r"(?<=\d) x (?=[\d.,]+ =)", " times "),
    rule(r"(?<=\d) - (?=[\d.,]+(?: [-+*/] [\d.,]+){0,9} =)", " minus "),
    rule(r"\b([knxyz]) - (?=\d|[knxyz]\b)", r"\1 minus "),
    rule(r"(?<=\d)\s?\*\s?(?=\d)|(?<=\b[a-z]) \* (?=[a-z]\b)", " times "),
    rule(rf"(?<=\d)\s?-\s?(?={NUMBER})(?!\d{{1,3}}/\d)", " to "),
    rule(r"(?<=\d(?:st|nd|rd|th))\s?-\s?(?=\d)|(?<=\d0s)\s?-\s?(?=\d|')", " to "),
    # sizes, powers, scales
    rule(rf"(?<![\w.,/])(?:(\d++) )?(\d{{1,2}})/(\d{{1,2}}) ?({_UNIT})(?![\w'^/])(\.(?!\w))?", _part_of_unit, re.I),
    rule(rf"(?<![\w.,])({NUMBER})\"\s?x\s?(?={NUMBER}\")", lambda m: f"{numbers.quantity(m[1])} inches by "),
    rule(r"(?<![\w.,])(\d{1,2})([pc])(?=[.,;:!?)]|$| (?:each|off|a|per|coin|stamp)\b)", _small_change),
    rule(rf"(?<![\w.%)°\"'\-])-(?={NUMBER})", " minus "),
    rule(rf"(?<![\w.,]){NUMBER}(?:\s?x\s?{NUMBER})+(?!\d|\.\d)", _times),
    rule(r"°\s(?=[CF]\b)", "°"),
    rule(rf"(?<![\w.,])({NUMBER})[xX](?= (?:faster|slower|more|less|better|as|the|larger|bigger|smaller|cheaper)\b)",
         lambda m: f"{numbers.quantity(m[1])} times"),
    rule(rf"(?<![\w.,])({NUMBER})[eE]([-+]?)(\d{{1,3}})\b", _scientific),
    rule(r"(?<=\d)'\s?(\d{1,2})(?:\"|'')?(?![\w'])", lambda m: f" foot {numbers.quantity(m[1])}"),
    rule(rf"(?<![\w.,])({NUMBER})(\s?)({_UNIT})(\^[23]|[23](?=/|\b))?(/(?:{_UNIT})(?:\^?[23])?)?(?![\w'^/])(\.(?!\w))?",
         _measure, re.I),
    rule(rf"(?<![\w.,])({NUMBER})(\"|')(?=[\s.,;:)-]|$)", _prime),
    rule(rf"{_NO_ROOM}(?<![\w.,])({NUMBER})([KMB]|bn|mn|mln|k|tn)\b{_NO_STREET}", _letter_scale),
    rule(r"(?<=\w)\^(-?\d{1,6})\b", _power),
]  # fmt: skip
