/** One line per call, at debug only: who pays for measuring every call is who asked for it. */
import type { Logger } from "../observe/logger.ts";
import type { Call, Result } from "../pipeline/call.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";

export interface CallLog {
  /** The pipeline, its calls' beginnings noted. */
  watch(pipeline: Pipeline): Pipeline;
  onCall(call: Call, result: Result): void;
}

export const createCallLog = (logger: Logger): CallLog => {
  const begun = new WeakMap<Call, number>();
  const begin = (call: Call): Call => {
    begun.set(call, performance.now());
    return call;
  };
  return {
    watch: (pipeline) => ({
      run: (call) => pipeline.run(begin(call)),
      identify: (call) => pipeline.identify(call),
      note: (call, caller) => pipeline.note(call, caller),
      permit: (call) => pipeline.permit(begin(call)),
      decline: (call, refusal) => pipeline.decline(begin(call), refusal),
      stream: (call) => pipeline.stream(begin(call)),
      subscribe: (call, query) => pipeline.subscribe(begin(call), query),
      runBatch: (steps, options) =>
        pipeline.runBatch(
          steps.map((step) => ({
            dependsOn: step.dependsOn,
            prepare: (earlier) => {
              const prepared = step.prepare(earlier);
              return "operation" in prepared ? begin(prepared) : prepared;
            },
          })),
          options,
        ),
    }),
    onCall(call, result) {
      const { operation, requestId, channel } = call;
      const start = begun.get(call);
      logger.debug("call", {
        requestId,
        channel,
        operation: `${operation.service}.${operation.name}`,
        status: result.ok ? result.status : result.refusal.status,
        ...(result.ok ? {} : { type: result.refusal.type }),
        ...(start === undefined ? {} : { ms: Math.round((performance.now() - start) * 1000) / 1000 }),
      });
    },
  };
};
