/** The benchmark of packing from beginning to end; what it asks and how is told in README.md beside it. */
import { figure, type Report, table } from "../harness/report.ts";
import { summarize } from "../harness/statistics.ts";
import type { TopicOptions } from "../harness/topic-run.ts";
import { type Line, verdictLine } from "../harness/verdict.ts";
import { type CaseName, caseNames, fullPlan, quickPlan } from "./cases.ts";
import { type ContainerFigures, measureContainers, measureOrders, type OrderFigures } from "./measure.ts";
import { peerFill } from "./peer.ts";
import { containerTargets, orderTargets } from "./targets.ts";

interface Everything {
  readonly seconds: readonly number[];
  /** By the support asked for. */
  readonly containers: readonly { readonly support: 0 | 1; readonly figures: readonly ContainerFigures[] }[];
  readonly orders: readonly OrderFigures[];
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export async function run({ report, quick, cases, peers }: TopicOptions): Promise<Everything> {
  const unknown = cases?.filter((name) => !(caseNames as readonly string[]).includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`no cases ${unknown.join(", ")}: there are ${caseNames.join(", ")}`);
  const has = (name: CaseName) => cases === undefined || cases.includes(name);
  const plan = quick ? quickPlan : fullPlan;
  if (quick) report.add("**A quick run: it shows that everything works, its figures are no result.**");
  report.add(
    `One thread; times are processor time of the process. Every answer passed the independent validator. ${plan.instances} of the 100 instances of each class, evenly.`,
  );
  const peer = peers === undefined || peers.includes("binpackingjs") ? await peerFill() : undefined;
  const containers: { support: 0 | 1; figures: ContainerFigures[] }[] = [];
  for (const [name, support] of [
    ["container", 0],
    ["supported", 1],
  ] as const) {
    if (!has(name)) continue;
    const figures = await measureContainers({ ...plan, support, peer: support === 0 ? peer : undefined });
    containers.push({ support, figures });
    reportContainers(report, { support, figures, seconds: plan.seconds });
  }
  const orders = has("orders") ? measureOrders(plan.orders) : [];
  if (orders.length > 0) reportOrders(report, orders);
  const everything = { seconds: plan.seconds, containers, orders };
  report.add("### Targets");
  report.add(table(["target", "wanted", "measured", "verdict"], verdicts(everything)));
  return everything;
}

function reportContainers(
  report: Report,
  {
    support,
    figures,
    seconds,
  }: { readonly support: 0 | 1; readonly figures: readonly ContainerFigures[]; readonly seconds: readonly number[] },
): void {
  report.add(support === 0 ? "### One container" : "### One container, every base wholly supported");
  const withPeer = figures.some(({ peer }) => peer !== undefined);
  const lines = figures.map(({ className, fills, peer }) => [
    className,
    ...fills.map(percent),
    ...(peer === undefined ? [] : [percent(peer.fill), figure(peer.seconds)]),
  ]);
  const last = ["mean", ...seconds.map((_, at) => percent(mean(figures.map(({ fills }) => fills[at] ?? Number.NaN))))];
  if (withPeer) {
    last.push(
      percent(mean(figures.map(({ peer }) => peer?.fill ?? Number.NaN))),
      figure(mean(figures.map(({ peer }) => peer?.seconds ?? Number.NaN))),
    );
  }
  const head = ["class", ...seconds.map((each) => `filled in ${each} s`), ...(withPeer ? ["binpackingjs", "its seconds"] : [])];
  report.add(table(head, [...lines, last]));
}

function reportOrders(report: Report, orders: readonly OrderFigures[]): void {
  report.add("### Orders in a box made to measure");
  report.add(
    table(
      ["draw", "pieces", "orders", "mean fill", "median ms", "95 % within ms"],
      orders.map(({ draw, pieces, count, fill, medianMs, p95Ms }) => [
        draw,
        pieces,
        String(count),
        count === 0 ? "–" : percent(fill),
        figure(medianMs),
        figure(p95Ms),
      ]),
    ),
  );
}

function verdicts({ seconds, containers, orders }: Everything): Line[] {
  const [shop] = orders;
  const measured = (value: number | undefined) => summarize(value === undefined ? [] : [value]);
  return [
    ...containerTargets.map(({ seconds: each, support, atLeast }) => {
      const figures = containers.find((of) => of.support === support)?.figures;
      const at = seconds.indexOf(each);
      const value = figures === undefined || at < 0 ? undefined : mean(figures.map(({ fills }) => fills[at] ?? Number.NaN));
      const title = `BR1–7 filled in ${each} s, ${support === 0 ? "no rule of support" : "full support"}`;
      return verdictLine(title, measured(value), { atLeast });
    }),
    verdictLine("orders of a shop, mean fill", measured(shop?.fill), orderTargets.fill),
    verdictLine("orders of a shop, median ms", measured(shop?.medianMs), orderTargets.medianMs),
    verdictLine("orders of a shop, 95 % within ms", measured(shop?.p95Ms), orderTargets.p95Ms),
  ];
}
