"use strict";
// Choosing several boxes by a rubber band over the picture that is edited.
gallery.selection = (() => {
  const { make } = gallery;

  // `boxes` gives the boxes as they are, px of the canvas; `choose` is called with the indices of those in the band, and
  // `done` when it is let go.
  function open({ stage, frame, layer, size, boxes, choose, done }) {
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest(".handle") || stage.classList.contains("panning")) return;
      event.preventDefault();
      stage.closest("[tabindex]")?.focus({ preventScroll: true });
      const kept = event.shiftKey ? [...layer.children].flatMap((node, i) => (node.classList.contains("chosen") ? [i] : [])) : [];
      const at = ({ clientX, clientY }) => {
        const { x, y, width, height } = frame.getBoundingClientRect();
        return [((clientX - x) / width) * size[0], ((clientY - y) / height) * size[1]];
      };
      const start = at(event);
      const band = frame.appendChild(make("i", { class: "band" }));
      choose(kept);
      stage.setPointerCapture(event.pointerId);
      const drag = (moved) => {
        const now = at(moved);
        const around = [0, 1].map((axis) => Math.min(start[axis], now[axis])).concat([0, 1].map((axis) => Math.max(start[axis], now[axis])));
        gallery.pictures.at(band, around.map((side, i) => side / size[i % 2]));
        const meets = (box) => box[0] < around[2] && box[2] > around[0] && box[1] < around[3] && box[3] > around[1];
        // A panel counts where the band holds it whole: else no texts on it could be chosen without it.
        const holds = (box) => box[0] >= around[0] && box[1] >= around[1] && box[2] <= around[2] && box[3] <= around[3];
        const chosen = boxes().flatMap((box, i) => ((layer.children[i].dataset.role === "underlay" ? holds : meets)(box) ? [i] : []));
        choose([...new Set([...kept, ...chosen])]);
      };
      const drop = () => {
        stage.removeEventListener("pointermove", drag);
        band.remove();
        done();
      };
      stage.addEventListener("pointermove", drag);
      stage.addEventListener("lostpointercapture", drop, { once: true });
    });
  }

  return { open };
})();
