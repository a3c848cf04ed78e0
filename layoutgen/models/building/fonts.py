"""Which font sets a text, by the settings."""

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Role
from layoutgen.core.text.lettering import choose_face
from layoutgen.core.text.typography import Face, is_wide
from layoutgen.imaging import fonts


class FaceFor:
    """Which face sets a text, one for all of it: the first that has all its letters. Bold for titles and prices; the
    user's file first, then Noto Sans SC for text with Chinese characters and Noto Sans KR for other text (same Latin
    letters, but quotes and dots of Latin width), then the other embedded fonts, last the user's of the other weight.

    Raises ValueError for a file that is no font, and for two that a row could not tell apart by name."""

    def __init__(self, settings: PlaceSettings) -> None:
        own = [(settings.bold_font, fonts.BOLD), (settings.regular_font, fonts.REGULAR)]
        bold, regular = ([fonts.face(path, weight)] if path else [] for path, weight in own)
        if bold and regular and bold[0].name == regular[0].name and bold[0].path != regular[0].path:
            raise ValueError(
                f"place.bold_font {bold[0].path} and place.regular_font {regular[0].path} have the same name "
                f"{bold[0].name!r}, by which rows say their font; rename one file"
            )
        names = {face.name for face in (*bold, *regular)}  # a user's font hides an embedded one of the same name
        self.bold = [*bold, *(face for face in fonts.faces("", fonts.BOLD) if face.name not in names), *regular]
        self.regular = [*regular, *(face for face in fonts.faces("", fonts.REGULAR) if face.name not in names), *bold]

    def __call__(self, role: Role, text: str) -> Face:
        """Return the face for a role and text."""
        faces = self.bold if role in (Role.TITLE, Role.PRICE) else self.regular
        if not any(map(is_wide, text)):
            korean = [face for face in faces if face.path == fonts.KOREAN]
            first = 1 if faces[0].path not in fonts.EMBEDDED else 0
            faces = [*faces[:first], *korean, *(face for face in faces[first:] if face not in korean)]
        return choose_face(text, faces)
