"""Browser: Debian's Chromium, driven over a pipe by its own protocol. It needs no port and no further package."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["CHROMIUM", "Browser", "chromium"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
_END = b"\0"
_CODES = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}


class Browser:
    """The tabs of one person, and the one that we speak to. Each call waits; the test has the time limit."""

    def __init__(self, reading: int, writing: int) -> None:
        self._from = os.fdopen(reading, "rb", buffering=0)
        self._to = os.fdopen(writing, "wb", buffering=0)
        self._number = 0
        self._rest = b""
        self._session: str | None = None
        self._seen: set[str | None] = set()
        """The names of events since the last navigation."""
        self._traced: list[dict[str, Any]] = []
        self.errors: list[str] = []
        """What the page's console complains about: failures, and what the content policy refused."""
        self.new_tab()

    def new_tab(self) -> str | None:
        """Open another tab, and speak to it. Return its name, for `turn_to`.

        It is in a window of its own, because a tab behind another is hidden.
        """
        self._session = None
        target = self._call("Target.createTarget", url="about:blank", newWindow=True)["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")
        return self._session

    @property
    def current(self) -> str | None:
        """The name of the tab that we speak to."""
        return self._session

    def before_scripts(self, script: str) -> None:
        """Run a script in each page of the tab, before the page's own scripts."""
        self._call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def turn_to(self, tab: str | None) -> None:
        """Speak to another tab."""
        self._session = tab

    def kill_tab(self, tab: str | None) -> None:
        """Kill the process of a tab, as a lack of memory does. It says nothing more."""
        self._number += 1
        call = {"id": self._number, "method": "Page.crash", "params": {}, "sessionId": tab}
        self._to.write(json.dumps(call).encode() + _END)
        while not {"Target.targetCrashed", "Inspector.targetCrashed"} & self._seen:
            self._note(self._next())

    def open(self, address: str) -> None:
        """Load a page, and wait until its scripts have run."""
        self._seen.clear()
        self._call("Page.navigate", url=address)
        while "Page.loadEventFired" not in self._seen:
            self._note(self._next())

    def run(self, script: str) -> Any:
        """Return the value of an expression of the page. It may do what needs a person's press."""
        found = self._call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until an expression of the page is true, or of the page that follows it."""
        script = (
            "new Promise((done) => { const look = () => "
            f"({condition}) ? done(true) : setTimeout(look, 20); look(); }})"
        )
        while True:
            answer = self._answer("Runtime.evaluate", expression=script, awaitPromise=True)
            if "error" not in answer:
                assert "exceptionDetails" not in answer["result"], answer["result"]
                return
            assert "navigated" in answer["error"]["message"] or "destroyed" in answer["error"]["message"], (
                answer
            )

    def frames(self) -> dict[str, str]:
        """Return the frames of other sites: the name that the browser gives each, by its address."""
        targets = self._call("Target.getTargets")["targetInfos"]
        return {each["url"]: each["targetId"] for each in targets if each["type"] == "iframe"}

    @contextmanager
    def inside(self, address: str) -> Iterator[None]:
        """Speak to the frame of another site whose address contains this text, until the block ends."""
        page = self._session
        target = next(id for frame, id in self.frames().items() if address in frame)
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        try:
            yield
        finally:
            self._session = page

    def add_authenticator(self) -> None:
        """Give the tab a device that keeps passkeys, and whose owner agrees at once."""
        self._call("WebAuthn.enable")
        self._call(
            "WebAuthn.addVirtualAuthenticator",
            options={
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            },
        )

    def resize(self, width: int, height: int, *, dark: bool = False, still: bool = False) -> None:
        """Give the window a size and a theme. `still`: its person wants no motion."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        motion = {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}
        self._call("Emulation.setEmulatedMedia", features=[theme, motion])

    def click(self, x: float, y: float) -> None:
        """Press and release at a point of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self._call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1
            )

    def point(self, kind: str, x: float, y: float) -> None:
        """Move the pressed pointer: `mousePressed`, `mouseMoved`, `mouseReleased`."""
        self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def used_memory(self) -> int:
        """Return the bytes that the page's scripts use, after all waste is collected."""
        self._call("HeapProfiler.collectGarbage")
        used = self._call("Runtime.getHeapUsage")
        return sum(
            int(used.get(name, 0)) for name in ("usedSize", "embedderHeapUsedSize", "backingStorageSize")
        )

    @contextmanager
    def traced(self) -> Iterator[list[dict[str, Any]]]:
        """Record the tasks of the browser's threads. At the end of the block, the list has them."""
        self._traced, events = [], list[dict[str, Any]]()
        config = {
            "includedCategories": ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]
        }
        self._call("Tracing.start", traceConfig=config, transferMode="ReportEvents")
        yield events
        self._seen.discard("Tracing.tracingComplete")
        self._call("Tracing.end")
        while "Tracing.tracingComplete" not in self._seen:
            self._note(self._next())
        events += self._traced
        self._traced = []

    def use_touch(self) -> None:
        """Make the window one that fingers use. Its buttons become larger."""
        self._call("Emulation.setTouchEmulationEnabled", enabled=True)

    def touch(self, x: float, y: float) -> None:
        """Touch a point of the window with a finger."""
        self._call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self._call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key: `Tab`, `ArrowLeft`, `Enter`, or a character."""
        code = _CODES.get(key, ord(key.upper()[0]) if len(key) == 1 else 0)
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        about = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self._call("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        self._call("Input.dispatchKeyEvent", type="keyUp", **about)

    def hide_scrollbars(self) -> None:
        """Let pictures have no bars at their edges."""
        self._call("Emulation.setScrollbarsHidden", hidden=True)

    def picture(self, kind: str = "png") -> bytes:
        """Return the window as PNG, or as a smaller `webp`."""
        options = {} if kind == "png" else {"quality": 82}
        return base64.b64decode(self._call("Page.captureScreenshot", format=kind, **options)["data"])

    def close(self) -> None:
        self._from.close()
        self._to.close()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        answer = self._answer(method, **parameters)
        assert "error" not in answer, answer
        return dict(answer["result"])

    def _answer(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        call: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            call["sessionId"] = self._session
        self._to.write(json.dumps(call).encode() + _END)
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                return answer
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        self._seen.add(event.get("method"))
        about = event.get("params", {})
        if event.get("method") == "Tracing.dataCollected":
            self._traced += about["value"]
        elif event.get("method") == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            self.errors.append(str(details.get("exception", {}).get("description", details["text"])))
        elif event.get("method") == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.errors.append(f"{about['entry']['text']} {about['entry'].get('url', '')}")

    def _next(self) -> dict[str, Any]:
        while _END not in self._rest:
            read = self._from.read(65_536)
            assert read, "the browser has ended"
            self._rest += read
        message, _, self._rest = self._rest.partition(_END)
        return dict(json.loads(message))


@contextmanager
def chromium(profile: Path, *flags: str) -> Iterator[Browser]:
    """Yield a new browser with an empty profile."""
    assert CHROMIUM is not None
    its_input, ours_to_write = os.pipe()
    ours_to_read, its_output = os.pipe()

    def place_pipes() -> None:  # the browser reads descriptor 3 and writes descriptor 4
        spare = fcntl.fcntl(its_output, fcntl.F_DUPFD, 10)
        os.dup2(its_input, 3)
        os.dup2(spare, 4)

    process = subprocess.Popen(
        [CHROMIUM, *_FLAGS, *flags, f"--user-data-dir={profile}"],
        pass_fds=(3, 4),
        preexec_fn=place_pipes,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(its_input)
    os.close(its_output)
    try:
        browser = Browser(ours_to_read, ours_to_write)
        try:
            yield browser
        finally:
            browser.close()
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
