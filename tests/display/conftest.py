"""A headless browser for the pages, and small sounds to show."""

from pathlib import Path

import numpy as np
import pytest

from speechlab.audio.io import Audio

SAMPLE_RATE = 16_000  # Hz
LISTEN = """
() => {
  // Everything that goes to the loudspeaker passes an analyser, so that a test can say which tone sounds.
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target === this.context.destination && !window.analyser) {
      window.analyser = this.context.createAnalyser();
      window.analyser.fftSize = 4096;
      connect.call(window.analyser, target);
    }
    return connect.call(this, target === this.context.destination ? window.analyser : target, ...rest);
  };
  window.pitch = () => {
    const bins = new Float32Array(window.analyser.frequencyBinCount);
    window.analyser.getFloatFrequencyData(bins);
    const loudest = bins.indexOf(Math.max(...bins));
    return bins[loudest] < -90 ? 0 : loudest * window.analyser.context.sampleRate / window.analyser.fftSize;
  };
}
"""

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
ARGUMENTS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # a microphone that beeps


@pytest.fixture(scope="session")
def tone():
    """Give the function that makes a sine, as sound whose version is known by its pitch."""

    def make(frequency: float, seconds: float = 2.0, level: float = 0.3, sample_rate: int = SAMPLE_RATE) -> Audio:
        times = np.arange(int(seconds * sample_rate)) / sample_rate
        return Audio((level * np.sin(2 * np.pi * frequency * times)).astype(np.float32), sample_rate)

    return make


@pytest.fixture(scope="module")  # as long as it lives, nothing in this process can run an asyncio loop of its own
def browser(chromium):
    """Debian's Chromium, driven by playwright."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """Open markup or a file in a fresh page without network; any script error or outside request fails the test."""
    contexts, troubles = [], []

    def open_one(markup_or_path, **options):
        path = markup_or_path if isinstance(markup_or_path, Path) else tmp_path / "page.html"
        if path is not markup_or_path:
            path.write_text(markup_or_path, encoding="utf-8")
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)  # ms
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith(("file:", "data:", "about:")) or troubles.append(request.url),
        )
        page.goto(path.as_uri())
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not troubles, troubles


class Ear:
    """What a test hears and sees of the first player of a page."""

    def __init__(self, page, selector: str = ".speechlab-player"):
        self.page, self.selector = page, selector
        page.evaluate(LISTEN)

    def state(self) -> tuple[float, bool, str]:
        """Position in seconds, whether it plays, and the name of the version."""
        data = self.page.eval_on_selector(self.selector, "root => ({...root.dataset})")
        return float(data["position"]), data["playing"] == "true", data["active"]

    def wait_for_pitch(self, frequency: float) -> None:
        """Return when the loudest tone has this frequency in Hz; 0 is silence."""
        self.page.wait_for_function(f"() => window.analyser && Math.abs(window.pitch() - {frequency}) < 30")

    def wait_until_playing(self, playing: bool = True) -> None:
        """Return when it plays, or does not any more."""
        self.page.wait_for_selector(f'{self.selector}[data-playing="{str(playing).lower()}"]', state="attached")


@pytest.fixture
def ear():
    """Give the class that listens to a page."""
    return Ear
