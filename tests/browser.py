"""A headless Chromium that tests drive: the DevTools protocol over a pair of pipes, no wheel and no port needed.

with Browser(tmp_path) as page:
    page.open("file:///…/index.html")
    page.run("document.title")
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.limits import PATIENCE_S

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_KEYS = {  # key: code of the key, as Chromium wants it beside the name
    "Enter": 13, "Escape": 27, "Tab": 9, "Delete": 46, "PageDown": 34, "PageUp": 33, "End": 35, "Home": 36,
    "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
}  # fmt: skip
_MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}


def find() -> str | None:
    """The browser on this machine; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class PageError(AssertionError):
    """A script failed in the page, or something that was waited for did not come."""


class Browser:
    """Pages of one browser, of which one is driven at a time. Messages of their consoles that are errors are kept in
    `errors`, questions whether to leave a page, which are answered with yes, in `dialogs`."""

    def __init__(self, folder: Path, width: int = 1280, height: int = 900) -> None:
        self.folder = folder  # where downloads go
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        self.requests: list[str] = []
        self._number, self._buffer = 0, b""
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()

        def connect() -> None:  # the protocol's pipes are the descriptors 3 and 4
            first, second = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs_in, theirs_out))
            os.dup2(first, 3)
            os.dup2(second, 4)

        self._process = subprocess.Popen(
            [
                *(find() or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
                *("--remote-debugging-pipe", "--no-first-run", "--disable-background-networking", "--mute-audio"),
                *(f"--user-data-dir={folder / 'profile'}", f"--window-size={width},{height}", "about:blank"),
            ],
            preexec_fn=connect,  # noqa: PLW1509
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        targets = self.send("Target.getTargets", session=None)["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self._session: str | None = None
        self.tabs: list[str] = []
        self._attach(page["targetId"])
        self.send("Browser.setDownloadBehavior", session=None, behavior="allow", downloadPath=str(folder))
        self.resize(width, height)

    def _attach(self, target: str) -> None:
        self._session = self.send("Target.attachToTarget", session=None, targetId=target, flatten=True)["sessionId"]
        self.tabs.append(self._session)
        for domain in ("Page", "Runtime", "Network"):
            self.send(f"{domain}.enable")

    def tab(self, number: int) -> None:
        """Drive another tab from here on: one of those that are open, counted from 0, or the next new one."""
        if number == len(self.tabs):
            self._attach(self.send("Target.createTarget", session=None, url="about:blank")["targetId"])
        self._session = self.tabs[number]

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def send(
        self, method: str, session: str | None = "page", timeout: float = PATIENCE_S, **params: Any
    ) -> dict[str, Any]:
        """Send a command of the protocol and return its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + timeout
        while True:
            answer = self._receive(until, method)
            if answer.get("id") == message["id"]:
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])
            self._note(answer)

    def _receive(self, until: float, waiting: str) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            data = os.read(self._in, 1 << 20) if ready else b""
            if not data:
                raise PageError(f"the browser did not answer {waiting}")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(line))

    def _note(self, event: dict[str, Any]) -> None:
        found = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = found["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif event.get("method") == "Runtime.consoleAPICalled" and found["type"] == "error":
            self.errors.append(str(found["args"]))
        elif event.get("method") == "Page.javascriptDialogOpening":
            self.dialogs.append(found["type"])
            self._number += 1
            answer = {"id": self._number, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}
            os.write(self._out, json.dumps({**answer, "sessionId": event["sessionId"]}).encode() + b"\0")
        elif event.get("method") == "Network.requestWillBeSent":
            self.requests.append(found["request"]["url"])

    def open(self, url: str) -> None:
        """Go to a page of the gallery and wait until it is ready."""
        self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && document.documentElement.dataset.ready === 'yes'")

    def first_visit(self, url: str) -> None:
        """Open a gallery as somebody who was never there; decisions do not go on to the next layout by themselves."""
        self.errors.clear()
        self.open(url)  # where an earlier test may have made the page keep nothing
        self.run(
            "localStorage.clear(); sessionStorage.clear(); localStorage.setItem('layoutgen.gallery.advance', 'no')"
        )
        self.open(url)

    def run(self, script: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        found = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            raise PageError(f"{script}: {details.get('exception', {}).get('description') or details['text']}")
        return found["result"].get("value")

    def wait(self, script: str, timeout: float = PATIENCE_S) -> None:
        """Wait until an expression is true, in whichever page is there by then."""
        until = time.monotonic() + timeout
        while not self._holds(script):
            if time.monotonic() > until:
                raise PageError(f"waited {timeout} s for {script}; errors of the page: {self.errors}")
            time.sleep(0.02)

    def _holds(self, script: str) -> bool:
        try:
            return bool(self.run(f"document.documentElement !== null && ({script})"))
        except PageError as error:
            if "navigated" in str(error):
                return False
            raise

    def press(self, *keys: str) -> None:
        """Press keys one after the other, such as "a", "ArrowLeft", "Shift+ArrowLeft", "Control+z"."""
        for name in keys:
            *held, key = name.split("+")
            modifiers = sum(_MODIFIERS[one] for one in held)
            code = _KEYS.get(key, ord(key[0].upper()))
            text: dict[str, Any] = {"text": key} if len(key) == 1 and "Control" not in held else {}
            text = {"text": "\r"} if key == "Enter" else text
            common: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
            if len(key) == 1 and key.isalnum() and key.isascii():
                common["code"] = f"{'Digit' if key.isdigit() else 'Key'}{key.upper()}"
            self.send("Input.dispatchKeyEvent", type="keyDown", **common, **text)
            self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.send("Input.insertText", text=text)

    def set(self, selector: str, value: object) -> None:
        """Give a field a value, as if somebody had typed or chosen it."""
        events = "for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, { bubbles: true }));"
        found = f"const field = document.querySelector({json.dumps(selector)});"
        self.run(f"(() => {{ {found} field.value = {json.dumps(str(value))}; {events} }})()")

    def focus(self, selector: str) -> None:
        """Put the focus on an element."""
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")

    def place(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of an element on the screen."""
        script = f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
        left, top, width, height = self.run(f"{script} return [b.x, b.y, b.width, b.height]; }})()")
        return left, top, width, height

    def click(self, selector: str) -> None:
        """Click into the middle of an element with the mouse."""
        self.run(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'nearest'}})")
        left, top, width, height = self.place(selector)
        self.drag((left + width / 2, top + height / 2))

    def drag(self, start: tuple[float, float], *ways: tuple[float, float], keys: str = "") -> None:
        """Press the mouse at a place, move it over others, and let go, with keys held such as "Shift"."""
        self.grasp(start, *ways, keys=keys)
        self.let_go(ways[-1] if ways else start, keys=keys)

    def grasp(self, start: tuple[float, float], *ways: tuple[float, float], keys: str = "") -> None:
        """Press the mouse at a place and move it over others; the button stays down."""
        common: dict[str, Any] = {"button": "left", "modifiers": _MODIFIERS.get(keys, 0)}
        self._mouse("mousePressed", start, clickCount=1, **common)
        for place in ways:
            self._mouse("mouseMoved", place, buttons=1, **common)

    def let_go(self, place: tuple[float, float], keys: str = "") -> None:
        """Let the mouse's button go at a place."""
        self._mouse("mouseReleased", place, button="left", clickCount=1, modifiers=_MODIFIERS.get(keys, 0))

    def wheel(self, place: tuple[float, float], down: float, keys: str = "") -> None:
        """Turn the wheel at a place, by px."""
        self._mouse("mouseWheel", place, deltaX=0, deltaY=down, modifiers=_MODIFIERS.get(keys, 0))

    def _mouse(self, kind: str, place: tuple[float, float], **event: Any) -> None:
        self.send("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], **event)

    def resize(self, width: int, height: int) -> None:
        """Give the page another size."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self, path: Path) -> None:
        """Save what is seen as PNG."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))
