/**
 * Reads a YAML document and remembers in which line everything stands. Only what JSON has is taken: no anchors, aliases or tags; no key twice; bounded in
 * size and depth.
 *
 *   const { value, lineOf } = readDocument("plans:\n  - name: free\n");
 *   value                            → { plans: [{ name: "free" }] }
 *   lineOf(["plans", 0, "name"])     → 2
 */
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";
import { CommandError } from "../exit-code.ts";

export type Path = readonly (string | number)[];

export interface ReadDocument {
  readonly value: unknown;
  /** The line of what stands at a path, or of the nearest thing around it; from 1. */
  lineOf(path: Path): number;
}

const lengthMax = 1_048_576;
const depthMax = 32;
/** Tags that say what a plain value is anyway. */
const plainTags = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;

const flawOf = (node: Node): string | undefined => {
  if (isAlias(node)) return "an alias (*name) is not taken";
  if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) return "an anchor (&name) is not taken";
  if (node.tag !== undefined && !plainTags.test(node.tag)) return `the tag ${node.tag} is not taken`;
  return undefined;
};

/** Parses `text`; `name` is what the document is called in messages. Throws `CommandError` "usage" with the line. */
export const readDocument = (text: string, name: string): ReadDocument => {
  const at = (line: number, message: string): CommandError => new CommandError("usage", `${name}:${line}: ${message}`);
  if (text.length > lengthMax) throw new CommandError("usage", `${name} is larger than ${lengthMax} characters`);
  const lines = new LineCounter();
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  let document: ReturnType<typeof parseDocument>;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      version: "1.2",
      schema: "core",
      uniqueKeys: true,
      stringKeys: true,
      prettyErrors: false,
    });
  } catch {
    // Nested so deeply that the stack of the parser ended.
    throw new CommandError("usage", `${name} is nested too deeply`);
  }
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw at(lineAt(problem.pos[0]), problem.message);
  visit(document, {
    Node: (_, node, ancestors) => {
      const line = lineAt(node.range?.[0] ?? 0);
      if (ancestors.length > depthMax * 2) throw at(line, `is nested deeper than ${depthMax}`);
      const flaw = flawOf(node);
      if (flaw !== undefined) throw at(line, flaw);
    },
  });
  const lineOf = (path: Path): number => {
    let node: unknown = document.contents;
    let line = 1;
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
        if (pair === undefined) break;
        if (isScalar(pair.key)) line = lineAt(pair.key.range?.[0] ?? 0);
        node = pair.value;
      } else if (isSeq(node)) {
        const item: unknown = node.items[Number(step)];
        if (!isNode(item)) break;
        line = lineAt(item.range?.[0] ?? 0);
        node = item;
      } else break;
    }
    return line;
  };
  return { value: document.toJS() as unknown, lineOf };
};
