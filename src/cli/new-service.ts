/** The files that `pons new` writes: a service small enough to be read in a minute, with one of most things a definition can say. */

export interface NewService {
  /** Small letters and digits: the first part of addresses. */
  readonly name: string;
  /** What the folder is called on the command line. */
  readonly folder: string;
  /** The module `pons` from the folder, for the editor's type check. */
  readonly entry: string;
  /** The folder of Pons's dependencies, for the types of the runtime. */
  readonly modules: string;
}

const title = (name: string): string => `${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;

const definition = ({
  name,
}: NewService): string => `/** ${title(name)}: tasks that members of a team work off. Change it into what you need. */
import { and, eq, lt, ne, resource, type ResourceDefinition, service, t } from "pons";

const fields = {
  id: t.id("tsk"),
  title: t.string({ minLength: 1, maxLength: 200, example: "Order paper" }),
  notes: t.text({ optional: true, maxLength: 2000 }),
  due: t.date({ optional: true, index: true, example: "2030-01-31" }),
  status: t.enum(["open", "done"], { default: "open", write: "never", index: true }),
  createdAt: t.dateTime({ set: "created" }),
};

const tasks: ResourceDefinition<"tasks", typeof fields> = resource(
  "tasks",
  { doc: "Something to be done.", fields },
  ({ all, filter, count, command }) => ({
    // Who sees which rows; without an entry a role sees none.
    rows: { member: all },
    // Who may change them.
    access: { create: ["member"], update: ["member"], delete: ["member"] },
    sortBy: "createdAt.desc",
    // GET /tasks?filters=overdue(today:2030-02-01)
    filters: {
      overdue: filter({ today: t.date() }, (row, { today }) => and(ne(row.status, "done"), lt(row.due, today))),
      open: filter((row) => eq(row.status, "open")),
    },
    // GET /tasks/stats/byStatus
    stats: { byStatus: { doc: "How many there are.", group: ["status"], measures: { tasks: count() } } },
    // POST /tasks/{id}/finish
    functions: {
      finish: command({
        on: "item",
        doc: "Marks a task as done.",
        roles: ["member"],
        refusals: { task_done: { status: 409, doc: "The task is done already." } },
        run: (ctx, { row }) =>
          row.status === "done" ? ctx.refuse("task_done") : ctx.table(tasks).update(row.id, { status: "done" }),
      }),
    },
  }),
);

export default service("${name}", {
  title: "${title(name)}",
  doc: "Tasks of a team.",
  version: "v1",
  roles: { member: "Someone of the team." },
  resources: [tasks],
  // Called once, in development, for an environment without rows.
  seed: async function* (seeder) {
    const titles = ["Order paper", "Water the plants", "Call the accountant"];
    await seeder.call(
      "tasks.create",
      titles.map((title) => ({ title })),
    );
    yield { done: titles.length, total: titles.length };
  },
});
`;

const readme = ({ name, folder }: NewService): string => `# ${title(name)}

A service for Pons: one resource, \`tasks\`, defined in \`index.ts\`.

\`\`\`sh
pons dev --services ${folder}
\`\`\`

starts it, prints its address and a key, and starts it again after every change. In another terminal:

\`\`\`sh
pons call ${name}.tasks.list
pons call ${name}.tasks.create --body '{"title":"Buy milk","due":"2030-01-31"}'
pons call ${name}.tasks.list --filter status=open --sortBy title
pons call ${name}.tasks.finish --id tsk_…
pons call ${name}.tasks.stats.byStatus
\`\`\`

or over HTTP: \`GET /${name}/v1/tasks\` with \`Authorization: Bearer <key>\`. The reference of all addresses is at \`/${name}/v1/docs\`.

\`pons contract lock --services ${folder}\` writes \`contract.lock\`, against which later changes are compared.
`;

const tsconfig = ({ entry, modules }: NewService): string =>
  `${JSON.stringify(
    {
      compilerOptions: {
        target: "esnext",
        lib: ["esnext"],
        module: "preserve",
        moduleResolution: "bundler",
        allowImportingTsExtensions: true,
        noEmit: true,
        skipLibCheck: true,
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        types: ["bun-types"],
        typeRoots: [modules],
        paths: { pons: [entry] },
      },
      include: ["."],
    },
    null,
    2,
  )}\n`;

/** File name → content. */
export const filesOf = (service: NewService): Readonly<Record<string, string>> => ({
  "index.ts": definition(service),
  "README.md": readme(service),
  "tsconfig.json": tsconfig(service),
});
