"use strict";
// Zoom and pan of the picture that is edited: Ctrl and the wheel, + - 0, a drag with the space bar or the middle button.
gallery.zoom = (() => {
  const [LEAST, MOST, STEP] = [0.5, 8, 1.25];

  // `stage` scrolls, `frame` in it is the picture; `onchange` is called with the new scale.
  function open(stage, frame, onchange) {
    let scale = 1;
    let isPanning = false;

    // Zoom to a scale so that the point of the screen stays where it is.
    function to(wanted, point = null) {
      const next = Math.min(Math.max(wanted, LEAST), MOST);
      const before = frame.getBoundingClientRect();
      const view = stage.getBoundingClientRect();
      const [x, y] = point ?? [view.x + view.width / 2, view.y + view.height / 2];
      const share = [(x - before.x) / before.width, (y - before.y) / before.height];
      scale = next;
      frame.style.setProperty("--zoom", next);
      const after = frame.getBoundingClientRect();
      stage.scrollLeft += after.x + share[0] * after.width - x;
      stage.scrollTop += after.y + share[1] * after.height - y;
      onchange(scale);
    }

    function press(key) {
      if (key === "+" || key === "=") to(scale * STEP);
      else if (key === "-" || key === "_") to(scale / STEP);
      else if (key === "0") to(1);
      else return false;
      return true;
    }

    stage.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      to(scale * Math.exp(-event.deltaY / 300), [event.clientX, event.clientY]);
    }, { passive: false });

    // Before the boxes see the pointer.
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 1 && !(isPanning && event.button === 0)) return;
      event.preventDefault();
      event.stopPropagation();
      stage.setPointerCapture(event.pointerId);
      let [x, y] = [event.clientX, event.clientY];
      const drag = (moved) => {
        stage.scrollLeft -= moved.clientX - x;
        stage.scrollTop -= moved.clientY - y;
        [x, y] = [moved.clientX, moved.clientY];
      };
      stage.addEventListener("pointermove", drag);
      stage.addEventListener("lostpointercapture", () => stage.removeEventListener("pointermove", drag), { once: true });
    }, { capture: true });

    return {
      press, to,
      // While the space bar is down a drag pans.
      pan(on) {
        isPanning = on;
        stage.classList.toggle("panning", on);
      },
      get scale() { return scale; },
    };
  }

  return { open, STEP };
})();
