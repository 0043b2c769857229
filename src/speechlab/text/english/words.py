"""English tables: characters, abbreviations, calendar, units, money, numbered things, rulers, acronyms."""

import re
from collections.abc import Callable

Match = re.Match[str]
Rule = tuple[re.Pattern[str], Callable[[Match], str] | str]

LETTERS = {
    "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "đ": "d", "ł": "l", "Ł": "L", "þ": "th",
    "ð": "d",
}  # fmt: skip
TYPOGRAPHY = {
    "’": "'", "‘": "'", "ʼ": "'", "′": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"', "–": "-",
    "—": " -- ", "−": "-", "‐": "-", "‑": "-", "…": "...", "×": " times ", "÷": " divided by ", "²": "^2", "³": "^3",
    "≈": "~", "≤": "<=", "≥": ">=", "≠": "!=", "→": "->", "№": "No. ", "µ": "u", "μ": "u", "·": " ", "•": " ",
    "®": " ", "™": " ", "†": " ", "∞": " infinity ", "√": " square root of ", "π": " pi ", "‰": " per mille ",
} | {power: f"^{digit}" for digit, power in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}  # fmt: skip
SIGNS = {  # read where no rule before took them
    "!=": " not equals ", "==": " equals ", "<=": " is less than or equal to ", ">=": " is greater than or equal to ",
    "->": " to ", "=>": " to ", "&": " and ", "@": " at ", "+": " plus ", "=": " equals ", "%": " percent ",
    "°": " degrees ", "#": " number ", "/": " slash ", "\\": " backslash ", "^": " to the power of ",
    "±": " plus or minus ", "~": " ", "§": " section ", "©": " copyright ", "<": " is less than ",
    ">": " is greater than ", "*": " ", "_": " ", "`": " ", "|": ", ", "{": ", ", "}": ", ",
}  # fmt: skip
PUNCTUATION = set(",.!?;:-'\"()[]")

TITLES = {
    "mrs": "Missus", "mr": "Mister", "ms": "Ms", "dr": "Doctor", "st": "Saint", "maj": "Major", "gen": "General",
    "drs": "Doctors", "rev": "Reverend", "lt": "Lieutenant", "hon": "Honorable", "sgt": "Sergeant", "capt": "Captain",
    "col": "Colonel", "ft": "Fort", "prof": "Professor", "gov": "Governor", "sen": "Senator", "mt": "Mount",
    "messrs": "Messieurs", "rep": "Representative", "pres": "President", "adm": "Admiral", "fr": "Father",
    "cpl": "Corporal", "pvt": "Private", "cmdr": "Commander", "insp": "Inspector", "supt": "Superintendent",
    "profs": "Professors", "sens": "Senators", "reps": "Representatives", "sts": "Saints", "atty": "Attorney",
    "amb": "Ambassador", "treas": "Treasurer",
}  # fmt: skip
PLACES = {  # after a name: "Main St."
    "st": "Street", "dr": "Drive", "rd": "Road", "ln": "Lane", "ave": "Avenue", "blvd": "Boulevard", "sq": "Square",
    "pl": "Place", "ct": "Court", "pkwy": "Parkway", "hwy": "Highway", "hts": "Heights", "ter": "Terrace",
}  # fmt: skip
SHORTENED = {
    "vs": "versus", "approx": "approximately", "dept": "department", "depts": "departments", "co": "Company",
    "jr": "Junior", "sr": "Senior", "esq": "Esquire", "ltd": "Limited", "inc": "Incorporated", "corp": "Corporation",
    "bros": "Brothers", "etc": "et cetera", "govt": "government", "univ": "University", "inst": "Institute",
    "assn": "Association", "natl": "National", "intl": "International", "min": "minimum", "max": "maximum",
    "avg": "average", "qty": "quantity", "incl": "including", "excl": "excluding", "esp": "especially",
    "misc": "miscellaneous", "mfg": "manufacturing", "mgr": "manager", "mgmt": "management", "asst": "assistant",
    "attn": "attention", "cf": "compare", "viz": "namely", "ca": "circa",
    "tel": "telephone",
    "acct": "account", "appt": "appointment", "bldg": "building",
    "rte": "Route", "ext": "extension",
}  # fmt: skip
UNDOTTED = "vs|approx|dept|depts|govt|natl|intl|assn|mgmt|asst|mgr|qty|incl|blvd|hwy|pkwy|bldg|attn|appt"
BEFORE_NUMBER = {  # "pp. 12"; in capitals or small
    "no": "number", "nos": "numbers", "p": "page", "pp": "pages", "fig": "figure", "figs": "figures", "eq": "equation",
    "eqs": "equations", "vol": "volume", "vols": "volumes", "ch": "chapter", "chap": "chapter", "chs": "chapters",
    "sec": "section", "sect": "section", "art": "article", "hwy": "highway", "rte": "route", "rt": "route",
    "ste": "suite", "apt": "apartment", "rm": "room", "ver": "version", "op": "opus", "ex": "exercise",
    "app": "appendix", "pt": "part", "l": "line", "ll": "lines", "n": "note", "para": "paragraph", "tab": "table",
    "bk": "book", "fl": "floor", "v": "verse", "approx": "approximately",
}  # fmt: skip
BEFORE_YEAR = {"est": "established", "Est": "Established", "c": "circa", "ca": "circa", "b": "born", "d": "died"}
CAPITAL_ONLY = {"rep", "pres", "fr", "amb", "insp", "adm", "treas", "pl", "ct", "sq", "ter"}  # small, they are words
STATES = {
    "Ala": "Alabama", "Ariz": "Arizona", "Ark": "Arkansas", "Calif": "California", "Colo": "Colorado",
    "Conn": "Connecticut", "Del": "Delaware", "Fla": "Florida", "Ind": "Indiana", "Kan": "Kansas", "Ky": "Kentucky",
    "Mass": "Massachusetts", "Mich": "Michigan", "Minn": "Minnesota", "Neb": "Nebraska", "Nev": "Nevada",
    "Okla": "Oklahoma", "Penn": "Pennsylvania", "Tenn": "Tennessee", "Tex": "Texas", "Wis": "Wisconsin",
}  # fmt: skip
SLASHED = {
    "w/o": "without", "b/c": "because", "c/o": "care of", "and/or": "and or", "n/a": "not applicable",
    "b/w": "between", "a/c": "AC",
}  # fmt: skip

_MONTHS = "January February March April May June July August September October November December"
MONTHS = _MONTHS.split()
SHORT_MONTHS = {month[:3]: month for month in MONTHS if month != "May"} | {"Sept": "September"}
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
DAYS = _DAYS.split()
SHORT_DAYS = {day[:3]: day for day in DAYS} | {
    "Tues": "Tuesday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
    "Weds": "Wednesday",
}
MONTH = "|".join([*MONTHS, *SHORT_MONTHS])

CURRENCIES = {  # names of the whole and of the hundredth
    "US$": ("US dollar", "cent"), "A$": ("Australian dollar", "cent"), "AU$": ("Australian dollar", "cent"),
    "C$": ("Canadian dollar", "cent"), "CA$": ("Canadian dollar", "cent"), "NZ$": ("New Zealand dollar", "cent"),
    "HK$": ("Hong Kong dollar", "cent"), "S$": ("Singapore dollar", "cent"), "R$": ("real", "centavo"),
    "$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "¥": ("yen", "sen"),
    "₹": ("rupee", "paisa"), "₽": ("ruble", "kopeck"), "₩": ("won", "jeon"), "₪": ("shekel", "agora"),
    "₺": ("lira", "kurus"), "₴": ("hryvnia", "kopeck"), "₿": ("bitcoin", ""), "฿": ("baht", "satang"),
    "₫": ("dong", ""), "₦": ("naira", "kobo"), "USD": ("US dollar", "cent"), "EUR": ("euro", "cent"),
    "GBP": ("pound", "penny"), "JPY": ("yen", "sen"), "CHF": ("Swiss franc", "centime"),
    "CAD": ("Canadian dollar", "cent"), "AUD": ("Australian dollar", "cent"), "INR": ("rupee", "paisa"),
    "RUB": ("ruble", "kopeck"), "CNY": ("yuan", "fen"),
}  # fmt: skip
SCALES = {
    "k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "mln": "million",
    "mm": "million", "MM": "million", "b": "billion", "B": "billion", "bn": "billion", "bln": "billion",
    "Bn": "billion", "T": "trillion", "tn": "trillion", "trn": "trillion",
}  # fmt: skip
UNITS = {
    "mph": "mile per hour", "kph": "kilometer per hour", "km": "kilometer", "cm": "centimeter", "mm": "millimeter",
    "m": "meter", "nm": "nanometer", "um": "micrometer", "kg": "kilogram", "mg": "milligram", "ug": "microgram",
    "mcg": "microgram", "g": "gram", "lb": "pound", "lbs": "pound", "oz": "ounce", "ft": "foot", "mi": "mile",
    "yd": "yard", "yds": "yard", "khz": "kilohertz", "mhz": "megahertz", "ghz": "gigahertz", "hz": "hertz",
    "kb": "kilobyte", "mb": "megabyte", "gb": "gigabyte", "tb": "terabyte", "pb": "petabyte",
    "kbps": "kilobit per second", "mbps": "megabit per second", "gbps": "gigabit per second", "ms": "millisecond",
    "s": "second", "sec": "second", "secs": "second", "min": "minute", "mins": "minute", "h": "hour", "hr": "hour",
    "hrs": "hour", "yr": "year", "yrs": "year", "wk": "week", "wks": "week", "mo": "month", "mos": "month",
    "kw": "kilowatt", "mw": "megawatt", "gw": "gigawatt", "kwh": "kilowatt hour", "wh": "watt hour",
    "mah": "milliamp hour", "ah": "amp hour", "W": "watt", "V": "volt", "A": "amp", "ma": "milliamp",
    "mv": "millivolt", "kv": "kilovolt", "J": "joule", "kj": "kilojoule", "N": "newton", "Pa": "pascal",
    "kpa": "kilopascal", "hpa": "hectopascal", "psi": "P S I", "cal": "calorie", "kcal": "kilocalorie",
    "db": "decibel", "ml": "milliliter", "cl": "centiliter", "dl": "deciliter", "l": "liter", "L": "liter",
    "gal": "gallon", "qt": "quart", "pt": "pint", "tbsp": "tablespoon", "tsp": "teaspoon", "ha": "hectare",
    "rpm": "R P M", "fps": "frame per second", "dpi": "D P I", "ppm": "part per million", "bpm": "beat per minute",
    "hp": "horsepower", "px": "pixel", "ct": "carat", "°c": "degree Celsius", "°f": "degree Fahrenheit", "K": "kelvin",
    "°": "degree", "sq ft": "square foot", "sq. ft": "square foot", "sq m": "square meter", "sq mi": "square mile",
    "sq km": "square kilometer",
    "fl oz": "fluid ounce", "in": "inch", "day": "day", "person": "person", "month": "month", "week": "week",
    "year": "year", "night": "night", "hour": "hour", "minute": "minute", "second": "second", "gallon": "gallon",
    "mile": "mile", "pound": "pound", "unit": "unit", "item": "item",
}  # fmt: skip
AMBIGUOUS_UNITS = set(["A", "K", "s", "h", "J", "N", "in", "ct", "pt", "mo", "ha", "cal"])  # only glued or alone
PER = {unit for unit, name in UNITS.items() if unit == name}  # a price is per these, and nothing is counted in them
NUMBERED = (
    "chapter|part|act|scene|volume|book|war|type|class|phase|section|article|appendix|title|stage|level|grade|figure|"
    "table|season|episode|step|unit|lesson|module|canto|round|group|region|division|schedule|annex|exhibit|mark|factor|"
    "tier|psalm|item|sonata|symphony|number|day|page|note|plate|form|series|category|generation|movement|episode"
)
_RULERS = (
    "Henry George Louis Edward Charles James William Elizabeth Richard Philip Frederick Napoleon Nicholas Pius Paul "
    "Catherine Mary Peter Ivan Alexander Francis John Benedict Gregory Leo Innocent Urban Clement Julius Boniface "
    "Ferdinand Joseph Leopold Rudolf Otto Wilhelm Friedrich Carl Karl Gustav Gustavus Christian Harald Olaf Haakon "
    "Oscar Alfonso Felipe Carlos Juan Isabella Pedro Manuel Umberto Victor Emmanuel Albert Baudouin Ramses Ramesses "
    "Cleopatra Ptolemy Darius Xerxes Cyrus Philippe Robert David Anne Margaret Wilhelmina Matilda Stephen Harold "
    "Edgar Amenhotep Thutmose Constantine Justinian Theodosius Valentinian Murad Mehmed Selim Suleiman Mohammed "
    "Hassan Abdullah Hussein Rama Haile Sixtus Celestine Adrian Eugene Martin Nicolas Maximilian Casimir Sigismund "
    "Vladislaus Mstislav Vasily Michael Feodor Fyodor Boris Basil Margrethe Beatrix Ernest Augustus Jane"
)
RULERS = set(_RULERS.split())
CROWNED = "King|Queen|Pope|Emperor|Empress|Tsar|Czar|Tsarina|Prince|Princess|Duke|Kaiser|Sultan|Pharaoh|Shah|Saint"
RANKED = "century|centuries|congress|olympiad|dynasty|amendment|legion|corps|army|republic|arrondissement|reich"
_SPELLED = (
    "AM AD FAQ LED VAT UAE APA IQ AA EA ACLU AFL ER ICU IPO IRA EKG EV CEO COO CIO CTO CFO ETA ISO AOL AOC ESL GOP "
    "MIT ROI SUV UFO UI UX OS IO IE EU ID AKA DOB EOD GPA HOA IOU IPA LSU MBA MIA MVP NRA OAP PA POV PTO SAT SEO SOS "
    "TBA UTI VIP BA MA LA VA BAE EEG EPA FDA FAA FEC HIV IMO IUD LAX OCD OPD PTA RIP SPA SOP USC TA EP LP EQ IM IT "
    "AMA ANC AP AR ATV AV CAT CIS EMS EOS EPS ESA EIN FOMO GED HUD INS IRC ITV JAG LOC MOU OED OHS OTC PIO POC RAF "
    "SEC SIDS SOC TEDx UPS URL USPS USDA USAF UCL UEA UAW UAV UBS AAA ABA AMC ADA AI API ATM OJ OT DUI DOJ DOE DOD"
)
_AS_WORDS = (
    "NASA NATO AIDS OPEC UNESCO UNICEF FIFA UEFA SWAT SARS RAM ROM GIF JPEG PIN SIM LAN WAN NAFTA DOS ZIP VIN MAC LOL "
    "CAT SPA SAT SEC CIS INS JAG FOMO SIDS HUD LOC TEDx SOC POC RIP"
)
AS_WORDS = set(_AS_WORDS.split())
SPELLED = set(_SPELLED.split()) - AS_WORDS
_COMMON = (
    "a about after again all also always am an and any are as ask at away back bad be because been before best big "
    "but buy by call came can click close come could danger day did do dog done down each eat end enter even ever "
    "every exit fast few find first for free from get give go going good great had has have he hello help her here "
    "high him his home hot how i if in into is it its just keep know last left let life like live long look love low "
    "made make many may me men more most much must my near need never new next nice no not note now of off oh old on "
    "once one only open or other our out over own part pay play please pull push put ran read really red right run "
    "sale said same save saw say see sell set she show side sign so some soon stay step stop such sun take tell than "
    "thank that the their them then there these they thing this those time to today too top try turn two under up us "
    "use very wait want war warning was way we well went were what when where which who why will wish with wow yes "
    "yet you your"
)
COMMON = set(_COMMON.split())
EXTENSIONS = (
    "py|txt|pdf|docx?|xlsx?|pptx?|jpe?g|png|gif|svg|mp[34]|wav|flac|ogg|csv|tsv|json|xml|html?|css|js|ts|exe|zip|tar|"
    "gz|md|ini|cfg|ya?ml|toml|cpp|sh|bat|dll|log|sql|ipynb|java|php|avi|mov|mkv|bmp|tiff?|psd|rar|7z|iso|apk|dmg|rb|"
    "rs|go|bak|tmp"
)
DOMAINS = (
    "com|org|net|edu|gov|io|co|uk|de|fr|ru|info|biz|me|tv|ai|app|dev|eu|us|ca|au|jp|cn|in|nl|it|es|ch|se|no|int|mil"
)


def rule(pattern: str, replacement: Callable[[Match], str] | str, flags: int = 0) -> Rule:
    """Compile one rule."""
    return re.compile(pattern, flags), replacement


def at_end(match: Match) -> bool:
    """Whether nothing more is said after a match."""
    return bool(_NOTHING_MORE.match(match.string, match.end()))


_NOTHING_MORE = re.compile(r"[ \"')]*+\Z")
