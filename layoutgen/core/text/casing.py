"""Texts in the case that a style gives a role: capitals or small letters, in scripts that have both."""


def cased(text: str, case: str, language: str | None = None) -> str:
    """A text in a case of `styles.style.CASES`; Turkish and Azeri keep their dots. Letters that have no capital of one
    letter, such as ß, stay as they are."""
    if case == "as_is":
        return text
    turns = (language or "").lower().split("-")[0] in ("tr", "az")
    if case == "upper":
        text = text.replace("i", "İ") if turns else text
        return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in text)
    text = text.replace("I", "ı").replace("İ", "i") if turns else text
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
