/** Programs of this machine that tests need: clients of SOAP in other languages. Where one is missing, its tests are left out by name. */
import { test } from "bun:test";

export interface Program {
  /** For the name of a test that is left out. */
  readonly name: string;
  readonly commands: readonly string[];
  /** A command that ends well where what they need is there too. */
  readonly probe?: readonly string[];
}

export const programs = {
  zeep: {
    name: "Python's zeep (Debian: python3-zeep)",
    commands: ["/usr/bin/python3"],
    probe: ["/usr/bin/python3", "-c", "import zeep"],
  },
  php: {
    name: "PHP's SoapClient (Debian: php-cli, php-soap)",
    commands: ["php"],
    probe: ["php", "-r", "exit(class_exists('SoapClient') ? 0 : 1);"],
  },
  gsoap: {
    name: "gSOAP and gcc (Debian: gsoap, libgsoap-dev, gcc)",
    commands: ["wsdl2h", "soapcpp2", "gcc"],
    probe: ["test", "-e", "/usr/include/stdsoap2.h"],
  },
  mono: { name: "Mono's wsdl and mcs (Debian: mono-mcs, mono-devel)", commands: ["wsdl", "mcs", "mono"] },
} as const satisfies Record<string, Program>;

const isThere = ({ commands, probe }: Program): boolean =>
  commands.every((command) => Bun.which(command) !== null) &&
  (probe === undefined || Bun.spawnSync([...probe], { stdout: "ignore", stderr: "ignore" }).exitCode === 0);

/** `test`, left out by name where this machine lacks the program. */
export const programTest = (program: Program, name: string, body: () => Promise<unknown>, timeoutMs?: number): void => {
  if (isThere(program)) test(name, body, timeoutMs);
  else test.skip(`${name} (needs ${program.name})`, () => undefined);
};

/** Runs a command to its end; what it printed. Throws with all of it where it fails. */
export const run = async (command: readonly string[], options: { readonly cwd?: string } = {}): Promise<string> => {
  const child = Bun.spawn([...command], { ...options, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command.join(" ").slice(0, 300)} ended with ${code}\n${out}\n${err}`);
  return out;
};
