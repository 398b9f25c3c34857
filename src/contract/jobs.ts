/** Jobs of a service, checked and with all that is absent filled in. */
import type { JobDefinition, When } from "../define/jobs.ts";
import type { ServiceDefinition } from "../define/service.ts";

/** What a service tells of its own jobs: one was given up. Of no resource: `jobs` names none. */
export const parkedEvent = "jobs.parked";

interface JobBase {
  readonly service: string;
  /** `welcome`. */
  readonly name: string;
  /** `bank.welcome`: in tables, on the command line. */
  readonly fullName: string;
  readonly doc: string;
  readonly rowsOf: "environment" | "tenant";
  readonly attempts: number;
  readonly timeoutMs: number;
}

export interface BackgroundContract extends JobBase {
  readonly kind: "background";
  /** Types of events of its service. */
  readonly types: ReadonlySet<string>;
  readonly fromBeginning: boolean;
  readonly atOnce: number;
  readonly definition: JobDefinition & { readonly kind: "background" };
}

export interface ScheduleContract extends JobBase {
  readonly kind: "scheduled";
  readonly when: When;
  readonly timezone: string;
  readonly definition: JobDefinition & { readonly kind: "scheduled" };
}

export type JobContract = BackgroundContract | ScheduleContract;

const attemptsDefault = 12;
const attemptsMax = 100;
const timeoutSecondsDefault = 30;
const timeoutSecondsMax = 3_600;
const atOnceMax = 32;
const everySecondsMax = 366 * 86_400;
const camel = /^[a-z][A-Za-z0-9]{0,47}$/;

/** All types of events that a service has. */
const typesOf = (service: ServiceDefinition): readonly string[] => [
  ...service.resources.flatMap(({ name, behaviour }) => Object.keys(behaviour.events ?? {}).map((event) => `${name}.${event}`)),
  parkedEvent,
];

/** The types that a pattern of `on` means: one, those of a resource (`accounts.*`), or all but the service's own word that a job was given up (`*`). */
const meant = (pattern: string, types: readonly string[]): readonly string[] => {
  if (pattern === "*") return types.filter((type) => type !== parkedEvent);
  if (pattern.endsWith(".*")) return types.filter((type) => type.startsWith(pattern.slice(0, -1)));
  return types.filter((type) => type === pattern);
};

const listOf = (on: string | readonly string[]): readonly string[] => (typeof on === "string" ? [on] : on);

const isWhole = (value: number, from: number, to: number): boolean => Number.isInteger(value) && value >= from && value <= to;

/** What is wrong with a moment's description; undefined: nothing. */
const flawOfWhen = (when: When, timezone: string): string | undefined => {
  if (typeof when !== "string")
    return isWhole(when.every, 1, everySecondsMax) ? undefined : `\`every\` is a whole number of seconds, 1 … ${everySecondsMax}`;
  try {
    return Bun.cron.parse(when, Date.UTC(2026, 0, 1), { tz: timezone }) === null ? `"${when}" never comes` : undefined;
  } catch (error) {
    const what = error instanceof Error ? error.message.replace(/^(?:Invalid cron expression|Bun\.cron): /, "") : String(error);
    return `"${when}" in ${timezone}: ${what}`;
  }
};

/** Calls `problem` for what does not fit. */
export const checkJobs = (service: ServiceDefinition, problem: (place: string, what: string) => void): void => {
  const types = typesOf(service);
  for (const [name, definition] of Object.entries(service.jobs ?? {})) {
    const place = `jobs.${name}`;
    if (!camel.test(name)) problem(place, `"${name}" is not a usable name (camelCase, at most 48 characters)`);
    const { attempts = attemptsDefault, timeoutSeconds = timeoutSecondsDefault, work, run } = definition;
    if (work === undefined && run === undefined) problem(place, "needs `run`, `work` or both");
    if (!isWhole(attempts, 1, attemptsMax)) problem(place, `\`attempts\` is a whole number, 1 … ${attemptsMax}`);
    if (!isWhole(timeoutSeconds, 1, timeoutSecondsMax))
      problem(place, `\`timeoutSeconds\` is a whole number, 1 … ${timeoutSecondsMax}`);
    if (definition.kind === "scheduled") {
      const flaw = flawOfWhen(definition.when, definition.timezone ?? "UTC");
      if (flaw !== undefined) problem(place, flaw);
      continue;
    }
    const { on, atOnce = 1 } = definition;
    if (!isWhole(atOnce, 1, atOnceMax)) problem(place, `\`atOnce\` is a whole number, 1 … ${atOnceMax}`);
    if (listOf(on).length === 0) problem(place, "follows no event");
    for (const pattern of listOf(on))
      if (meant(pattern, types).length === 0) problem(place, `there is no event "${pattern}" (events: ${types.join(", ")})`);
  }
};

/** The jobs of a service that was checked. */
export const jobsOf = (service: ServiceDefinition): ReadonlyMap<string, JobContract> => {
  const types = typesOf(service);
  return new Map(
    Object.entries(service.jobs ?? {}).map(([name, definition]): [string, JobContract] => {
      const base = {
        service: service.name,
        name,
        fullName: `${service.name}.${name}`,
        doc: definition.doc,
        rowsOf: service.rowsOf ?? "environment",
        attempts: definition.attempts ?? attemptsDefault,
        timeoutMs: (definition.timeoutSeconds ?? timeoutSecondsDefault) * 1_000,
      };
      if (definition.kind === "scheduled") {
        const { kind, when, timezone = "UTC" } = definition;
        return [name, { ...base, kind, when, timezone, definition }];
      }
      const { kind, on, from, atOnce = 1 } = definition;
      const wanted = new Set(listOf(on).flatMap((pattern) => meant(pattern, types)));
      return [name, { ...base, kind, types: wanted, fromBeginning: from === "beginning", atOnce, definition }];
    }),
  );
};
