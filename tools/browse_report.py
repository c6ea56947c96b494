#!/usr/bin/env python3
"""Opens a report in headless Chromium as its readers do, and looks for what a reader would not see.

    tools/browse_report.py report.html [--out FOLDER] [--expect TEXT ...] [--hostile]

Three views: desktop light, desktop dark, phone (360 px, dark). In each: no request but for the file
itself, no console message, no exception, no horizontal scrolling of the page, no labels of a chart
over each other, every curve inside its plot, and the pointer over every chart brings up its values.
Screenshots of the whole page go to FOLDER. With --hostile also: nothing that the texts tried to do
has happened (window.hacked). Needs Chromium (Debian: chromium) and nothing else: it is spoken to
over a pipe.
"""
import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

VIEWS = {
    "desktop-light": dict(width=1280, height=900, mobile=False, scheme="light"),
    "desktop-dark": dict(width=1280, height=900, mobile=False, scheme="dark"),
    "phone-light": dict(width=360, height=740, mobile=True, scheme="light"),
    "phone-dark": dict(width=360, height=740, mobile=True, scheme="dark"),
}

# Labels of one axis that touch, curves that leave their plot, charts without a tip.
INSPECT = r"""
(() => {
  const found = [];
  const overlap = (a, b) => a.left < b.right - .5 && b.left < a.right - .5 &&
    a.top < b.bottom - .5 && b.top < a.bottom - .5;
  for (const chart of document.querySelectorAll(".chart")) {
    if (!chart.getClientRects().length) continue;
    const title = chart.closest("figure").querySelector("h3").textContent;
    for (const axis of [".xs span", ".ys span"]) {
      const boxes = [...chart.querySelectorAll(axis)].map(e => [e, e.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0);
      boxes.forEach(([a, boxA], i) => boxes.slice(i + 1).forEach(([b, boxB]) => {
        if (overlap(boxA, boxB)) found.push(`${title}: labels ${a.textContent} and ${b.textContent}`);
      }));
      if (boxes.length < 2) found.push(`${title}: ${boxes.length} labels on an axis`);
    }
    const plot = chart.querySelector(".plot"), frame = plot.getBoundingClientRect();
    for (const path of plot.querySelectorAll("path.curve")) {
      const box = path.getBoundingClientRect();
      if (box.left < frame.left - 8 || box.right > frame.right + 8 || box.top < frame.top - 8 ||
          box.bottom > frame.bottom + 8) found.push(`${title}: a curve leaves its plot`);
    }
    plot.dispatchEvent(new PointerEvent("pointermove", {
      clientX: frame.left + frame.width * .6, clientY: frame.top + 50, bubbles: true }));
    const tip = document.querySelector(".tip");
    const drawn = plot.querySelectorAll("path[data-name]").length;
    if (drawn && (tip.hidden || tip.children.length < 2)) found.push(`${title}: no values under the pointer`);
    if (/NaN|undefined|Infinity/.test(tip.textContent)) found.push(`${title}: ${tip.textContent}`);
    plot.dispatchEvent(new PointerEvent("pointerleave"));
  }
  const buttons = [...document.querySelectorAll(".keys button")];
  for (const button of buttons.slice(0, 1)) {
    button.click();
    const marks = document.querySelectorAll(`.plot [data-series="${button.dataset.series}"]:not(.off)`);
    if (marks.length) found.push("the legend does not hide its run");
    button.click();
  }
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`the page is ${wide} px wider than the window`);
  if (window.hacked) found.push("a text of the runs was run as a script");
  const bare = /\b(NaN|undefined|Infinity|inf|nan)\b/.exec(document.querySelector("main").innerText);
  if (bare && !window.expectBare) found.push(`the page says ${bare[0]}`);
  return { found, charts: document.querySelectorAll(".chart").length,
    height: document.documentElement.scrollHeight, text: document.body.innerText };
})()
"""


class Browser:
    """Chromium's DevTools over file descriptors 3 and 4; messages end in a zero byte."""

    def __init__(self, folder):
        name = next((n for n in ("chromium", "chromium-browser", "google-chrome") if shutil.which(n)), None)
        if not name:
            sys.exit("browse_report: no Chromium found; install it: apt-get install chromium")
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()

        def connect():
            copies = os.dup(to_read), os.dup(to_write)
            os.dup2(copies[0], 3)
            os.dup2(copies[1], 4)

        self.process = subprocess.Popen(
            [name, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             f"--user-data-dir={folder}", "--remote-debugging-pipe", "about:blank"],
            pass_fds=(3, 4), preexec_fn=connect,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.rest, self.count, self.events, self.session = b"", 0, [], None

    def receive(self):
        while b"\0" not in self.rest:
            part = os.read(self.read_end, 1 << 20)
            if not part:
                sys.exit("browse_report: Chromium has ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.count += 1
        message = dict(id=self.count, method=method, params=parameters)
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.count:
                if "error" in answer:
                    sys.exit(f"browse_report: {method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        while not any(e.get("method") == method for e in self.events):
            self.events.append(self.receive())

    def open_tab(self):
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
        except SystemExit:
            pass
        self.process.wait(timeout=20)


def problems(events, url):
    for event in events:
        method, p = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            yield "exception: " + p["exceptionDetails"].get("text", "")
        elif method == "Runtime.consoleAPICalled":
            yield "console: " + " ".join(str(a.get("value")) for a in p["args"])
        elif method == "Log.entryAdded":
            yield f"log: {p['entry']['text']}"
        elif method == "Network.requestWillBeSent":
            to = p["request"]["url"]
            if to != url and not to.startswith(url + "#") and to != "data:,":
                yield f"request: {to[:100]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("report")
    parser.add_argument("--out", default=".")
    parser.add_argument("--expect", nargs="*", default=[])
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("--clip", type=int, default=6000, help="pixels of height at most")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    url = "file://" + os.path.abspath(options.report)
    stem = os.path.splitext(os.path.basename(options.report))[0]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(folder)
        for name, view in VIEWS.items():
            browser.open_tab()
            browser.call("Emulation.setDeviceMetricsOverride", width=view["width"],
                         height=view["height"], deviceScaleFactor=1, mobile=view["mobile"])
            browser.call("Emulation.setEmulatedMedia",
                         features=[dict(name="prefers-color-scheme", value=view["scheme"])])
            browser.events.clear()
            browser.call("Page.navigate", url=url)
            browser.wait("Page.loadEventFired")
            if options.hostile:
                browser.call("Runtime.evaluate", expression="window.expectBare = true")
                browser.call("Runtime.evaluate", expression="[...document.querySelectorAll('details')].forEach(d => d.open = true)")
            answer = browser.call("Runtime.evaluate", expression=INSPECT, returnByValue=True)
            result = answer["result"].get("value")
            if result is None:
                sys.exit(f"browse_report: {answer}")
            found = list(problems(browser.events, url)) + result["found"]
            found += [f"the page does not say '{text}'" for text in options.expect
                      if text not in result["text"]]
            height = min(result["height"], options.clip)
            image = browser.call(
                "Page.captureScreenshot", captureBeyondViewport=True,
                clip=dict(x=0, y=0, width=view["width"], height=height, scale=1))
            path = os.path.join(options.out, f"{stem}-{name}.png")
            with open(path, "wb") as file:
                file.write(base64.b64decode(image["data"]))
            failures += bool(found)
            state = "FAIL" if found else "PASS"
            print(f"{state}  {stem}, {name}: {result['charts']} charts, {result['height']} px; {path}")
            for text in found[:20]:
                print("      " + text)
        browser.close()
    sys.exit(1 if failures else 0)


main()
