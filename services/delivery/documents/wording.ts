/** Words of printed documents, and how amounts and measures are written on them. */
import { exponentOf } from "pons";

/** In the order of `tags`. */
const words = {
  from: ["From", "От", "Von", "De", "De", "Feladó", "От кого"],
  to: ["To", "До", "An", "A", "À", "Címzett", "Кому"],
  order: ["Order", "Поръчка", "Bestellung", "Pedido", "Commande", "Rendelés", "Заказ"],
  parcel: ["Parcel", "Пратка", "Paket", "Bulto", "Colis", "Csomag", "Посылка"],
  parcels: ["Parcels", "Пратки", "Pakete", "Bultos", "Colis", "Csomag", "Мест"],
  of: ["of", "от", "von", "de", "sur", "/", "из"],
  weight: ["Weight", "Тегло", "Gewicht", "Peso", "Poids", "Súly", "Вес"],
  sides: ["Sides", "Размери", "Maße", "Medidas", "Dimensions", "Méretek", "Размеры"],
  collect: ["COLLECT", "ЗА СЪБИРАНЕ", "NACHNAHME", "COBRAR", "À ENCAISSER", "BESZEDENDŐ", "К ПОЛУЧЕНИЮ"],
  toCollect: ["To collect", "За събиране", "Nachnahme", "A cobrar", "À encaisser", "Utánvét", "К получению"],
  declared: ["Declared", "Обявена", "Wert", "Declarado", "Déclarée", "Érték", "Ценность"],
  fragile: ["FRAGILE", "ЧУПЛИВО", "ZERBRECHLICH", "FRÁGIL", "FRAGILE", "TÖRÉKENY", "ХРУПКОЕ"],
  actTitle: [
    "Hand-over act",
    "Приемо-предавателен протокол",
    "Übergabeprotokoll",
    "Acta de entrega",
    "Procès-verbal de remise",
    "Átadás-átvételi jegyzőkönyv",
    "Акт приёма-передачи",
  ],
  slipTitle: ["Packing slip", "Опаковъчен лист", "Packzettel", "Albarán", "Bon de colisage", "Csomagjegyzék", "Упаковочный лист"],
  date: ["Date", "Дата", "Datum", "Fecha", "Date", "Dátum", "Дата"],
  handsOver: ["Handed over by", "Предал", "Übergeben von", "Entregado por", "Remis par", "Átadta", "Сдал"],
  takesOver: ["Taken over by", "Приел", "Übernommen von", "Recibido por", "Reçu par", "Átvette", "Принял"],
  number: ["No.", "№", "Nr.", "N.º", "N°", "Sz.", "№"],
  tracking: [
    "Tracking number",
    "Номер за проследяване",
    "Sendungsnummer",
    "N.º de seguimiento",
    "Numéro de suivi",
    "Nyomkövetési szám",
    "Номер отслеживания",
  ],
  recipient: ["Recipient", "Получател", "Empfänger", "Destinatario", "Destinataire", "Címzett", "Получатель"],
  total: ["Total", "Общо", "Summe", "Total", "Total", "Összesen", "Итого"],
  page: ["Page", "Страница", "Seite", "Página", "Page", "Oldal", "Страница"],
  signature: [
    "Signature, name, date",
    "Подпис, име, дата",
    "Unterschrift, Name, Datum",
    "Firma, nombre, fecha",
    "Signature, nom, date",
    "Aláírás, név, dátum",
    "Подпись, имя, дата",
  ],
  article: ["Article", "Артикул", "Artikel", "Artículo", "Article", "Cikk", "Артикул"],
  name: ["Name", "Наименование", "Bezeichnung", "Nombre", "Désignation", "Megnevezés", "Наименование"],
  quantity: ["Quantity", "Брой", "Anzahl", "Cantidad", "Quantité", "Darab", "Кол-во"],
  comment: ["Comment", "Бележка", "Anmerkung", "Observación", "Remarque", "Megjegyzés", "Примечание"],
  step: ["Step", "Стъпка", "Schritt", "Paso", "Étape", "Lépés", "Шаг"],
} as const;

const tags = ["en", "bg", "de", "es", "fr", "hu", "ru"] as const;

export type DocumentWords = Readonly<Record<keyof typeof words, string>>;

const wordsAt = (index: number): DocumentWords =>
  Object.fromEntries(Object.entries(words).map(([name, texts]) => [name, texts[index] ?? texts[0]])) as DocumentWords;

const byTag: ReadonlyMap<string, DocumentWords> = new Map(tags.map((tag, index) => [tag, wordsAt(index)]));

export const englishWords: DocumentWords = wordsAt(0);

/** The words of a language (BCP 47); English where it is none of ours. */
export const wordsFor = (locale: string): DocumentWords => byTag.get(locale.split("-")[0] ?? "") ?? englishWords;

/** Minor units as a decimal: `amountText(-5, "EUR")` → "-0.05 EUR". Throws `RangeError` for an unknown currency and for no whole number. */
export const amountText = (minor: number | bigint, currency: string): string => {
  const exponent = exponentOf(currency);
  const value = BigInt(minor);
  const digits = (value < 0n ? -value : value).toString().padStart(exponent + 1, "0");
  const sign = value < 0n ? "-" : "";
  const decimal = exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
  return `${sign}${decimal} ${currency}`;
};

/** Grams: `weightText(9020)` → "9.020 kg". */
export const weightText = (grams: number): string => `${(grams / 1000).toFixed(3)} kg`;

/** 0.1 mm, rounded up to a millimetre: "305 × 205 × 155 mm". */
export const sidesText = ({
  length,
  width,
  height,
}: {
  readonly length: number;
  readonly width: number;
  readonly height: number;
}): string => `${[length, width, height].map((side) => Math.ceil(side / 10)).join(" × ")} mm`;
