"""What the Telegram bot writes to people, in English and Russian."""

import re

ENGLISH, RUSSIAN = "en", "ru"
PHRASES = {
    ENGLISH: {
        "help": (
            "Send a text, and I read it aloud in a voice note. Send a voice note, and I clean it of noise.\n\n"
            "/voice — choose a voice\n"
            "/pace 1.2 — speak faster or slower\n"
            "/stress зам+ок — teach me the stress of a Russian word; /stress and a sentence shows where I put it\n"
            "/help — this text\n\n"
            "A text may have {characters} characters, a voice note {minutes} minutes."
        ),
        "queued": "I have it. Messages before yours: {ahead}.",
        "busy": "Too many messages are waiting here. Please send this one again later.",
        "too_many": "{waiting} of your messages are waiting already. Please send this one when they are answered.",
        "too_many_today": "You have sent {most} messages within a day, and I take no more. Please come back tomorrow.",
        "not_allowed": "I answer only people whom my operator has listed. Your number is {number}.",
        "too_long_text": "This text has {found} characters, and I read {most} at a time. Please send it in parts.",
        "too_long_voice": "This recording lasts {found} s, and I take {most} s. Please send a shorter one.",
        "nothing_to_read": "There is nothing to read aloud in this message. Please send a text with at least one word.",
        "cannot_read": (
            "The voice {voice} cannot read this: {text!r}. Its language may be another one (/voice),"
            " or a stress mark may not stand at a vowel (write зам+ок)."
        ),
        "too_big_voice": "This file has {found} MB, and bots are given {most} MB. Please send a smaller one.",
        "broken_voice": "I cannot open this recording: it is damaged, or not audio. Please record it again.",
        "no_enhancer": "I cannot clean recordings here. Send me a text, and I read it aloud.",
        "not_understood": "I take texts and voice notes. /help tells more.",
        "unknown_command": "I do not know the command {command}. /help lists those I know.",
        "interrupted": (
            "I was interrupted while I sent you a part of the answer to this message."
            " If something is missing, please send the message again."
        ),
        "failed": "I could not answer this message because of an error of mine. Please try another one.",
        "refused": "Telegram did not take my voice note. Your privacy settings may forbid voice notes.",
        "voices": "Voice: {current}\n\n{voices}\n\n/voice NAME chooses one, /voice auto the one that suits each text.",
        "voice_line": "{name}: {language}, licence {licence}",
        "voice_set": "From now on I speak with the voice {voice}.",
        "voice_auto": "the one that suits each text",
        "voice_unknown": "I have no voice called {given!r}. I have: {voices}.",
        "pace": "The pace is {pace:g}. /pace 1.2 makes me faster, /pace 0.8 slower; from {low:g} to {high:g}.",
        "pace_set": "From now on my pace is {pace:g}.",
        "pace_unknown": "I took {given!r} for no pace. Please give a number from {low:g} to {high:g}, as in /pace 1.2.",
        "stress": (
            "/stress зам+ок teaches me a word: put + before the vowel. /stress and a sentence shows my stresses.\n\n"
            "Your words: {words}"
        ),
        "stress_none": "none yet",
        "stress_set": "I will say {word}.",
        "stress_wrong": "I took no stress from {given!r}. Please write one Russian word with + before a vowel: зам+ок.",
        "stress_full": "You have taught me {most} words, and I cannot remember more.",
        "en": "English",
        "ru": "Russian",
    },
    RUSSIAN: {
        "help": (
            "Пришлите текст, и я прочту его вслух голосовым сообщением. Пришлите голосовое, и я очищу его от шума.\n\n"
            "/voice — выбрать голос\n"
            "/pace 1.2 — говорить быстрее или медленнее\n"
            "/stress зам+ок — запомнить ударение в слове; /stress и предложение — показать мои ударения\n"
            "/help — эта подсказка\n\n"
            "В тексте может быть {characters} знаков, в голосовом сообщении {minutes} минут."
        ),
        "queued": "Принято. Сообщений перед вашим: {ahead}.",
        "busy": "Сейчас в очереди слишком много сообщений. Пришлите это ещё раз позже.",
        "too_many": "В очереди уже ваших сообщений: {waiting}. Пришлите это, когда я отвечу на них.",
        "too_many_today": "За сутки вы прислали сообщений: {most}. Больше я не беру; приходите завтра.",
        "not_allowed": "Я отвечаю только тем, кто есть в списке у моего владельца. Ваш номер: {number}.",
        "too_long_text": "В тексте {found} знаков, а я читаю не больше {most} за раз. Пришлите его по частям.",
        "too_long_voice": "Запись длится {found} с, а я беру не больше {most} с. Пришлите запись короче.",
        "nothing_to_read": "В этом сообщении нечего прочесть вслух. Пришлите текст, в котором есть хотя бы одно слово.",
        "cannot_read": (
            "Голос {voice} не может прочесть это: {text!r}. Возможно, он говорит на другом языке (/voice)"
            " или знак ударения стоит не у гласной (пишите зам+ок)."
        ),
        "too_big_voice": "В файле {found} МБ, а ботам достаётся не больше {most} МБ. Пришлите файл поменьше.",
        "broken_voice": "Не могу открыть запись: она повреждена, или это не звук. Запишите её ещё раз.",
        "no_enhancer": "Чистить записи я здесь не умею. Пришлите текст, и я прочту его вслух.",
        "not_understood": "Я понимаю тексты и голосовые сообщения. Подробнее: /help.",
        "unknown_command": "Я не знаю команды {command}. Все команды: /help.",
        "interrupted": (
            "Меня прервали, когда я отправлял часть ответа на это сообщение."
            " Если чего-то не хватает, пришлите сообщение ещё раз."
        ),
        "failed": "Ответить не получилось из-за моей ошибки. Попробуйте прислать другое сообщение.",
        "refused": "Telegram не принял моё голосовое. Возможно, их запрещают ваши настройки приватности.",
        "voices": "Голос: {current}\n\n{voices}\n\n/voice ИМЯ — выбрать голос, /voice auto — подходящий к тексту.",
        "voice_line": "{name}: {language}, лицензия {licence}",
        "voice_set": "Теперь я говорю голосом {voice}.",
        "voice_auto": "подходящий к каждому тексту",
        "voice_unknown": "Голоса {given!r} у меня нет. Есть: {voices}.",
        "pace": "Темп {pace:g}. /pace 1.2 — быстрее, /pace 0.8 — медленнее; от {low:g} до {high:g}.",
        "pace_set": "Теперь мой темп {pace:g}.",
        "pace_unknown": "{given!r} — не темп. Напишите число от {low:g} до {high:g}, например /pace 1.2.",
        "stress": (
            "/stress зам+ок запоминает слово: поставьте + перед гласной. /stress и предложение — мои ударения.\n\n"
            "Ваши слова: {words}"
        ),
        "stress_none": "пока нет",
        "stress_set": "Буду говорить {word}.",
        "stress_wrong": "Из {given!r} ударение не ясно. Напишите одно слово со знаком + перед гласной: зам+ок.",
        "stress_full": "Вы научили меня словам: {most}. Больше я не запомню.",
        "en": "английский",
        "ru": "русский",
    },
}  # fmt: skip


def phrase(language: str, name: str, /, **values: object) -> str:
    """Give a phrase in a language, with its values put in."""
    return PHRASES[language][name].format(**values)


def is_russian(text: str) -> bool:
    """Tell whether a text has more Cyrillic letters than Latin ones."""
    return len(re.findall("[а-яё]", text.lower())) > len(re.findall("[a-z]", text.lower()))


def language_for(code: str | None, text: str) -> str:
    """Choose the language to write in: that of a person's Telegram, where it is one of ours, else that of the text."""
    if code and code.lower().partition("-")[0] in PHRASES:
        return code.lower().partition("-")[0]
    return RUSSIAN if is_russian(text) else ENGLISH
