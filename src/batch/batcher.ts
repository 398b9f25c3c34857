/**
 * Gathers calls that wait at the same moment and executes them together. While one batch is under way the next one fills, so the size follows the
 * load; no timer. Results come in order, exactly one per call; an error of a batch concerns all its calls.
 */
export interface BatcherOptions {
  readonly batchMax?: number;
  readonly inFlightMax?: number;
}

interface Waiting<I, O> {
  readonly input: I;
  readonly resolve: (output: O) => void;
  readonly reject: (error: unknown) => void;
}

export class Batcher<I, O> {
  readonly #execute: (inputs: readonly I[]) => Promise<readonly O[]>;
  readonly #batchMax: number;
  readonly #inFlightMax: number;
  #waiting: Waiting<I, O>[] = [];
  #inFlight = 0;
  #scheduled = false;

  constructor(execute: (inputs: readonly I[]) => Promise<readonly O[]>, options: BatcherOptions = {}) {
    this.#execute = execute;
    this.#batchMax = options.batchMax ?? 1_000;
    this.#inFlightMax = options.inFlightMax ?? 1;
  }

  submit(input: I): Promise<O> {
    const { promise, resolve, reject } = Promise.withResolvers<O>();
    this.#waiting.push({ input, resolve, reject });
    if (!this.#scheduled && this.#inFlight < this.#inFlightMax) {
      this.#scheduled = true;
      setImmediate(() => this.#start());
    }
    return promise;
  }

  #start(): void {
    this.#scheduled = false;
    while (this.#waiting.length > 0 && this.#inFlight < this.#inFlightMax) {
      const batch = this.#waiting.splice(0, this.#batchMax);
      this.#inFlight++;
      void this.#run(batch).finally(() => {
        this.#inFlight--;
        if (this.#waiting.length > 0) this.#start();
      });
    }
  }

  async #run(batch: readonly Waiting<I, O>[]): Promise<void> {
    try {
      const outputs = await this.#execute(batch.map(({ input }) => input));
      if (outputs.length !== batch.length) throw new Error(`${batch.length} calls, but ${outputs.length} results`);
      for (const [position, waiting] of batch.entries()) waiting.resolve(outputs[position] as O);
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    }
  }
}
