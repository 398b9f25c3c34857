/** `pons export`: the control plane of a tenant as the file that `pons apply` takes. */
import { stringify } from "yaml";
import { documentOf } from "../apply/exported.ts";
import { fieldsOf } from "../apply/fields.ts";
import { kindNames, kinds } from "../apply/kinds.ts";
import { readPresent } from "../apply/names.ts";
import { openPlane, planeOptions } from "../apply/opened.ts";
import { type Command, type Invocation, servicesOption } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { didYouMean } from "../nearest.ts";

const wantedKinds = ({ options }: Invocation): readonly string[] => {
  const named = options
    .texts("only")
    .flatMap((text) => text.split(","))
    .filter((text) => text !== "");
  for (const name of named)
    if (!kindNames.includes(name))
      throw new CommandError("usage", `--only is "${name}": expected some of ${kindNames.join(", ")}`, {
        advice: didYouMean(name, kindNames) ?? "See: pons help export",
      });
  return named.length === 0 ? kindNames : named;
};

export const exportPlane: Command = {
  name: "export",
  summary: "Write products, plans, policies and so on as a file for pons apply.",
  doc: [
    "Prints YAML on standard output: what is not the usual of each row, with names in place of ids. Applied to the same tenant it changes nothing; applied to another one it makes the same there. People, keys, subscriptions and apps of developers are not in it.",
  ],
  arguments: [],
  options: {
    only: { type: "string", value: "<kinds>", multiple: true, doc: `Some of ${kindNames.join(", ")}, with commas between them.` },
    ...planeOptions,
    ...servicesOption,
  },
  examples: ["pons export --tenant acme > platform.yaml", "pons export --only plans,policies"],
  async run(invocation) {
    const { output } = invocation;
    const names = wantedKinds(invocation);
    const opened = await openPlane(invocation, "cli");
    await using plane = opened.plane;
    const { contract } = opened;
    const shown = kinds.filter((kind) => names.includes(kind.name) && fieldsOf(contract, kind) !== undefined);
    const document = documentOf(contract, shown, await readPresent(plane, shown));
    const said = Object.fromEntries(Object.entries(document).filter(([, items]) => (items as readonly unknown[]).length > 0));
    output.result(said, Object.keys(said).length === 0 ? "{}\n" : stringify(said, { lineWidth: 0 }));
    return exitCodes.ok.code;
  },
};
