/** zlib, loaded when the first body is compressed or decompressed: with its streams it is a tenth of the time a start takes. */
import type * as Zlib from "node:zlib";

let loaded: typeof Zlib | undefined;

export const zlib = (): typeof Zlib => (loaded ??= process.getBuiltinModule("node:zlib"));

type Callback<T> = (error: Error | null, result: T) => void;

/** Calls a function of zlib that answers by callback. */
export const promised = <T>(start: (callback: Callback<T>) => void): Promise<T> =>
  new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)));
  });
