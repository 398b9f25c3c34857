/** Parties outside that are played by the server itself, in development: what services name in `demo.outside`. */
import type { ServiceDefinition } from "../define/service.ts";
import type { Understudy } from "../outbound/index.ts";

/** Origin → who answers in its place, made when it is first asked. */
export const understudiesOf = (services: readonly ServiceDefinition[]): ReadonlyMap<string, Understudy> =>
  new Map(
    services
      .flatMap(({ demo }) => Object.entries(demo?.outside ?? {}))
      .map(([origin, make]): [string, Understudy] => {
        let made: ReturnType<typeof make> | undefined;
        return [origin, async (request) => (await (made ??= make()))(request)];
      }),
  );
