"""The Telegram bot: it reads texts aloud and cleans voice notes, and survives being killed at any moment."""
