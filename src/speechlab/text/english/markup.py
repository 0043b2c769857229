"""Markdown, web addresses, file names, versions and telephone numbers: what is written for machines."""

import re

from speechlab.text.english import numbers
from speechlab.text.english.words import DOMAINS, EXTENSIONS, Match, rule

_SIGNS = {
    ":": "colon", "/": "slash", ".": "dot", "-": "dash", "_": "underscore", "?": "question mark", "=": "equals",
    "&": "and", "#": "hash", "%": "percent", "~": "tilde", "+": "plus", "@": "at", "\\": "backslash",
}  # fmt: skip
_KEPT_MARKS = ".,;:!?'\")]"
DIALLED = r"ZIP|zip|dial|call|ring|phone|text|code|PIN|extension|fax"


def _address(match: Match) -> str:
    """Read an address sign by sign; the marks of the sentence after it are not its."""
    end = len(match[0].rstrip(_KEPT_MARKS))
    parts = re.findall(r"[A-Za-z]+|\d+|[^\w\s]|_", match[0][:end])
    return " ".join(_SIGNS.get(part, _digits_of_address(part)) for part in parts) + match[0][end:]


def _digits_of_address(part: str) -> str:
    return numbers.integer(part) if part.isdigit() else part if part.isalnum() else ""


def _hashtag(match: Match) -> str:
    """Read "#ThrowbackThursday" word by word."""
    return f"hashtag {_words_of(match[1])}"


def _words_of(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name)


def _dotted(match: Match) -> str:
    """Read a version, "3.11.7", number by number, an address, "192.168.0.1", digit by digit."""
    parts = match[0].split(".")
    if len(parts) < 4 and all(len(part) == 3 for part in parts[1:]) and len(parts[0]) < 4:
        return numbers.count(match[0].replace(".", ""))  # thousands as in Europe
    is_local = parts[0] in ("10", "127") or any(int(part) > 99 for part in parts)
    is_address = is_local and len(parts) == 4 and all(len(part) <= 3 for part in parts)
    read = numbers.digits if is_address else numbers.integer
    return (" dot " if is_address else " point ").join(read(part) for part in parts)


def _telephone(match: Match) -> str:
    groups = [numbers.digits(group) for group in re.findall(r"\d+", match[0])]
    return ("plus " if match[0].startswith("+") else "") + ", ".join(groups)


def _grouped(match: Match) -> str:
    return match[0].replace(" ", ",")


def _dialled(match: Match) -> str:
    return f"{match[1]} {numbers.digits(match[2])}"


def _model(match: Match) -> str:
    """Read "Boeing 747" as people do, "seven forty-seven"."""
    hundreds, rest = divmod(int(match[2]), 100)
    tail = numbers.cardinal(rest) if rest > 9 else f"oh {numbers.cardinal(rest)}" if rest else "hundred"
    return f"{match[1].rstrip()} {numbers.cardinal(hundreds)} {tail}"


MARKUP = [
    rule(r"(?<![.\s])\s?\.(?:\s?\.){3,}+", "... "),  # the leader of a table of contents
    rule(r"^\s*#{1,6}\s+", ""),
    rule(r"^\s*(?:[-*+>|]\s+)+(?:\[[ xX]\]\s+)?", ""),
    rule(r"^(\d{1,3})[.)]\s+(?=\S)", r"\1. "),
    rule(r"^(\d{1,3}\. )(?=\W*$)", r"\1"),
    rule(r"!?\[([^\[\]]++)\]\((?:https?:|/|\.|#|www)[^()\s]*+\)", r"\1"),
    rule(r"</?[A-Za-z][a-z0-9]{0,9}\s?/?>", " "),
    rule(r"\|(?:\s?:?-{2,}:?\s?\|)+", " "),
    rule(r"-{4,}+|([=*_~#^<>+%@&/\\|$])\1{2,}+", " "),  # rules and rows of signs
    rule(r"(?<![*\w])\*{1,2}(?=[^\s*])|(?<=[^\s*])\*{1,2}(?![*\w])|(?<!\w)_{1,2}(?=\w)|(?<=\w)_{1,2}(?!\w)|~~|`+", ""),
    rule(r"(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])", " underscore "),
    rule(r"\\(?=[*_#`\[\]()])", ""),
]

ADDRESSES = [
    rule(r"\b(?:https?|ftp)://[^\s<>\"\[\]]++", _address),
    rule(r"(?<![\w.+-])[\w+-]++(?:\.[\w+-]++)*+@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)*+", _address),
    rule(rf"(?<![\w.@-])(?:[A-Za-z0-9-]{{1,63}}\.)++(?:{DOMAINS})\b(?:/[^\s<>\"\[\]]*+)?(?!\.?\w)", _address),
    rule(r"(?<![\w@])@(?=\w)", "at "),
    rule(r"(?<![\w&#])#(\d{0,4}[A-Za-z]\w*+)", _hashtag),
    rule(r"(?<=[a-z]):(?=\d{2,5}\b)", " colon "),
    rule(r"\b([A-GJ])#(?!\w)", r"\1 sharp"),
    rule(r"(?<=[A-Za-z])\+\+", " plus plus"),
    rule(rf"(?<=\w)\.(?=(?:{EXTENSIONS})\b(?!\.\w))|(?<![\w.])\.(?=(?:{EXTENSIONS}|NET|env|git\w*)\b)", " dot ", re.I),
]  # fmt: skip

NUMBERS = [
    rule(r"(?<=\d{3}-\d{4}) ?x\.? ?(\d{1,5})\b", lambda m: f", extension {numbers.digits(m[1])}"),
    rule(r"\b(IS[BS]N)(?:-1[03])?:? ((?:\d[ -]?){7,12}\d)\b",
         lambda m: f"{m[1]} {numbers.digits(re.sub('[ -]', '', m[2]))}"),
    rule(r"\b1-800-(?=[A-Z])", "one eight hundred "),
    rule(rf"\b({DIALLED}) (\d{{3,15}})(?=[\s.,;:!?)]|$)(?! ?\d| (?:people|times|of|men|women)\b)", _dialled, re.I),
    rule(r"(?<![\w.-])\d-\d-\d(?![\w-]|\.\d)", lambda m: numbers.digits(m[0].replace("-", ""))),
    rule(r"(?<![\w.-])(?:\+?\d{1,2}[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])?\d{3}-\d{4}\b(?!-)", _telephone),
    rule(r"(?<![\w.-])(?:\+?\d{1,2}[ .-])?\(?\d{3}\)?[ .]\d{3}[ .]\d{4}\b(?![ .]?\d)", _telephone),
    rule(r"(?<![\w.-])\+\d{1,3}(?:[ .-]\(?\d{1,6}\)?){2,6}\b(?![.-]?\d)", _telephone),
    rule(r"(?<![\w.,])[1-9]\d{0,2}(?: \d{3}){2,5}\b(?![ ,]?\d)|(?<![\w.,])[1-9]\d{0,2} 000\b(?![ ,]?\d)", _grouped),
    rule(r"(?<![\w.-])(?:\(0\d{1,4}\)|0\d{1,4})(?:[ -]\d{2,8}){1,4}\b(?![-:/]?\d)", _telephone),
    rule(r"(?<![\w.-])\d{3}-\d\d-\d{4}\b(?!-)|(?<![\w.-])\d{4}(?:[ -]\d{4}){2,3}\b(?![ -]?\d)", _telephone),
    rule(r"(?<=\.\d{1}):(\d{2,5})\b|(?<=\.\d\d):(\d{2,5})\b", lambda m: f" colon {numbers.integer(m[1] or m[2])}"),
    rule(r"\bv\.?\s?(?=\d++\.\d)", "version ", re.I),
    rule(r"(?<![\w.])\d{1,9}(?:\.\d{1,9}){2,9}\b(?!\.\d)", _dotted),
    rule(r"\b(Boeing |Flight |Interstate |Airbus A?|[Rr]oute )(\d{3})\b(?!,\d)", _model),
]  # fmt: skip
