"""English words for numbers: cardinals, ordinals, years, decimals, fractions, money and times of day.

American style without "and" inside a number ("one hundred five"), years in pairs with "oh".
"""

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety"
ONES, TENS = _ONES.split(), _TENS.split()
THOUSANDS = ("", " thousand", " million", " billion", " trillion")
LONGEST = 3 * len(THOUSANDS)  # digits; a longer number is read digit by digit
LARGEST = 10**LONGEST - 1
ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
IRREGULAR = {"penny": "pence", "foot": "feet", "half": "halves", "inch": "inches"}
_UNCHANGED = "yen sen won jeon baht satang dong yuan fen kobo paisa horsepower lira dozen lux grosz ore"
UNCHANGED = frozenset(_UNCHANGED.split())


def cardinal(number: int) -> str:
    """Spell a whole number: 1234 is "one thousand two hundred thirty-four"."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number > LARGEST:
        return digits(str(number))
    if number == 0:
        return ONES[0]
    groups, remaining = [], number
    for name in THOUSANDS:
        remaining, group = divmod(remaining, 1000)
        if group:
            groups.append(_below_thousand(group) + name)
    return " ".join(reversed(groups))


def ordinal(number: int) -> str:
    """Spell a rank: 21 is "twenty-first"."""
    head, separator, last = _split_last(cardinal(number))
    if last not in ORDINALS:
        return head + separator + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return head + separator + ORDINALS[last]


def ordinal_of(written: str) -> str:
    """Read "1,000" of "1,000th"; a rank too long to say digit by digit."""
    bare = written.replace(",", "")
    return ordinal(int(bare)) if len(bare) <= LONGEST else digits(bare)


def year(number: int) -> str:
    """Spell a number of four digits as a year: 1905 is "nineteen oh five", 2007 "two thousand seven"."""
    century, rest = divmod(number, 100)
    if 2000 <= number < 2010:
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def integer(written: str) -> str:
    """Read a run of digits the way people do: years in pairs, numbers with a leading zero digit by digit."""
    if "," in written or len(written) > LONGEST:
        return count(written)
    if len(written) > 1 and written[0] == "0":
        return digits(written)
    number = int(written)
    return year(number) if 1001 <= number <= 2999 else cardinal(number)


def digits(written: str) -> str:
    """Read every digit on its own."""
    return " ".join(ONES[int(digit)] for digit in written)


def count(written: str) -> str:
    """Read a whole number of any length, "1,234", as a cardinal; beyond the trillions digit by digit."""
    bare = written.replace(",", "")
    return cardinal(int(bare)) if len(bare) <= LONGEST else digits(bare)


def decimal(whole: str, fraction: str) -> str:
    """Read "3.14" as "three point one four"."""
    number = count(whole) if whole else "zero"
    return f"{number} point {digits(fraction)}"


def quantity(written: str) -> str:
    """Read a number that counts something, "1,234.5" or "2000"; never as a year."""
    whole, point, fraction = written.partition(".")
    return decimal(whole, fraction) if point else count(whole)


def plural(noun: str) -> str:
    """Give the plural of a unit or a number's name."""
    if noun in IRREGULAR:
        return IRREGULAR[noun]
    if noun in UNCHANGED or noun.endswith("hertz") or noun.isupper():
        return noun
    first, _, rest = noun.partition(" ")
    if rest.startswith(("per ", "Celsius", "Fahrenheit")):  # "kilometer per hour", "degree Celsius"
        return f"{plural(first)} {rest}"
    if rest:  # "US dollar", "kilowatt hour", "P S I"
        return noun if rest.isupper() else f"{first} {plural(rest)}"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def money(names: tuple[str, str], written: str, scale: str = "") -> str:
    """Read an amount: "$3.50" is "three dollars and fifty cents", "$1.2 million" "one point two million dollars"."""
    large, small = names
    if scale:
        return f"{quantity(written)} {scale} {plural(large)}"
    whole, _, fraction = written.replace(",", "").partition(".")
    if len(fraction) > 2 or len(whole) > LONGEST or (fraction and not small):
        return f"{quantity(written)} {plural(large)}"
    n_large, n_small = int(whole or 0), int(fraction.ljust(2, "0") or 0)
    parts = [
        f"{cardinal(count)} {name if count == 1 else plural(name)}"
        for count, name in ((n_large, large), (n_small, small))
        if count
    ]
    return " and ".join(parts) or f"zero {plural(large)}"


def time_of_day(hour: int, minute: int, has_suffix: bool) -> str:
    """Read "5:05" as "five oh five" and, unless a.m. or p.m. follows, "5:00" as "five o'clock"."""
    if minute == 0:
        return cardinal(hour) if has_suffix else cardinal(hour) + (" hundred" if hour > 12 else " o'clock")
    return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"


def fraction(numerator: int, denominator: int) -> str:
    """Read "3/4" as "three quarters"; what is no ordinary fraction, as two numbers ("24/7")."""
    if not 0 < numerator < denominator <= 100 or denominator == 1:
        return f"{cardinal(numerator)} {cardinal(denominator)}"
    name = {2: "half", 4: "quarter"}.get(denominator) or ordinal(denominator)
    return f"{cardinal(numerator)} {name if numerator == 1 else plural(name)}"


def decade(written: str) -> str:
    """Read "1990" of "1990s" as "nineteen nineties"."""
    head, separator, last = _split_last(integer(written))
    return head + separator + plural(last)


def roman(written: str) -> int:
    """Value of a Roman numeral."""
    values = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}[letter] for letter in written]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    words = [f"{ONES[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        words.append(TENS[rest // 10] + (f"-{ONES[rest % 10]}" if rest % 10 else ""))
    elif rest:
        words.append(ONES[rest])
    return " ".join(words)


def _split_last(words: str) -> tuple[str, str, str]:
    """Split off the last word of a number, which alone changes its form."""
    cut = max(words.rfind(" "), words.rfind("-"))
    return (words[:cut], words[cut], words[cut + 1 :]) if cut >= 0 else ("", "", words)
