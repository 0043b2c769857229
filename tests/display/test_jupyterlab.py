"""Players and sliders in a live JupyterLab: untrusted outputs still play, run cells become players, a slider speaks."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from speechlab.audio.io import read_audio
from speechlab.display.player import compare

CELL = """
import numpy as np
from speechlab.audio.io import Audio
from speechlab.display.controls import sliders
from speechlab.display.player import compare

def tone(frequency, seconds=3.0):
    phase = 2 * np.pi * frequency * np.arange(int(16_000 * seconds)) / 16_000
    return Audio((0.2 * np.sin(phase)).astype("float32"), 16_000)

compare({"low": tone(440), "high": tone(1320)})
"""
ASKED = ".jp-Dialog-button.jp-mod-accept"  # JupyterLab asks for a kernel when the notebook was faster than the server
RECORDER = "from speechlab.display.recorder import recorder; recorder('mine', ['First one.', 'Second one.'])"
SLIDERS = "sliders(lambda pace, pitch, energy: tone(440 * pitch, 1 / pace))"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A JupyterLab server on a free port, its settings in a folder of its own."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTERLAB_SETTINGS_DIR": "settings"}
    for plugin, values in {
        "notebook-extension/tracker": {"autoStartDefaultKernel": True},  # else it may ask which kernel to start
        "apputils-extension/notification": {"fetchNews": "false"},
    }.items():
        file = folder / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    environment = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONWARNDEFAULTENCODING"},
        **{key: str(folder / value) for key, value in settings.items()},
        "IPYTHONDIR": str(folder),
    }
    options = [
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--IdentityProvider.token=",
        f"--notebook-dir={folder}",
    ]
    options += ["--LabApp.news_url=", "--allow-root", "--ServerApp.log_level=ERROR"]
    running = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env=environment, cwd=folder)
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=1).close()
            break
        except OSError:
            time.sleep(0.5)
    yield address, folder
    running.terminate()
    running.wait(20)


def open_notebook(browser, server, name, cells):
    address, folder = server
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / name)
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(60_000)  # ms; a busy machine starts the kernel slowly
    page.goto(f"{address}/lab/workspaces/{name.split('.')[0]}/tree/{name}")
    return page


def run_all(page):
    page.click(".lm-MenuBar-itemLabel:text-is('Run')")
    page.click(".lm-Menu-itemLabel:text-is('Run All Cells')")


def test_an_untrusted_output_still_shows_pictures_and_sounds(browser, server, tone):
    markup = compare({"low": tone(440), "high": tone(1320)}).markup
    cell = nbformat.v4.new_code_cell("compare(...)")
    cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": markup, "text/plain": "<Html>"})]
    page = open_notebook(browser, server, "untrusted.ipynb", [cell])
    page.wait_for_selector(".jp-OutputArea-output figure img")
    assert page.locator(".speechlab-player[data-ready]").count() == 0  # its script did not run
    for kind in ("audio", "img"):
        sources = page.eval_on_selector_all(
            f".jp-OutputArea-output {kind}", "all => all.map((one) => one.src.slice(0, 11))"
        )
        assert len(sources) == 2 and all(source.startswith("data:") for source in sources)
    page.wait_for_function("() => [...document.querySelectorAll('audio')].every((one) => one.duration > 1.9)")
    page.close()


def test_run_cells_become_players_and_a_slider_speaks_again(browser, server, ear):
    page = open_notebook(browser, server, "run.ipynb", [nbformat.v4.new_code_cell(code) for code in (CELL, SLIDERS)])
    page.wait_for_selector("text=Python 3 (ipykernel) | Idle")
    run_all(page)
    page.wait_for_selector(f"{ASKED}, .speechlab-player[data-ready]")
    if page.locator(ASKED).count():
        page.click(ASKED)
        run_all(page)
        page.wait_for_selector(".speechlab-player[data-ready]")
    heard = ear(page)
    page.click(".speechlab-player .play")
    heard.wait_for_pitch(440)
    page.keyboard.press("2")  # JupyterLab itself would turn the cell into a heading
    heard.wait_for_pitch(1320)
    assert heard.state()[2] == "high"
    assert page.locator(".jp-MarkdownCell").count() == 0
    page.wait_for_selector(".widget-html-content:has-text('ready after')")
    before = page.locator("img.widget-image").get_attribute("src")
    page.locator(".widget-slider .noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("(before) => document.querySelector('img.widget-image').src !== before", arg=before)
    if folder := os.environ.get("SPEECHLAB_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/jupyterlab.png")
    page.close()


def test_a_sentence_is_recorded_into_the_folder_with_its_text(browser, server):
    page = open_notebook(browser, server, "recorder.ipynb", [nbformat.v4.new_code_cell(RECORDER)])
    page.wait_for_selector("text=Python 3 (ipykernel) | Idle")
    run_all(page)
    page.wait_for_selector(f"{ASKED}, .speechlab-recorder")
    if page.locator(ASKED).count():
        page.click(ASKED)
        run_all(page)
    page.click(".speechlab-recorder .next")
    page.click(".speechlab-recorder .record:has-text('Record')")
    page.wait_for_timeout(1500)  # ms, in which the microphone of the tests beeps
    page.click(".speechlab-recorder .record:has-text('Stop')")
    page.wait_for_selector(".speechlab-recorder .message:has-text('is kept')")
    assert "1 recorded, this one too" in page.inner_text(".speechlab-recorder .place")
    if folder := os.environ.get("SPEECHLAB_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/recorder.png")
    audio = read_audio(server[1] / "mine" / "002.wav")
    assert 0.5 < audio.duration_s < 10 and abs(audio.waveform).max() > 0.01
    assert (server[1] / "mine" / "002.txt").read_text(encoding="utf-8") == "Second one.\n"
    page.close()


def test_the_main_notebook_runs_and_its_players_and_sliders_work(browser, server, root):
    """Run All on main.ipynb, as a person would; what it trains is kept for the other tests that run it."""
    main = nbformat.read(root / "main.ipynb", as_version=4)
    for cell in main.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    (server[1] / "src").symlink_to(root / "src")  # the first cell looks for the code above the notebook
    page = open_notebook(browser, server, "main.ipynb", main.cells)
    page.wait_for_selector("text=Python 3 (ipykernel) | Idle")
    run_all(page)
    page.wait_for_selector(f"{ASKED}, .speechlab-player[data-ready]", timeout=120_000)
    if page.locator(ASKED).count():
        page.click(ASKED)
        run_all(page)
    first = page.locator(".speechlab-player[data-ready]").first
    first.wait_for(timeout=120_000)
    first.locator(".play").click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('audio')].some((one) => !one.paused || one.currentTime)"
    )
    page.keyboard.press("2")
    page.wait_for_selector(
        "text=Your turn: what factor is an octave?", timeout=1_200_000
    )  # the last cell: training is done
    assert (
        page.locator(
            ".jp-OutputArea-output[data-mime-type*='error'], .jp-RenderedText[data-mime-type*='stderr']"
        ).count()
        == 0
    )
    status = page.locator(".widget-html-content:has-text('ready after')").first
    status.scroll_into_view_if_needed()
    before = page.locator("img.widget-image").first.get_attribute("src")
    page.locator(".widget-slider .noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("(before) => document.querySelector('img.widget-image').src !== before", arg=before)
    print("the slider's", status.inner_text())
    if folder := os.environ.get("SPEECHLAB_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/main.png")
    page.close()
