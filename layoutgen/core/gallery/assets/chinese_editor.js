"use strict";
// The editor's words in simplified Chinese.
gallery.words.add("zh", {
});
