// Times of a log, in this machine's time zone. What has been written for a second is kept as long as it lasts.

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** Apache's time without its brackets. */
export const COMMON_TIME = "%d/%b/%Y:%H:%M:%S %z";

/**
 * Writes times as strftime does, in English: `%a %A %b %B %d %D %e %F %H %I %j %m %M %n %p %R %s %S %t %T %y %Y %z %%`.
 * Gives undefined for a format with another directive.
 */
export function timeFormat(format: string): ((time: number) => string) | undefined {
  if (format.replace(/%[aAbBdDeFhHIjmMnpRsStTyYz%]/g, "").includes("%")) return undefined;
  let second = Number.NaN;
  let text = "";
  return (time) => {
    const now = Math.floor(time / 1_000);
    if (now !== second) {
      const date = new Date(now * 1_000);
      text = format.replace(/%(.)/gs, (_directive, letter: string) => partOf(date, letter));
      second = now;
    }
    return text;
  };
}

function partOf(date: Date, letter: string): string {
  switch (letter) {
    case "a":
      return (DAYS[date.getDay()] ?? "").slice(0, 3);
    case "A":
      return DAYS[date.getDay()] ?? "";
    case "b":
    case "h":
      return (MONTHS[date.getMonth()] ?? "").slice(0, 3);
    case "B":
      return MONTHS[date.getMonth()] ?? "";
    case "d":
      return two(date.getDate());
    case "D":
      return `${two(date.getMonth() + 1)}/${two(date.getDate())}/${two(date.getFullYear() % 100)}`;
    case "e":
      return String(date.getDate()).padStart(2, " ");
    case "F":
      return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    case "H":
      return two(date.getHours());
    case "I":
      return two(date.getHours() % 12 || 12);
    case "j":
      return String(dayOfYear(date)).padStart(3, "0");
    case "m":
      return two(date.getMonth() + 1);
    case "M":
      return two(date.getMinutes());
    case "n":
      return "\n";
    case "p":
      return date.getHours() < 12 ? "AM" : "PM";
    case "R":
      return `${two(date.getHours())}:${two(date.getMinutes())}`;
    case "s":
      return String(Math.floor(date.getTime() / 1_000));
    case "S":
      return two(date.getSeconds());
    case "t":
      return "\t";
    case "T":
      return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
    case "y":
      return two(date.getFullYear() % 100);
    case "Y":
      return String(date.getFullYear());
    case "z":
      return zone(date);
    default:
      return "%";
  }
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function dayOfYear(date: Date): number {
  const day = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return (day - Date.UTC(date.getFullYear(), 0, 0)) / 86_400_000;
}

function zone(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(distance / 60))}${two(distance % 60)}`;
}
