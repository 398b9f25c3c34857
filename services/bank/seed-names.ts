/** Names for demo customers: by country, with the language and the calling code that go with it. None is a real person's. */

export interface Locality {
  readonly country: string;
  readonly language: string;
  readonly callingCode: string;
  readonly given: readonly string[];
  readonly family: readonly string[];
  /** Written family name first. */
  readonly familyFirst?: true;
  readonly companies: readonly string[];
}

export const localities: readonly Locality[] = [
  {
    country: "DE",
    language: "de",
    callingCode: "49",
    given: ["Anna", "Jürgen", "Käthe", "Lukas", "Marie", "Thomas"],
    family: ["Bäcker", "Fischer", "Großmann", "Müller", "Schäfer", "Weiß"],
    companies: ["Tischlerei Großmann", "Elbkontor Handel", "Weißwerk Druck"],
  },
  {
    country: "FR",
    language: "fr",
    callingCode: "33",
    given: ["Amélie", "Benoît", "Chloé", "François", "Léa", "Rémi"],
    family: ["Bélanger", "Dupont", "Girard", "Lefèvre", "Moreau", "Noël"],
    companies: ["Boulangerie Noël", "Atelier Lefèvre", "Transports Girard"],
  },
  {
    country: "ES",
    language: "es",
    callingCode: "34",
    given: ["Álvaro", "Begoña", "Inés", "Íñigo", "Marta", "Raúl"],
    family: ["Castaño", "García", "Ibáñez", "López", "Muñoz", "Núñez"],
    companies: ["Talleres Ibáñez", "Viñedos Castaño", "Papelería Muñoz"],
  },
  {
    country: "BG",
    language: "bg",
    callingCode: "359",
    given: ["Георги", "Елена", "Иван", "Мария", "Николай", "Цветана"],
    family: ["Василев", "Димов", "Костов", "Петков", "Стоев", "Янков"],
    companies: ["Пекарна Здравец", "Строител Изток", "Книжарница Перо"],
  },
  {
    country: "HU",
    language: "hu",
    callingCode: "36",
    given: ["Ágnes", "Csaba", "Dóra", "Ferenc", "Tünde", "Zoltán"],
    family: ["Győri", "Kovács", "Molnár", "Szűcs", "Tóth", "Vörös"],
    familyFirst: true,
    companies: ["Molnár Malom", "Tisza Fuvar", "Szűcs Műhely"],
  },
  {
    country: "JP",
    language: "ja",
    callingCode: "81",
    given: ["愛", "健太", "さくら", "大輔", "美咲", "翔"],
    family: ["伊藤", "加藤", "佐藤", "鈴木", "田中", "山本"],
    familyFirst: true,
    companies: ["山本製作所", "桜商店", "北海運輸"],
  },
  {
    country: "GB",
    language: "en",
    callingCode: "44",
    given: ["Alice", "Daniel", "Gwen", "Oliver", "Siân", "Zoë"],
    family: ["Baker", "Hughes", "MacLeod", "O'Neill", "Pryce-Jones", "Taylor"],
    companies: ["Hughes & Daughters", "Northern Kilns", "O'Neill Joinery"],
  },
  {
    country: "US",
    language: "en",
    callingCode: "1",
    given: ["Ava", "Ethan", "Grace", "Liam", "Mia", "Noah"],
    family: ["Anderson", "Brooks", "Carter", "Nguyen", "Ramirez", "Young"],
    companies: ["Brooks Hardware", "Lakeside Logistics", "Carter & Young"],
  },
];
