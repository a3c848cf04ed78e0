"use strict";
// The key that was meant: letters and digits by their place on the keyboard where an input method, CapsLock or a
// keyboard of another script gives something else.
gallery.keyOf = (event) => {
  const letter = /^Key([A-Z])$/.exec(event.code ?? "");
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code ?? "");
  const isLatin = /^[a-z]$/i.test(event.key);
  if (letter && isLatin) return event.key.toLowerCase();
  if (letter && (event.key === "Process" || event.isComposing || !/^[ -~]$/.test(event.key))) return letter[1].toLowerCase();
  if (digit && !event.shiftKey && !/^[ -~]$/.test(event.key)) return digit[1];
  if (event.code === "Slash" && !/^[ -~]$/.test(event.key)) return event.shiftKey ? "?" : "/";
  return event.key;
};
