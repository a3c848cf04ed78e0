"use strict";
// Pixels of what a layout lies on, to measure on: its ground and the map of its subject, small, in a script beside the
// previews, since a page that is opened from a folder may not read the pixels of its pictures.
gallery.grounds = (() => {
  const waiting = new Map(); // row's name -> resolve
  const known = new Map(); // row's name -> promise, of the rows that were edited last
  const MOST = 8;

  // previews/….pixels.js call this.
  const arrived = (name, pictures) => waiting.get(name)?.(pictures);

  async function pixels(address) {
    if (!address) return null;
    const image = new Image();
    image.src = address;
    await image.decode();
    const { naturalWidth: width, naturalHeight: height } = image;
    const canvas = gallery.make("canvas", { width, height });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    return { width, height, data: pen.getImageData(0, 0, width, height).data };
  }

  async function load(row) {
    const pictures = await new Promise((resolve) => {
      waiting.set(row.name, resolve);
      const script = gallery.make("script", { src: `previews/${row.name}.pixels.js` });
      script.addEventListener("error", () => resolve({}));
      script.addEventListener("load", () => script.remove());
      document.head.append(script);
    });
    waiting.delete(row.name);
    return { ground: await pixels(pictures.ground), subject: await pixels(pictures.map) };
  }

  // A row's `ground` and `subject` (its map in the alpha channel), each with width, height and data as RGBA; null for
  // what is not there.
  function of(row) {
    if (!known.has(row.name)) known.set(row.name, load(row).catch(() => ({ ground: null, subject: null })));
    if (known.size > MOST) known.delete(known.keys().next().value);
    return known.get(row.name);
  }

  return { arrived, of };
})();
