"use strict";
// Simplified Chinese of what several people, several runs and a server add to the page.
gallery.words.add("zh", {
  // A gallery that is served
  "The server did not take {n} {n|decision|decisions}: {why}": "服务器未接受 {n} 个决定：{why}",
  "The server was started anew: open the address that it printed.": "服务器已重新启动：请打开它给出的地址。",
  "The server is away.": "连不上服务器。",
  "{n} {n|decision is|decisions are} kept in this browser and sent when it is back.": "{n} 个决定已存在本浏览器中，恢复后自动发送。",
  "saving …": "正在保存…",
  "saved in {file}": "已存入 {file}",
});
