/** A request that is not executed: why, and the status of its answer. Thrown within the channel only, where an operation is compiled or its arguments are read. */
import { GraphQLError } from "graphql";
import type { RefusalType } from "../../pipeline/refusal.ts";
import { refusalTypes } from "../../pipeline/refusal.ts";

export class Problem extends Error {
  readonly errors: readonly GraphQLError[];
  readonly type: RefusalType;
  readonly status: number;

  constructor(type: RefusalType, errors: readonly GraphQLError[], status: number = refusalTypes[type].status) {
    super(errors[0]?.message ?? refusalTypes[type].doc);
    this.type = type;
    this.status = status;
    this.errors = errors;
  }
}

/** A limit that an operation goes beyond. */
export const beyond = (limit: string, max: number, given?: number): Problem =>
  new Problem("validation_failed", [
    new GraphQLError(
      `The operation goes beyond a limit: ${limit}, at most ${max}${given === undefined ? "" : `, has ${given}`}.`,
      {
        extensions: { limit, max, ...(given === undefined ? {} : { given }) },
      },
    ),
  ]);
