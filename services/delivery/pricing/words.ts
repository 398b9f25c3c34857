/** What lines of a price are called, by language. `{subject}` stands for the container. */

const kinds = [
  "container",
  "custom",
  "seal",
  "sturdy",
  "labour",
  "handling",
  "label",
  "carriage",
  "fuel",
  "remote",
  "oversize",
  "cashOnDelivery",
  "insurance",
  "tax",
] as const;

type Kind = (typeof kinds)[number];

/** In the order of `kinds`. */
const words: Readonly<Record<string, readonly string[]>> = {
  en: "Packaging {subject}|Box made to measure|Seal {subject}|Sturdy packaging|Packing of a parcel|Handling of a piece|Label|Carriage|Fuel surcharge|Remote area|Oversize|Cash on delivery|Insurance|Tax".split(
    "|",
  ),
  de: "Verpackung {subject}|Karton nach Maß|Polsterung {subject}|Verstärkte Verpackung|Packen eines Pakets|Handhabung eines Stücks|Etikett|Beförderung|Treibstoffzuschlag|Abgelegenes Gebiet|Sperrgut|Nachnahme|Versicherung|Steuer".split(
    "|",
  ),
  fr: "Emballage {subject}|Boîte sur mesure|Calage {subject}|Emballage renforcé|Emballage d’un colis|Manutention d’un article|Étiquette|Transport|Surcharge carburant|Zone éloignée|Hors gabarit|Contre remboursement|Assurance|Taxe".split(
    "|",
  ),
  es: "Embalaje {subject}|Caja a medida|Relleno {subject}|Embalaje reforzado|Empaquetado de un bulto|Manipulación de una pieza|Etiqueta|Transporte|Recargo por combustible|Zona remota|Sobredimensión|Contra reembolso|Seguro|Impuesto".split(
    "|",
  ),
  bg: "Опаковка {subject}|Кутия по мярка|Уплътнение {subject}|Усилена опаковка|Опаковане на пратка|Обработка на артикул|Етикет|Превоз|Добавка за гориво|Отдалечен район|Извънгабаритна пратка|Наложен платеж|Застраховка|Данък".split(
    "|",
  ),
  ru: "Упаковка {subject}|Короб по размеру|Уплотнение {subject}|Усиленная упаковка|Упаковка посылки|Обработка предмета|Этикетка|Перевозка|Топливная надбавка|Удалённый район|Негабарит|Наложенный платёж|Страхование|Налог".split(
    "|",
  ),
  hu: "Csomagolás {subject}|Méretre készült doboz|Térkitöltő {subject}|Erősített csomagolás|Csomag összeállítása|Darab kezelése|Címke|Szállítás|Üzemanyag-felár|Távoli terület|Túlméret|Utánvét|Biztosítás|Adó".split(
    "|",
  ),
};

/** Seals by their numbers, from 1: none, bubble wrap, filler. */
const seals: Readonly<Record<string, readonly string[]>> = {
  en: ["No seal", "Bubble wrap", "Filler"],
  de: ["Ohne Polsterung", "Luftpolsterfolie", "Füllmaterial"],
  fr: ["Sans calage", "Film à bulles", "Matériau de calage"],
  es: ["Sin relleno", "Plástico de burbujas", "Material de relleno"],
  bg: ["Без уплътнение", "Въздушно-мехурчесто фолио", "Пълнеж"],
  ru: ["Без уплотнения", "Пузырчатая плёнка", "Наполнитель"],
  hu: ["Térkitöltés nélkül", "Buborékfólia", "Térkitöltő anyag"],
};

const isKind = (kind: string): kind is Kind => (kinds as readonly string[]).includes(kind);

/** A line in words, such as "Bubble wrap" or "Packaging carton-02"; in English where the language has none. An unknown kind is called by itself. */
export const lineWords = (
  locale: string,
  { kind, subject }: { readonly kind: string; readonly subject: string | null },
): string => {
  if (!isKind(kind)) return kind;
  const language = locale.split("-")[0] ?? "en";
  const seal = kind === "seal" ? (seals[language] ?? seals["en"])?.[Number(subject) - 1] : undefined;
  if (seal !== undefined) return seal;
  const list = words[language] ?? words["en"];
  return (list?.[kinds.indexOf(kind)] ?? kind).replace("{subject}", subject ?? "").trim();
};
