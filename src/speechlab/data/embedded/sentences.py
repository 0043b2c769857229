"""What the embedded corpus says: hand-written sentences that cover every phone, and a seeded grammar for the rest.

All of it was written for this project. The sentences of a seed are the same in every process and on every platform.
Clauses are kept short, or have a comma before "and", "which" and "where": in a long clause the synthesiser pauses
there on its own, and a pause without a mark would be a sound without a token.
"""

import random
from collections.abc import Iterator

ENGLISH_SENTENCES = """\
The quick brown fox jumps over the lazy dog.
She sells fresh oysters, mussels and shrimp by the harbour wall.
Joyful noise rose from the boys' choir on Thursday.
Would you measure the usual distance to the garage?
A thin blue thread ran through the weather-beaten cloth.
How now, brown cow: why are you standing in the road?
Judge Jackson enjoys ginger, cabbage and orange juice.
The chef chose cherries, cheese and a large chicken pie.
Yesterday a young yellow canary flew beyond the yard.
Three wise men thought about the truth of the matter.
Whose azure vision was it: yours, or your father's?
Put the good wooden hook beside the full bookshelf.
The singer was bringing a long string of pink pearls.
Our hour of power is over; the tower is dark.
Clear beer, and fear of deer, are mere ideas here.
Where there is fair air, rare bears share their lair!
The tourist was sure that the moor was pure.
Fire and higher wire make the choir tired.
I saw an awful hawk fall on the lawn at dawn.
Father's calm palm trees are far from the dark park.
The nurse heard a bird, then turned the first page.
Go slowly, open the window, and blow on the coal.
You knew the blue moon would soon move, didn't you?
Eat these green peas, please; they are cheap, and sweet.
Six big ships slipped in, and fifty children sat still.
Fred's best friend sent ten letters every February.
Bad cats with happy lambs ran past the black van.
Hot coffee got spilled on the dark oak box.
But nothing other than love comes from above.
Eight great trains waited late in the rain.
My bright white kite might fly high tonight.
Boil the oil, then join the noisy boys outside.
A loud crowd found out about the house downtown.
The button was hidden under the cotton curtain.
A little bottle of metal polish sat in the middle.
Better butter makes a bitter batter better, Betty said.
The mountain fountain is certainly important to Britain.
Vivid violets cover every valley above the river.
That other brother breathes with some bother.
His zebra was as lazy as a dozen buzzing bees.
Hurry! Harry's whole house has a huge hole.
What a wonderful, quiet, well-watered woodland!
The casual treasure hunt was a pleasure: a rare occasion.
The king is banking on strong young lungs, thinking longer.
Come on... the train is leaving, and we must not be late!
Wait a minute - is that the only key we have?
He poured four more drops of warm water on the floor.
Curious Europeans cured the furious bull.
The actor's idea of theatre is a real, living area.
Nine naughty monkeys know no manners at noon.
Please pass the pepper, Peter; the soup needs it.
Two tall, tidy tailors took twenty tickets to town.
Dark days did not deter the diving champion.
Keep the kitchen key in the black box, Chris.
Gary gave a big gift to the girl with the guitar.
Measure twice, cut once, and finish by the deadline.
Is anyone at home? The lights are off.
Never mind; tomorrow will be another day.
Everyone smiled, although nobody had understood the joke.
The museum opens at nine: bring a warm coat.
Although the economic situation was peculiar, the afternoon went well.
Already seventeen photographs were missing from the laboratory.
Who executed the automatic interview with the corporation?
Marguerite is far from being a familiar guest in Lancaster.
The periodical broadcast its invoice from a point beneath the bridge.
Anything under that jurisdiction, shall we say, is a violation.
My curiosity about European architecture never disappeared.
Gunfire, backfire, campfire: each has a sound of its own.
Examination of the circumstances gave them no information.
That limousine, an automobile for the inauguration, was uniform black.
Which of them had introduced him to your discipline?
The organization shall have its universal legislation in time.
Lord Fauntleroy, whose attitude was scientific, played two violins.
When you were between them, did any of them look at me?
The contrast with that paragraph, altogether, was a failure.
Alternatives for the manufactured barriers have been photographed.
Parliamentary correspondence is a classification of its own.
They went into town, onto the top of the hill, then sometimes down.
In 1998, Dr. Smith paid $25 for 3 old books; he never read them!
The 2nd train left at 5:30 p.m. on May 21st.
"""

ENGLISH_GRAMMAR = """
sentence: {people} {past} the {adjective} {thing} {where}.
sentence: {people} {past} the {thing} {where} {when}.
sentence: {when_first}, {people} {past} the {adjective} {thing}.
sentence: {when_first}, {person} with {person} {past} a {adjective_c} {thing}.
sentence: the {adjective} {thing} {where} was {quality}.
sentence: the {thing} {where} is {degree} {quality}, but the {thing} is {quality}.
sentence: did {people} really {verb} the {thing} {where}?
sentence: why did {person} {verb} the {adjective} {thing} {when}?
sentence: where can we {verb} a {adjective_c} {thing}, {person}?
sentence: what a {adjective_c} {thing} {person} has!
sentence: please {verb} the {thing} {where} {when}.
sentence: do not {verb} the {adjective} {thing}; it is {degree} {quality}!
sentence: {person} said that the {thing} {where} was {quality}.
sentence: if the {thing} is {quality}, {people} will {verb} it {when}.
sentence: {people} will {verb} the {thing} {when}, because it is {quality}.
sentence: {number} {adjective} {things} stood {where}.
sentence: there were {number} {things} {where}, and {number} {things} {where}.
sentence: {people} {past} {number} {things}: {number} for {person}, {number} for us.
sentence: {person} likes {things}, {things} and {adjective} {things}.
sentence: {manner}, {people} {past} the {thing} {where}.
sentence: {people} {manner} {past} my {adjective} {thing} {when}.
sentence: it was {degree} {quality} {where}, so {people} stayed inside.
sentence: oh, {person}... the {adjective} {thing} is {quality} again.
sentence: {people} - {manner}, I think - {past} the {thing}.
sentence: we {past} the {thing}; nobody knew {question} it was {quality}.
sentence: tell {person} {question} the {adjective} {thing} is {quality}.
sentence: {weather}, and {people} {past} the {thing}.
sentence: {weather}: the {things} {where} are {quality}.
sentence: my {relative} would rather {verb} a {thing_c} than {verb} {things}.
sentence: have you ever {participle} a {adjective_c} {thing} {where}?
sentence: I have never {participle} {number} {things} {when_past}.
sentence: you should {verb} the {thing}, shouldn't you?
sentence: who {past} your {adjective} {thing} {where}?
sentence: {people} went into the {place}, which was {quality}.
sentence: when {people} had {participle} the {thing}, they told me about it.
sentence: I wonder whether any of them have {participle} your {thing}.
sentence: this is the {abstract} of the {adjective} {thing}.
sentence: the {abstract} was between him, her {relative}, or {person}.
sentence: there has been too much {abstract} for them {where}.
sentence: it's about time to {verb} the {thing}, isn't it?
sentence: without that {abstract}, which of us could {verb} the {thing}?
sentence: {person}, whose {abstract} was {quality}, shall {verb} the {thing}.
sentence: although we are far from {city}, your {thing} will be {quality}.
abstract: information | organization | investigation | examination | communication | legislation | discipline |
    situation | photograph | inauguration | application | interview | population | curiosity | authority |
    classification | attitude | afternoon | laboratory | correspondence | execution | violation
person: Alice | Ben | Charlotte | David | Emma | Frank | George | Hannah | Isaac | Julia | Kevin |
    Laura | Martin | Nora | Oliver | Patrick | Rachel | Samuel | Theodore | Ursula | Victor | Wendy
    | Zoe | Joyce | Ethan | Beth | Roy | Claire | Doctor Shaw | Professor Young | Captain Hughes
relative: mother | father | brother | sister | uncle | aunt | cousin | neighbour | grandfather |
    daughter | nephew | teacher
people: {person} | my {relative} | her {relative} | our {adjective} {relative} | the {role} | the
    {adjective} {role} | they | some {roles} | the {roles}
role: farmer | singer | engineer | judge | painter | pilot | nurse | king | stranger | shepherd |
    tailor | gardener | soldier | watchmaker | chemist | author | baker | fisherman | postman |
    lawyer | musician | child | fireman
roles: farmers | children | young women | tourists | workers | travellers | boys | girls |
    scientists | villagers | voters | guests
past: found | painted | measured | carried | sold | watched | forgot | bought | brought | opened |
    repaired | described | chose | shook | borrowed | finished | returned | studied | pushed |
    noticed | moved | destroyed | enjoyed | cleaned | followed | imagined | weighed
verb: find | paint | measure | carry | sell | watch | buy | bring | open | repair | describe |
    choose | borrow | finish | return | study | push | notice | move | destroy | enjoy | clean |
    follow | imagine | use | join | wash | throw | catch | examine
participle: seen | found | heard | owned | painted | measured | carried | chosen | thrown | borrowed
    | noticed | built | bought | enjoyed
adjective: {adjective_c} | old | empty | ugly | orange | ancient | enormous | unusual | ordinary |
    expensive | awful | icy
adjective_c: small | large | blue | green | yellow | broken | beautiful | heavy | wooden | quiet |
    noisy | young | thick | smooth | rough | cheap | curious | golden | round | leather | northern |
    southern | tiny | huge | pure | sharp | strange | precious | dirty | weathered | vague | royal
thing: {thing_c} | umbrella | engine | apple | oyster | island | orchard | airport | owl | answer |
    oven | elephant | hour-glass
thing_c: house | book | garden | mirror | bicycle | treasure | kitchen | river | letter | picture |
    watch | bridge | church | guitar | shovel | jacket | village | machine | voice | thimble |
    feather | button | mountain | bottle | cottage | toy | vase | garage | chair | pudding | piano |
    zoo | television | newspaper | blanket | wheel | forest | telescope | violin | castle | giraffe
    | sweater | cushion | barrel | tower | harbour
things: houses | books | gardens | mirrors | bicycles | watches | bridges | letters | oranges |
    mushrooms | feathers | buttons | bottles | chairs | horses | sheep | boxes | leaves | wheels |
    apples | eggs | clouds | shadows | ships | kites | foxes | coins | teeth | carrots | pigeons
where: near the {place} | behind the {place} | under the {place} | beside the {place} | in the
    {place} | across the {place} | above the {place} | outside | at home | in {city} | by the
    {place} | along the {place}
place: river | church | old mill | market | school | bridge | wood | station | lighthouse | theatre
    | hill | shore | garden wall | courtyard | museum | library | village square | south gate |
    railway | field | fountain | valley
city: London | Paris | Oxford | Boston | Geneva | Cairo | Dublin | Chicago | Florence | New York |
    Sydney
when: today | tomorrow | tonight | on {day} | before noon | after lunch | in {month} | this evening
    | every morning | twice a year | at {hour} o'clock
when_first: yesterday | last {day} | on {day} morning | in {month} | an hour ago | at noon | after
    the storm | long ago | one day | before breakfast | at first
when_past: before | in {month} | in one day | until now | so early
day: Monday | Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday
month: January | February | March | April | May | June | July | August | September | October |
    November | December
hour: one | two | three | five | six | seven | nine | ten | eleven | twelve
number: two | three | four | five | six | seven | eight | nine | ten | eleven | twelve | thirteen |
    fifteen | twenty | thirty-one | forty | fifty-six | seventy | a hundred | a thousand
degree: very | rather | quite | too | almost | far too | surprisingly | usually
quality: quiet | ready | useful | dangerous | cold | warm | blue | expensive | famous | empty |
    lovely | strange | wet | dry | far away | cheap | precious | clear | visible | healthy | rare |
    poor | sour | awful | enough | obvious | worth the journey | hard to measure
manner: slowly | quietly | suddenly | carefully | eagerly | finally | fortunately | usually |
    unfortunately | with great pleasure | in a hurry | without a word
question: why | whether | how often | when
weather: it rained all night | the sun was shining | the wind blew hard | thunder rolled over the
    hills | a thick fog rose | the snow was melting | the air smelled of smoke | the moon hung low
"""

RUSSIAN_SENTENCES = """\
Съешь же ещё этих мягких французских булок, да выпей чаю.
Мороз и солнце, день чудесный!
Замок на двери был старый, а сад за домом зарос.
Где ты был вчера вечером?
Широкая электрификация южных губерний даст мощный толчок хозяйству.
Мама мыла раму, а папа читал газету.
Вдруг раздался громкий звонок; все замолчали.
Щука плавает в чистой реке.
Завтра утром мы поедем на поезде в Москву.
Объясните, пожалуйста, почему подъезд закрыт?
Здравствуйте! Чем я могу вам помочь?
Привет, как у тебя дела?
Спасибо большое, всё было очень вкусно.
До свидания, приходите к нам ещё.
Подскажите, пожалуйста, который сейчас час?
Извините, я вас не расслышал.
Это была модель нового корабля.
Тест по физике оказался трудным.
Под крышей живут голуби и ласточки.
Ночью выпал снег, и город стал белым.
На столе лежат яблоки, груши и виноград.
Фёдор Ильич каждый день гуляет с собакой.
Эту песню знает вся страна.
Хлеб пекут рано утром, пока все спят.
Юля учится играть на скрипке.
Учёные изучают жизнь глубоких морей.
Вчера шёл дождь, сегодня светит солнце.
Нужно купить молоко, масло и сметану.
Поезд отправляется с третьего пути.
Осторожно, двери закрываются!
Следующая станция конечная.
Кошка спит на тёплом подоконнике.
Ёжик нёс на спине жёлтый лист.
Цирк приехал в наш город весной.
Если хочешь, я расскажу тебе эту историю.
Чёрный кофе без сахара, пожалуйста.
Бабушка испекла пирог с капустой и вишнёвый рулет.
Мы долго шли через густой лес.
Гром гремел всё ближе, но гроза прошла стороной.
Какой фильм ты посоветуешь посмотреть?
Этот поэт писал о любви и дружбе.
Врач выписал лекарство и велел больше отдыхать.
Наша команда выиграла со счётом три один.
Самолёт летит над облаками.
Объявление висит у входа в подъезд.
Вьюга мела всю ночь, и утром мы не смогли выйти.
В библиотеке тихо, слышно только шелест страниц.
Сыр, ветчина и свежие огурцы лежат в холодильнике.
Дети лепят снеговика во дворе.
Жюри объявило имя победителя.
"""

RUSSIAN_GRAMMAR = """
sentence: {кто} {делал} {что} {где}.
sentence: {когда} {кто} {делал} {что}.
sentence: почему {кто} {делал} {что} {где}?
sentence: {кто} {делал} {что}, а {она} {делала} {что}.
sentence: {когда} {где} было {как}: {кто} {делал} {что}.
sentence: {где} сегодня {как}, и {она} {делала} {что}.
sentence: {она} {делала} {что} {где}.
sentence: {когда} {она} {делала} {что} и {что}.
sentence: {обращение}, {просьба} {что}!
sentence: {обращение}, где {тот}, {который}?
sentence: мы {будем} {инфинитив} {что} {скоро}.
sentence: я {хочу} {инфинитив} {что}, потому что {где} {как}.
sentence: если {она} {делала} {что}, то {кто} {делал} {что}.
кто: мой брат | старый учитель | наш сосед | молодой врач | мальчик | этот художник | дедушка | Иван
    | Сергей | Михаил | высокий моряк | знакомый инженер | Андрей Юрьевич | усталый почтальон | её муж
    | весёлый клоун | опытный водитель | рыжий студент | твой друг | Пётр Алексеевич | строгий директор
    | неизвестный автор | Эдуард | внук фермера | чей-то гость
она: бабушка | моя сестра | юная певица | Анна | наша учительница | соседка | Ольга Фёдоровна | девочка
    | их тётя | Юлия | продавщица цветов | старшая дочь | хозяйка гостиницы | Жанна | добрая волшебница
    | эта журналистка | Софья | чемпионка мира
делал: увидел | нашёл | купил | починил | принёс | забыл | нарисовал | спрятал | открыл | изучал | потерял
    | подарил | описал | выбрал | берёг | искал | чистил | поднял | заметил | привёз | обещал | взвесил
делала: увидела | нашла | купила | принесла | забыла | рисовала | спрятала | открыла | хранила | продавала
    | мыла | ждала | хвалила | вспомнила | приготовила | вышила | перевела | объясняла | взяла | уронила
что: большой зонт | новую книгу | синюю чашку | старые часы | длинное письмо | жёлтый ящик | щётку
    | красивый цветок | дверь | горячий суп | пушистого кота | чужую шляпу | железный ключ | карту города
    | билет на поезд | мешок картошки | фотографию | свежий хлеб | пять апельсинов | электрический чайник
    | тёплый шарф | музыкальный инструмент | план урока | хрупкую вазу | зелёный карандаш | деревянный стул
    | вьетнамский чай | ягоды и грибы | французский журнал | съёмную квартиру | мяч | юбку | рецепт пирога
    | объявление | яйца | шахматы | лыжи | последнюю главу романа | гвозди | флейту | ложку мёда
где: в саду | на улице | у реки | за домом | в школе | под мостом | в горах | на вокзале | возле музея
    | около аптеки | на площади | в деревне | между двумя домами | перед театром | на втором этаже
    | среди цветов | в вагоне метро | на южном берегу | в центре города | у подножия холма | на чердаке
    | за углом | в Петербурге | рядом с почтой | на кухне | в цехе завода
когда: вчера | сегодня утром | поздно вечером | осенью | в субботу | однажды | после обеда | неделю назад
    | в середине июля | перед рассветом | в пятницу | на прошлой неделе | зимой | ровно в полночь | недавно
    | во время дождя | каждый четверг | весной | в шесть часов
как: тихо | холодно | светло | шумно | хорошо | душно | весело | очень скользко | пусто | тепло и сухо
    | слишком темно | уютно | необычно | людно | прекрасно
обращение: друзья | мама | дорогой коллега | товарищ капитан | ребята | Галина | доктор | уважаемые пассажиры
    | Егор | милая Катя
просьба: возьмите | покажите мне | не забудьте | передайте Сергею | принесите | отдайте ей | найдите
    | обязательно купите | спрячьте
тот: тот человек | наш поезд | ваш багаж | этот адрес | тот щенок | мой телефон | ключ
который: который вы нашли | который ждут все | о котором писала газета | который я видел вчера
    | который нужен вам | что был здесь утром
будем: будем | не будем | станем | собираемся | можем | хотим | решили
инфинитив: искать | хранить | изучать | чистить | рисовать | выбирать | готовить | фотографировать | считать
    | показывать | обсуждать | прятать | возить
хочу: хочу | могу | не умею | люблю | должен | буду | обязан
скоро: завтра | через час | этим летом | в воскресенье | ближе к вечеру | в понедельник | каждый день
"""

WRITTEN = {"en": ENGLISH_SENTENCES.splitlines(), "ru": RUSSIAN_SENTENCES.splitlines()}
"""Sentences by hand, per language."""
GRAMMARS = {"en": (ENGLISH_GRAMMAR, 6, 15), "ru": (RUSSIAN_GRAMMAR, 3, 12)}
"""A grammar per language, with the fewest and the most words of a sentence: 2 to 6 s at the rates used."""


def sentences(language: str, seed: int) -> Iterator[str]:
    """Give sentences of the grammar without end, none twice."""
    grammar, shortest, longest = GRAMMARS[language]
    rules, generator, said = _rules(grammar), random.Random(seed), set()
    while True:
        text = _expand("{sentence}", rules, generator)
        text = text[0].upper() + text[1:]
        if text not in said and shortest <= len(text.split()) <= longest:
            said.add(text)
            yield text


def _rules(grammar: str) -> dict[str, list[str]]:
    """Read ``name: choice | choice``; a name given again adds choices, an indented line continues the one before."""
    rules: dict[str, list[str]] = {}
    for line in grammar.replace("\n    ", " ").strip().splitlines():
        name, _, choices = line.partition(": ")
        rules.setdefault(name, []).extend(choice.strip() for choice in choices.split("|"))
    return rules


def _expand(template: str, rules: dict[str, list[str]], generator: random.Random) -> str:
    """Replace every ``{name}`` by one of its choices, until no name is left."""
    before, opening, rest = template.partition("{")
    if not opening:
        return template
    name, _, after = rest.partition("}")
    return before + _expand(generator.choice(rules[name]), rules, generator) + _expand(after, rules, generator)
