/** Forty goods of a made-up shop. Sides in 0.1 mm, weight in g, price in minor units. */

export interface SampleGoods {
  readonly sku: string;
  readonly name: string;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly weight: number;
  readonly price: number;
  readonly vatRate: string;
  /** Nothing heavier than itself may rest on it. */
  readonly fragile?: true;
  /** Its height stays upright. */
  readonly isUpright?: true;
}

type Flag = "fragile" | "upright";
/** Sides in mm. */
type Row = readonly [
  sku: string,
  name: string,
  sides: readonly [number, number, number],
  weight: number,
  price: number,
  ...flags: Flag[],
];

const rows: readonly Row[] = [
  ["CARD-01", "Greeting card", [130, 100, 1], 100, 250],
  ["SOAP-01", "Soap box", [133, 100, 79], 575, 990],
  ["MUG-01", "Stoneware mug", [120, 90, 100], 340, 1290, "fragile"],
  ["MUG-02", "Pair of espresso cups", [150, 80, 70], 290, 1890, "fragile"],
  ["BOOK-01", "Novel, paperback", [190, 125, 28], 310, 1199],
  ["BOOK-02", "Atlas, hardcover", [340, 250, 35], 2150, 4990],
  ["BOOK-03", "Cookery book", [270, 200, 30], 1180, 2990],
  ["LAMP-01", "Desk lamp", [420, 190, 160], 1850, 5490, "fragile"],
  ["LAMP-02", "Night light", [110, 110, 130], 260, 1990, "fragile"],
  ["TEA-01", "Tin of tea", [80, 80, 140], 180, 890],
  ["TEA-02", "Teapot", [230, 150, 160], 920, 3490, "fragile", "upright"],
  ["COFF-01", "Coffee beans, 1 kg", [110, 75, 290], 1020, 1690],
  ["COFF-02", "Coffee mill", [200, 120, 240], 1340, 6990],
  ["PEN-01", "Fountain pen", [170, 60, 30], 95, 4990],
  ["PEN-02", "Box of pencils", [185, 90, 15], 140, 590],
  ["NOTE-01", "Notebook", [210, 148, 14], 280, 790],
  ["GAME-01", "Board game", [295, 295, 70], 1450, 3990],
  ["GAME-02", "Pack of cards", [92, 65, 20], 105, 690],
  ["PUZZ-01", "Jigsaw puzzle", [370, 270, 55], 840, 1790],
  ["TOY-01", "Wooden train", [260, 90, 80], 620, 2490],
  ["TOY-02", "Soft bear", [300, 220, 180], 410, 2190],
  ["BALL-01", "Football, inflated", [225, 225, 225], 450, 2990],
  ["SHOE-01", "Walking shoes", [330, 210, 120], 1240, 8990],
  ["SHIRT-01", "Shirt", [300, 220, 30], 260, 3490],
  ["COAT-01", "Rain coat", [380, 290, 60], 780, 9990],
  ["SCARF-01", "Scarf", [250, 180, 45], 190, 2490],
  ["TOWEL-01", "Bath towel", [340, 240, 70], 650, 1990],
  ["PAN-01", "Frying pan", [480, 290, 90], 1720, 4490],
  ["POT-01", "Cooking pot", [310, 270, 180], 2380, 5990],
  ["KNIFE-01", "Kitchen knife", [330, 60, 30], 210, 3990],
  ["GLASS-01", "Six wine glasses", [290, 200, 230], 1380, 3290, "fragile", "upright"],
  ["VASE-01", "Glass vase", [180, 180, 330], 1650, 3990, "fragile", "upright"],
  ["PLANT-01", "Potted cactus", [120, 120, 190], 740, 1490, "fragile", "upright"],
  ["TOOL-01", "Screwdriver set", [230, 150, 45], 690, 2290],
  ["TOOL-02", "Cordless drill", [310, 250, 110], 2250, 9490],
  ["TOOL-03", "Folding ladder", [1180, 420, 110], 9800, 8990],
  ["AUDIO-01", "Headphones", [210, 190, 90], 520, 7990],
  ["AUDIO-02", "Loudspeaker", [280, 220, 360], 4700, 15900, "fragile"],
  ["CHAIR-01", "Folding chair", [820, 460, 90], 4100, 5990],
  ["SHELF-01", "Shelf, flat pack", [1240, 320, 140], 14600, 7490],
];

export const goods: readonly SampleGoods[] = rows.map(([sku, name, [length, width, height], weight, price, ...flags]) => ({
  sku,
  name,
  length: length * 10,
  width: width * 10,
  height: height * 10,
  weight,
  price,
  vatRate: "20%",
  ...(flags.includes("fragile") ? { fragile: true as const } : {}),
  ...(flags.includes("upright") ? { isUpright: true as const } : {}),
}));
