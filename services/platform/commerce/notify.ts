/** Telling the owner of an app what became of it. */
import type { CommandContext, Row } from "pons";
import type { apps } from "./foreign.ts";

/** Nothing yet keeps notifications. */
export const notify = (
  _ctx: CommandContext,
  _note: {
    readonly app: Row<typeof apps>;
    readonly kind: string;
    readonly text: string;
    readonly data: Readonly<Record<string, unknown>>;
  },
): void => undefined;
