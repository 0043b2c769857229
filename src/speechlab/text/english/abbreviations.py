"""English abbreviations by what may follow their dot: which never end a sentence, and which do before some words."""

_TITLES = (
    "Mr Mrs Ms Messrs Mmes Dr Drs Prof Profs Sts Rt Gen Col Maj Capt Cpt Cmdr Lt Sgt Cpl Pvt Adm Rev Fr Hon Pres Gov "
    "Sen Sens Rep Reps Atty Supt Insp Amb Sec Treas Mt Mts Ft Pt"
)
_NEVER = (
    "mr mrs ms dr prof vs v e.g i.e a.k.a cf viz al ca c b d r est approx incl esp Univ Dept Inst Assn Natl Intl Gvt w"
)
_MONTHS = "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec"
_DAYS = "Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun"
_STATES = (
    "Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Mass Md Mich Minn Mo Neb Nev Okla Pa Tenn Tex Va Vt "
    "Wash Wis"
)
_NUMBERED = (
    "No Nos no nos Fig Figs fig figs Eq Eqs eq eqs p pp Vol Vols vol vols ch Ch chap Chap Sec sec Sect Art art "
    "max avg Hwy Rte Ste Apt "
    "Rm Ext ext Tel tel Ver ver ed Op op Ps Exs ex Bldg l ll n nn Tab tab App Pt pt"
)
_MEASURES = "ft in lb lbs oz hr hrs min mins yd yds mi m g c"
MEASURES = set(_MEASURES.split())

NEVER_END = set(f"{_TITLES} {_NEVER}".split()) - {"Sec", "Pt"}
BEFORE_NUMBER = {*_NUMBERED.split(), *MEASURES} - {"m", "g", "c"}  # they end no sentence before a number
MAY_END = {  # they end one before a word of STARTERS
    *f"{_MONTHS} {_DAYS} {_STATES} Inc Ltd Corp Co Cos Bros LLC Jr Sr Esq St Rd Ave Blvd Ln Sq Pl Pkwy Ct Hts Cir "
    "Ph.D M.D B.A M.A B.Sc M.Sc Ed.D J.D D.D.S Jun U.S U.K U.N E.U U.S.A U.S.S.R D.C L.A N.Y A.D B.C "
    "dept govt assn".split()
}  # fmt: skip
_ZONES = "EST EDT CST CDT MST MDT PST PDT ET CT MT PT GMT UTC BST CET CEST Eastern Central Pacific Mountain"
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_AFTER_TIME = {*f"{_ZONES} {_WEEKDAYS} {_MONTHS} {_DAYS}".split()}
CONTINUED_BY = {key: _AFTER_TIME for key in ("a.m", "p.m", "A.M", "P.M")}  # any other capital begins a sentence
_STARTERS = (
    "A About According Actually After All Also Although Always An And Another Any Anyone Are As At Back Because Before "
    "Both But By Can Could Did Do Does During Each Either Even Eventually Every Everyone Everything Few Finally First "
    "For From Furthermore Had Has Have He Her Here Hers His How However I If In Indeed Instead Is It Its Last Later "
    "Let Many Maybe Meanwhile More Moreover Most My Nearly Neither Never Next No Nobody None Nor Not Nothing Now Of On "
    "Once One Only Or Other Others Our Out Over People Perhaps Please Several She Should Since So Some Someone "
    "Something Sometimes Soon Still Such Suddenly Than That The Their Them Then There Therefore These They This Those "
    "Though Three Through Thus To Today Tomorrow Tonight Too Two Under Unfortunately Until Was We Were What When Where "
    "Whether Which While Who Whose Why Will With Without Would Yes Yesterday Yet You Your"
)
STARTERS = set(_STARTERS.split())
WORDS_OF_ONE_LETTER = {"I"}
_LETTERED = "vitamin plan option grade type group class category hepatitis letter point exhibit appendix"
LETTERED = set(_LETTERED.split())
KNOWN = {*NEVER_END, *BEFORE_NUMBER, *MEASURES, *MAY_END, *CONTINUED_BY}
