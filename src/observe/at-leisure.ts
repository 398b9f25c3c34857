/**
 * What a server loads when it is first needed, it also loads once it has been up for a while, so that whoever asks later does not wait for it. Not at
 * once: most of what is loaded costs more processor time than a start itself, and a server that has just started has its first calls to answer.
 *
 *   atLeisure(load, onError)   // `load` may be called again by whoever needs it earlier, and has to keep what it began
 */
export const leisureMs = 10_000;

/** Keeps no process alive. What `load` throws or rejects with is given to `onError`. */
export const atLeisure = (load: () => Promise<unknown>, onError?: (error: unknown) => void): void => {
  setTimeout(() => void load().catch(onError), leisureMs).unref();
};
