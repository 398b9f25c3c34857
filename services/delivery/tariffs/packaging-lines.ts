/** What packing and marking cost: containers, seal, sturdy packaging, labour, labels. */
import type { GrossParcel, Wrapping } from "./parcels.ts";
import type { Line } from "./rating.ts";
import type { Packaging } from "./tariff.ts";

const line = (code: string, price: number, quantity: number, subject?: string): Line => ({
  code,
  group: "packaging",
  description: `delivery.line.${code}`,
  ...(subject === undefined ? {} : { subject }),
  quantity,
  price,
  amount: price * quantity,
});

export const packagingLines = (packaging: Packaging, parcels: readonly GrossParcel[], wrapping: Wrapping): readonly Line[] => {
  const lines: Line[] = [];
  const inContainers = new Set(parcels.map(({ container }) => container));
  for (const container of inContainers) {
    const count = parcels.filter((parcel) => parcel.container === container).length;
    if (container === undefined) lines.push(line("custom", packaging.custom.price, count));
    else lines.push(line("container", container.price, count, container.id));
  }
  const seal = packaging.seals.find(({ type }) => type === wrapping.seal);
  if (seal !== undefined) lines.push(line("seal", seal.price, parcels.length, String(seal.type)));
  if (wrapping.sturdy) lines.push(line("sturdy", packaging.sturdy.price, parcels.length));
  const items = parcels.reduce((sum, parcel) => sum + parcel.items, 0);
  return [
    ...lines,
    line("labour", packaging.labour.perParcel, parcels.length),
    line("handling", packaging.labour.perItem, items),
    line("label", packaging.label, parcels.length),
  ];
};
