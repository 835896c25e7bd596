// Worker of the camera: finds the code in a picture. The page's own thread draws and answers meanwhile.

import { prepareZXingModule, readBarcodes } from "./zxing_reader.js";

const OPTIONS = { formats: ["QRCode"], maxNumberOfSymbols: 1, textMode: "Plain", tryHarder: true, tryInvert: true };

/** @type {Promise<unknown> | null} */
let ready = null;
/** @type {OffscreenCanvas | null} */
let canvas = null;

/** @param {ImageBitmap} picture */
async function read(picture) {
  canvas ??= new OffscreenCanvas(picture.width, picture.height);
  if (canvas.width !== picture.width) canvas.width = picture.width;
  if (canvas.height !== picture.height) canvas.height = picture.height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("no canvas");
  context.drawImage(picture, 0, 0);
  picture.close();
  const found = await readBarcodes(context.getImageData(0, 0, canvas.width, canvas.height), OPTIONS);
  return found.find((each) => each.isValid)?.text ?? "";
}

/** The first message is the address of the WebAssembly, and each other one a picture. */
addEventListener("message", async ({ data }) => {
  try {
    if (typeof data === "string") {
      ready = prepareZXingModule({ overrides: { locateFile: () => data }, fireImmediately: true });
      await ready;
      postMessage({ ready: true });
    } else {
      await ready;
      postMessage({ text: await read(data) });
    }
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
