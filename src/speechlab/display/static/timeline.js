(() => {
  // Tabs choose the clip; the marker on the training curve follows the slider, and so do the hidden clips.
  const clips = [...document.querySelectorAll(".clip")], tabs = [...document.querySelectorAll(".clips button")];
  const curve = document.querySelector(".curve");

  function mark(name) {
    if (!curve) return;
    const step = Number(name.replace(/\D+/g, "")), [left, right] = curve.dataset.axes.split(" ").map(Number);
    const marker = curve.querySelector(".marker");
    marker.style.left = `${100 * (left + (right - left) * Math.min(step / Number(curve.dataset.last), 1))}%`;
    marker.style.visibility = "visible";
  }

  function show(index) {
    clips.forEach((clip, other) => clip.classList.toggle("hidden", other !== index));
    tabs.forEach((tab, other) => tab.setAttribute("aria-pressed", other === index));
  }

  tabs.forEach((tab, index) => tab.addEventListener("click", () => show(index)));
  document.addEventListener("speechlab-select", ({ detail }) => mark(detail.name));
  show(0);
  mark(clips[0].querySelector(".speechlab-player").dataset.active);
})();
