(() => {
  // Turns every plain list of pictures and <audio> elements on the page into a player: one picture at a time, a moving
  // cursor, and versions that change under way at the same point. Without this script the plain list remains.
  const Context = window.AudioContext || window.webkitAudioContext;
  if (!Context) return;
  const FADE = 0.008; // seconds; hides the click of a switch

  const make = (tag, properties = {}, parent = null) => {
    const element = Object.assign(document.createElement(tag), properties);
    if (parent) parent.append(element);
    return element;
  };

  function enhance(root) {
    const figures = [...root.querySelectorAll("figure")];
    const names = figures.map((figure) => figure.dataset.name);
    const duration = Math.max(...figures.map((figure) => Number(figure.dataset.duration)));
    const [left, right] = root.dataset.axes.split(" ").map(Number); // where the time axis lies, fractions of the width
    const byTouch = matchMedia("(hover: none)").matches;
    let active = 0, context = null, voice = null, offset = 0, until = duration, startedAt = 0, playing = false, film = false;

    const bar = make("div", { className: "bar" });
    root.querySelector("figure").before(bar);
    const play = make("button", { type: "button", className: "play" }, bar);
    const choices = [];
    let slider = null, chosen = null, filmButton = null;
    if (root.dataset.slider) {
      slider = make("input", { type: "range", min: 0, max: figures.length - 1, step: 1, value: 0 }, bar);
      slider.setAttribute("aria-label", root.dataset.slider);
      chosen = make("output", { className: "chosen" }, bar);
      filmButton = make("button", { type: "button", textContent: "hear it learn", title: "play every step in turn" }, bar);
    } else if (figures.length > 1) {
      for (const [index, name] of names.entries()) {
        const choice = make("button", { type: "button", textContent: name, title: figures[index].dataset.note || "" }, bar);
        choice.addEventListener("click", (event) => { select(index); release(event); });
        choices.push(choice);
      }
    }
    const clock = make("span", { className: "clock" }, bar);
    if (!byTouch) {
      const numbers = choices.length > 1 ? `1–${Math.min(9, choices.length)} switch · ` : "";
      clock.title = `keys: space plays and pauses · ${numbers}← → half a second · ↑ ↓ version · Home`;
    }
    const cursors = figures.map((figure) => make("div", { className: "position" }, figure.querySelector(".picture")));
    const phones = figures.map((figure) => [...figure.querySelectorAll(".phones button")]);

    // A button keeps the focus for those who came by keyboard; after a mouse click the keys belong to the player.
    const release = (event) => { if (event.detail > 0) root.focus({ preventScroll: true }); };
    const position = () => (playing ? Math.min(offset + context.currentTime - startedAt, until) : offset);

    const buffers = new Map();
    function decoded(index) {
      if (!buffers.has(index)) {
        const encoded = figures[index].querySelector("audio").src.split(",")[1];
        const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
        buffers.set(index, context.decodeAudioData(bytes.buffer));
      }
      return buffers.get(index);
    }

    function open() {
      if (!context) {
        context = window.speechlabContext ||= new Context();
        if (figures.length <= 8) figures.forEach((_, index) => decoded(index)); // ready before the first switch
      }
      if (context.state === "suspended") context.resume();
    }

    function silence() {
      if (!voice) return;
      const now = context.currentTime;
      voice.gain.gain.setValueAtTime(1, now);
      voice.gain.gain.linearRampToValueAtTime(0, now + FADE);
      voice.source.stop(now + 2 * FADE);
      voice = null;
    }

    let turn = 0; // a decode that comes back late must not start over a newer choice
    async function sound() {
      const mine = ++turn;
      const buffer = await decoded(active);
      if (mine !== turn || !playing) return;
      silence();
      const at = position();
      if (at >= buffer.duration) return; // a shorter version is over already; the clock runs on
      const gain = context.createGain(), source = context.createBufferSource();
      source.buffer = buffer;
      source.connect(gain).connect(context.destination);
      gain.gain.setValueAtTime(0, context.currentTime);
      gain.gain.linearRampToValueAtTime(1, context.currentTime + FADE);
      source.start(0, at);
      voice = { source, gain };
    }

    async function start(from, to = duration) {
      open();
      document.dispatchEvent(new CustomEvent("speechlab-play", { detail: root }));
      await decoded(active);
      offset = from;
      until = to;
      startedAt = context.currentTime;
      if (!playing) requestAnimationFrame(frame);
      playing = true;
      sound();
      draw();
    }

    function stop(at = position()) {
      turn++;
      offset = at;
      playing = false;
      silence();
      draw();
    }

    function toggle() {
      film = false;
      if (playing) stop();
      else start(offset < duration - 0.01 ? offset : 0);
    }

    function select(index, tell = true) {
      if (index < 0 || index >= figures.length) return;
      active = index;
      if (playing) sound();
      figures.forEach((figure, other) => figure.classList.toggle("active", other === index));
      choices.forEach((choice, other) => choice.setAttribute("aria-pressed", other === index));
      if (slider) {
        slider.value = index;
        chosen.value = names[index];
        slider.setAttribute("aria-valuetext", names[index]);
      }
      if (tell && root.dataset.group)
        document.dispatchEvent(new CustomEvent("speechlab-select", { detail: { root, name: names[index] } }));
      draw();
    }

    function ended() {
      if (film && active + 1 < figures.length) {
        select(active + 1);
        start(0);
      } else {
        film = false;
        stop(until < duration ? until : 0);
      }
    }

    function draw() {
      const now = position();
      const share = left + (right - left) * (now / duration);
      cursors[active].style.left = `${100 * share}%`;
      play.textContent = playing ? "❚❚" : "▶";
      play.setAttribute("aria-label", playing ? "pause" : "play");
      clock.textContent = `${now.toFixed(2)} / ${duration.toFixed(2)} s`;
      for (const phone of phones[active])
        phone.classList.toggle("sounding", playing && now >= Number(phone.dataset.start) && now < Number(phone.dataset.end));
      root.dataset.position = now.toFixed(4);
      root.dataset.playing = playing;
      root.dataset.active = names[active];
    }

    function frame() {
      if (!playing) return;
      if (!root.isConnected) stop(0);
      else if (position() >= until) ended();
      else draw();
      requestAnimationFrame(frame);
    }

    function seek(event, picture) {
      const box = picture.getBoundingClientRect();
      const share = ((event.clientX - box.left) / box.width - left) / (right - left);
      film = false;
      start(Math.min(Math.max(share, 0), 0.999) * duration);
    }

    play.addEventListener("click", (event) => { toggle(); release(event); });
    for (const figure of figures) {
      const picture = figure.querySelector(".picture");
      picture.addEventListener("click", (event) => { seek(event, picture); root.focus({ preventScroll: true }); });
      picture.addEventListener("pointermove", (event) => {
        if (event.buttons === 1 && event.pointerType === "mouse") seek(event, picture);
      });
      picture.querySelector("img").draggable = false;
    }
    phones.flat().forEach((phone) => phone.addEventListener("click", (event) => {
      start(Number(phone.dataset.start), Number(phone.dataset.end));
      release(event);
    }));
    if (slider) {
      slider.addEventListener("input", () => select(Number(slider.value)));
      filmButton.addEventListener("click", (event) => { select(0); start(0).then(() => { film = true; }); release(event); });
    }
    document.addEventListener("speechlab-play", (event) => { if (event.detail !== root && playing) { film = false; stop(); } });
    document.addEventListener("speechlab-select", ({ detail }) => {
      if (detail.root !== root && detail.root.dataset.group === root.dataset.group) select(names.indexOf(detail.name), false);
    });
    root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const onButton = event.target.tagName === "BUTTON", onSlider = event.target === slider;
      const jump = (seconds) => {
        const at = Math.min(Math.max(position() + seconds, 0), duration);
        if (playing) start(at); else { offset = at; draw(); }
      };
      const actions = {};
      if (!onButton) actions[" "] = toggle;
      if (!onSlider) Object.assign(actions, {
        Home: () => jump(-duration), ArrowLeft: () => jump(-0.5), ArrowRight: () => jump(0.5),
        ArrowUp: () => select(active - 1), ArrowDown: () => select(active + 1),
      });
      if (/^[1-9]$/.test(event.key) && !slider) actions[event.key] = () => select(Number(event.key) - 1);
      if (!actions[event.key]) return;
      event.preventDefault();
      event.stopPropagation();
      actions[event.key]();
    });

    root.tabIndex = 0;
    root.dataset.ready = "";
    select(Math.max(names.indexOf(root.dataset.first), 0), false);
  }

  document.querySelectorAll(".speechlab-player:not([data-ready])").forEach(enhance);
})();
