/** What the door uses of zxing-wasm's reader (`vendor/zxing-wasm`). */

export interface ReadResult {
  text: string;
  isValid: boolean;
}

export function prepareZXingModule(options: {
  overrides: { locateFile: (path: string, prefix: string) => string };
  fireImmediately: boolean;
}): Promise<unknown>;

export function readBarcodes(
  picture: ImageData,
  options: {
    formats: string[];
    maxNumberOfSymbols: number;
    textMode: string;
    tryHarder?: boolean;
    tryRotate?: boolean;
    tryInvert?: boolean;
    tryDownscale?: boolean;
  },
): Promise<ReadResult[]>;
