/** What the channel itself says, in the languages of the platform; tools and their descriptions are the definition's. */
export interface Texts {
  /** Above what would be done. */
  readonly question: string;
  /** Label of the box that a person ticks. */
  readonly agree: string;
  /** To the model: how to go on. `{name}`: of the argument; `{minutes}`. */
  readonly next: string;
  /** The token does not hold. */
  readonly stale: string;
  /** Somebody said no. */
  readonly declined: string;
  /** Behind an amount whose currency is not known. */
  readonly minorUnits: string;
}

const texts: Readonly<Record<string, Texts>> = {
  en: {
    question: "Nothing has been done yet. This is about to be done:",
    agree: "Yes, do this",
    next: "Show this to the person you act for. If they agree, call the tool again with the same arguments and `{name}` set to the token, within {minutes} minutes.",
    stale: "The confirmation is over, or was made for another call. Leave it out to get a new one.",
    declined: "It was not agreed to; nothing was done.",
    minorUnits: "minor units",
  },
  de: {
    question: "Noch ist nichts geschehen. Dies soll getan werden:",
    agree: "Ja, tun",
    next: "Zeigen Sie dies der Person, für die Sie handeln. Stimmt sie zu, rufen Sie das Werkzeug mit denselben Argumenten und dem Token als `{name}` noch einmal auf, binnen {minutes} Minuten.",
    stale: "Die Bestätigung ist abgelaufen oder gilt für einen anderen Aufruf. Ohne sie gibt es eine neue.",
    declined: "Es wurde nicht zugestimmt; nichts ist geschehen.",
    minorUnits: "kleinste Einheiten",
  },
  fr: {
    question: "Rien n’a encore été fait. Voici ce qui va être fait :",
    agree: "Oui, le faire",
    next: "Montrez ceci à la personne pour qui vous agissez. Si elle est d’accord, appelez de nouveau l’outil avec les mêmes arguments et le jeton comme `{name}`, dans les {minutes} minutes.",
    stale: "La confirmation a expiré ou concerne un autre appel. Omettez-la pour en obtenir une nouvelle.",
    declined: "L’accord n’a pas été donné ; rien n’a été fait.",
    minorUnits: "unités mineures",
  },
  es: {
    question: "Todavía no se ha hecho nada. Esto es lo que se va a hacer:",
    agree: "Sí, hacerlo",
    next: "Muestre esto a la persona por la que actúa. Si está de acuerdo, llame otra vez a la herramienta con los mismos argumentos y el token como `{name}`, en {minutes} minutos.",
    stale: "La confirmación ha caducado o es de otra llamada. Omítala para obtener una nueva.",
    declined: "No se dio el acuerdo; no se ha hecho nada.",
    minorUnits: "unidades menores",
  },
  bg: {
    question: "Още нищо не е направено. Ще бъде направено следното:",
    agree: "Да, направи го",
    next: "Покажете това на човека, от чието име действате. Ако е съгласен, извикайте инструмента отново със същите аргументи и токена като `{name}`, до {minutes} минути.",
    stale: "Потвърждението е изтекло или е за друго извикване. Пропуснете го, за да получите ново.",
    declined: "Нямаше съгласие; нищо не е направено.",
    minorUnits: "най-малки единици",
  },
  ru: {
    question: "Пока ничего не сделано. Будет сделано следующее:",
    agree: "Да, сделать",
    next: "Покажите это человеку, от имени которого вы действуете. Если он согласен, вызовите инструмент ещё раз с теми же аргументами и токеном в `{name}`, в течение {minutes} минут.",
    stale: "Подтверждение истекло или выдано для другого вызова. Не указывайте его, чтобы получить новое.",
    declined: "Согласия не было; ничего не сделано.",
    minorUnits: "минимальных единиц",
  },
  hu: {
    question: "Még semmi sem történt. Ez fog történni:",
    agree: "Igen, történjen meg",
    next: "Mutassa meg ezt annak, akinek a nevében eljár. Ha egyetért, hívja meg újra az eszközt ugyanazokkal az argumentumokkal és a tokennel mint `{name}`, {minutes} percen belül.",
    stale: "A megerősítés lejárt, vagy más híváshoz tartozik. Hagyja el, hogy újat kapjon.",
    declined: "Nem volt beleegyezés; semmi sem történt.",
    minorUnits: "legkisebb egység",
  },
};

/** The texts of a language, or of the nearest that has some. */
export const textsOf = (locale: string): Texts => {
  const [language = ""] = locale.toLowerCase().split("-");
  const found = Object.hasOwn(texts, language) ? texts[language] : undefined;
  return found ?? (texts["en"] as Texts);
};
